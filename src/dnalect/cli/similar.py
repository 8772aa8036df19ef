"""dnalect similar genome.fa --to chrI:1,001-1,500"""

import click

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.core.tables import aligned, filled
from dnalect.jobs.similar.options import Options


@command("similar", Options)
def similar(options: Options) -> None:
    """List the windows of GENOME (FASTA) that a model finds most like a sequence, on either strand.

    \b
    dnalect similar genome.fa --to chrI:1,001-1,500 --annotate genes.gff
    dnalect similar genome.fa --to promoter.fa --index genome.npz -o hits.tsv -o hits.bed -o hits.html
    """
    from dnalect.jobs.similar.job import similar_windows

    found = similar_windows(options)
    if not options.outputs:
        click.echo(aligned(filled([found.names, *found.rows])))
    for note in found.notes:
        say(note)
