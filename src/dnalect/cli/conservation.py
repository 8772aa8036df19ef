"""dnalect conservation genome.fa relatives/ -o conservation.bw"""

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.conservation import ConservationOptions


@command("conservation", ConservationOptions)
def conservation(options: ConservationOptions) -> None:
    """How slowly each base of REFERENCE changes among its relatives in ALIGNMENT, as a bigWig.

    \b
    dnalect conservation genome.fa relatives/ -o conservation.bw
    dnalect rank scored.tsv --conservation conservation.bw -o ranked.tsv
    """
    from dnalect.jobs.conservation import conservation_track

    say(f"{conservation_track(options):,} bases in {options.output}")
