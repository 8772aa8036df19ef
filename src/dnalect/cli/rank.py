"""dnalect rank scored.tsv -o ranked.tsv --budget 50 --report ranking.html"""

import shlex
import sys

import click

from dnalect.cli import machine
from dnalect.cli.options import Finite


@click.command("rank")
@click.argument("scored")
@click.option(*machine.OUTPUT, "output", default="-", help="ranked.tsv, .parquet or - (a TSV on stdout, the default).")
@click.option("--report", help="Write an HTML page here.")
@click.option(
    "--group-by",
    metavar="BED|COLUMNS",
    help="Rank within loci: intervals of a BED, or columns of the file with commas between them, e.g. gene,region.",
)
@click.option(
    "--max-distance",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    help="With --group-by gene: a variant between genes is in no locus if the nearest TSS is farther away, in bases.",
)
@click.option("--budget", type=click.IntRange(min=1), help="How many variants to pick.")
@click.option("--cost", type=Finite(min=0), help="What one costs, for the total.")
@click.option(
    "--spread",
    type=click.Choice(["round-robin", "global"]),
    default="round-robin",
    show_default=True,
    help="round-robin: the best of every locus, then the second of every locus ...; global: by rank alone.",
)
@click.option("--weights", metavar="TOML", help="Weights, directions, values of regions, and columns to use.")
@click.option(
    "--weight",
    multiple=True,
    metavar="NAME=WEIGHT[:low|high|abs]",
    help="Weight of llr, distance, conservation, region, frequency or pip, and which values count most; 0: none.",
)
@click.option(
    "--use",
    multiple=True,
    metavar="NAME=COLUMN[:WEIGHT[:high|low|abs]]",
    help="A column of the file as evidence, e.g. the change that a fine-tuned model predicts [default: 1, abs].",
)
@click.option("--conservation", metavar="BIGWIG", help="Conservation, mean over the changed bases; high values count.")
@click.option("--annotate", metavar="GFF", help="Gene, region and distance to the nearest TSS.")
@click.option("--frequency", metavar="COLUMN", help="Column of the allele frequency [default: allele_frequency].")
@click.option("--pip", metavar="COLUMN", help="Column of fine-mapping probabilities: they multiply the odds.")
@click.option(
    "--labels", metavar="TSV", help="Your own results, for a calibration: chrom, pos, ref, alt, hit (0 or 1)."
)
@click.option("--label-column", metavar="COLUMN", help="Column of the labels [default: hit, label or effect].")
@click.option(
    "--hit-above", type=Finite(), metavar="EFFECT", help="Labels are effects, and hits from this absolute one on."
)
@click.option("--skip-labelled", is_flag=True, help="Don't pick variants that have a label.")
@click.option("--no-repeats", is_flag=True, help="Leave variants out that are flagged as lying in tandem repeats.")
@click.option("--haplotypes", metavar="VCF", help="Phased genotypes: score near variants of one haplotype jointly.")
@click.option(*machine.REFERENCE, metavar="FASTA", help="Reference, for --haplotypes.")
@click.option(*machine.MODEL, help="Model, for --haplotypes; chosen by the reference's contig lengths if not given.")
@click.option(
    "--near",
    type=click.IntRange(1, 256),
    default=64,
    show_default=True,
    help="Most bases between two neighbours of a haplotype that are scored jointly.",
)
@machine.rename
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the intervals and folds.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def command(
    scored: str,
    output: str,
    report: str | None,
    weight: tuple[str, ...],
    use: tuple[str, ...],
    quiet: bool,
    **rest: object,
) -> None:
    """Rank the variants of SCORED, what `dnalect score` wrote (VCF, TSV or Parquet), and pick some.

    \b
    dnalect rank scored.tsv -o ranked.tsv --group-by gene --budget 50 --cost 500 --report ranking.html
    dnalect rank scored.tsv -o ranked.tsv --budget 50 --labels results.tsv
    """
    from dnalect.core.errors import OutputError
    from dnalect.jobs.rank.outputs import kind_of

    try:
        kind_of(output)
    except OutputError as error:
        raise click.UsageError(str(error)) from error

    from dnalect.jobs.rank.facts import first_picks, hits_sentence
    from dnalect.jobs.rank.ranking import Options
    from dnalect.jobs.rank.run import rank_file

    typed = shlex.join(["dnalect", *sys.argv[1:]])
    options = Options(weight=weight, use=use, command=typed, quiet=quiet, **rest)  # type: ignore[arg-type]
    ranked = rank_file(scored, output, options, report)
    if quiet:
        return
    text = f"dnalect: {len(ranked.scored):,} variants, {len(ranked.picks):,} picked"
    if options.cost is not None and ranked.picks:
        text += f" for {len(ranked.picks) * options.cost:,g}"
    click.echo(text, err=True)
    for line in first_picks(ranked):
        click.echo(line, err=True)
    if ranked.calibration is not None:
        click.echo(f"dnalect: {ranked.calibration.verdict} {hits_sentence(ranked)}".rstrip(), err=True)
