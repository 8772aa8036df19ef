"""dnalect map genome.fa --annotate genes.gff -o map.html"""

from dnalect.cli.options import command, wrong_usage
from dnalect.core.errors import OutputError
from dnalect.core.reporter import say
from dnalect.jobs.map.options import Options


@command("map", Options)
def map(options: Options) -> None:
    """Draw a map of windows by a model's vectors, with clusters, beside word counts and the untrained network.

    INPUT: a genome or other FASTA, a BED, a table with a column sequence; or vectors of dnalect embed.

    \b
    dnalect map genome.fa --annotate genes.gff -o map.html -o map.png
    dnalect map labelled.csv --model duplex-yeast -o map.html -o map.h5ad
    dnalect map vectors.h5ad --reference genome.fa --colour label -o map.html
    """
    from dataclasses import replace

    from dnalect.alike.maps import verdicts
    from dnalect.api.given import as_file
    from dnalect.jobs.map.job import check_output, make_map

    with wrong_usage(OutputError):
        for output in options.outputs:
            check_output(output)
    with as_file(options.source) as path:
        found = make_map(replace(options, source=path))
    for sentence in verdicts(found):
        say(sentence)
    say(f"{len(found.vectors):,} windows by {found.pictures[0].who}: {', '.join(options.outputs)}")
