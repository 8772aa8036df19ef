"""dnalect rank scored.tsv -o ranked.tsv --budget 50 --report ranking.html"""

from dnalect.cli.options import command, wrong_usage
from dnalect.core.errors import OutputError
from dnalect.core.reporter import say
from dnalect.jobs.rank.options import Options


@command("rank", Options, quiet="Say nothing but errors.")
def rank(options: Options) -> None:
    """Rank the variants of SCORED, what `dnalect score` wrote (VCF, TSV or Parquet), and pick some.

    \b
    dnalect rank scored.tsv -o ranked.tsv --group-by gene --budget 50 --cost 500 --report ranking.html
    dnalect rank scored.tsv -o ranked.tsv --budget 50 --labels results.tsv
    """
    from dnalect.jobs.rank.outputs import kind_of

    with wrong_usage(OutputError):
        kind_of(options.output)
    from dnalect.jobs.rank.facts import first_picks, hits_sentence
    from dnalect.jobs.rank.run import rank_file

    ranked = rank_file(options)
    text = f"{len(ranked.scored):,} variants, {len(ranked.picks):,} picked"
    if options.cost is not None and ranked.picks:
        text += f" for {len(ranked.picks) * options.cost:,g}"
    say("\n".join([text, *first_picks(ranked)]))
    if ranked.calibration is not None:
        say(f"{ranked.calibration.verdict} {hits_sentence(ranked)}".rstrip())
