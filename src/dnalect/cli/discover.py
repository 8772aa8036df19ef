"""dnalect discover other.fa --like elements.bed --reference labelled.fa -o found.bed"""

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.discover.options import Options


@command("discover", Options)
def discover(options: Options) -> None:
    """Find candidates in GENOME (FASTA) that are like known elements of another genome, ranked and calibrated.

    A probe on a model's vectors learns the elements; words, GC, the untrained network and alignment stand beside it.

    \b
    dnalect discover other.fa --like promoters.bed --reference yeast.fa -o found.bed -o found.html
    dnalect discover other.fa --like promoters.bed --reference yeast.fa --known theirs.bed -o found.tsv
    """
    from dnalect.core.figures import table_of
    from dnalect.jobs.discover.job import discover_elements

    found = discover_elements(options)
    say(table_of(found.figures, 2))
    say(f"{len(found.tiles):,} candidates of {found.windows:,} windows: {', '.join(options.outputs)}")
