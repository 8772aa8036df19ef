"""dnalect link scored.tsv --annotate genes.gff.gz --contacts loops.txt.gz -o targets.tsv"""

from dnalect.cli.options import command, wrong_usage
from dnalect.core.errors import OutputError
from dnalect.core.reporter import say
from dnalect.jobs.link.options import Options


@command("link", Options, quiet="Say nothing but errors.")
def link(options: Options) -> None:
    """Name candidate target genes of the variants of SCORED: effect x contact, with what speaks for each.

    Contact is a power of the distance to a gene's start, raised by loops that join the two, lowered across the boundary
    of a domain. With --active it is activity x contact of the element, as a share of all elements around the gene.

    \b
    dnalect link scored.tsv --annotate genes.gff.gz -o targets.tsv
    dnalect link scored.tsv --annotate genes.gff.gz --contacts loops.txt.gz --domains domains.bed --picture locus.svg
    """
    from dnalect.jobs.rank.outputs import kind_of

    with wrong_usage(OutputError):
        kind_of(options.output)
    from dnalect.jobs.link.job import link_file
    from dnalect.jobs.link.outputs import first_targets

    linked = link_file(options)
    say("\n".join(first_targets(linked)))
    for note in linked.notes:
        say(note)
