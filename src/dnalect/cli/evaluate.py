"""dnalect evaluate likelihood --model duplex-yeast --reference genome.fa; dnalect evaluate worth --data DATA"""

from pathlib import Path

import click

from dnalect.cli import machine
from dnalect.cli.cases import elements, expression, pairs, saturation
from dnalect.cli.heads import heads, probe
from dnalect.cli.leaks import leaks


@click.group("evaluate")
def command() -> None:
    """Measure a model against its rivals on held-out sequence."""


command.add_command(elements)
command.add_command(expression)
command.add_command(pairs)
command.add_command(saturation)
command.add_command(heads)
command.add_command(leaks)
command.add_command(probe)


@command.command("likelihood")
@click.option(
    *machine.MODEL, "name", default="duplex-yeast", show_default=True, help="Any model: a name, a folder, OWNER/NAME."
)
@click.option(*machine.REFERENCE, required=True, help="FASTA of the genome.")
@click.option(
    "--regions",
    multiple=True,
    metavar="REGION|BED",
    help="Measure on these bases: contig, contig:start-end (1-based, ends inside), or a BED file; repeatable "
    "[default: the test regions of the model's card; of another genome all of it, or 2 Mb spread over it].",
)
@click.option(*machine.OUTPUT, "output", type=click.Path(path_type=Path), help="Also write all rows here (TSV).")
@click.option("--all-rivals", is_flag=True, help="Print all rows: Markov models of every order, kind and region.")
@click.option("--markov/--no-markov", default=True, show_default=True, help="Fit the Markov rivals too.")
@click.option("--annotate", help="GFF or GTF: figures for coding, intergenic and promoter bases too.")
@click.option("--tss", help="BED of transcripts with measured starts, for the promoters [default: the GFF's genes].")
@click.option("--sample", type=click.IntRange(min=100), help="Random bases for all [default: 2,000 for masked models].")
@click.option("--stratum", multiple=True, metavar="NAME=BED", help="Figures for the bases of a BED too; repeatable.")
@machine.rename
@machine.device
@machine.dtype
@machine.threads
def likelihood(
    name: str,
    reference: str,
    regions: tuple[str, ...],
    output: Path | None,
    all_rivals: bool,
    markov: bool,
    annotate: str | None,
    tss: str | None,
    sample: int | None,
    stratum: tuple[str, ...],
    rename: str | None,
    device: str,
    dtype: str,
) -> None:
    """Bits per base and perplexity of a model on a genome, beside Markov models of order 0 to 24.

    \b
    dnalect evaluate likelihood --model duplex-yeast --reference yeast_S288C.fa.gz
    dnalect evaluate likelihood --model my-model --reference my.fa --regions chr20:1-2,000,000
    """
    from dnalect.workflows.likelihood import Strata, aligned, run, shown

    beds = {}
    for text in stratum:
        label, mark, path = text.partition("=")
        if not (label and mark and path):
            raise click.UsageError(f"--stratum takes NAME=BED, not {text!r}")
        beds[label] = path
    rows = run(name, reference, output, markov, Strata(annotate, tss, beds), sample, regions, device, dtype, rename)
    click.echo(aligned(rows if all_rivals else shown(rows)))


@command.command("worth")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Folder with genomes/ and variants/.")
@click.option(
    *machine.OUTPUT,
    "out",
    type=click.Path(path_type=Path),
    default=Path("results/worth"),
    show_default=True,
    help="Folder for the rows (TSV) and the plots (PNG).",
)
@click.option("--page", type=click.Path(path_type=Path), help="Also write the page; its plots go to images/ beside it.")
@click.option(
    "--study",
    "studies",
    multiple=True,
    help="Only promoters, strains, conservation, profiles, human or splice; repeatable. The page keeps the others.",
)
@click.option(
    *machine.MODEL,
    "models",
    multiple=True,
    help="Embedded model or model folder; repeatable [default: those of each species' assembly].",
)
@click.option("--human-model", help="Model of the studies of human.")
@click.option("--folds", type=click.Path(path_type=Path), help="Models that each saw a part [default: runs/folds].")
@click.option("--allow-seen", is_flag=True, help="Measure on chromosomes that the model trained on too; rows say so.")
@click.option("--contig", "contigs", multiple=True, help="Only these contigs, for a quick look; repeatable.")
@click.option("--kept", is_flag=True, help="Measure nothing: write the page of what --out holds.")
@machine.dtype
def worth(
    data: Path,
    out: Path,
    page: Path | None,
    studies: tuple[str, ...],
    models: tuple[str, ...],
    human_model: str | None,
    folds: Path | None,
    allow_seen: bool,
    contigs: tuple[str, ...],
    kept: bool,
    dtype: str,
) -> None:
    """What a model knows: studies on real variants and annotations, with rivals and intervals."""
    from dnalect.workflows.worth.run import Request, run

    if folds is None and Path("runs/folds").is_dir():
        folds = Path("runs/folds")

    def say(text: str) -> None:
        click.echo(f"dnalect: {text}", err=True)

    request = Request(data, out, page, studies, models, human_model, folds, allow_seen, contigs, dtype, say, kept)
    results, _ = run(request)
    for result in results:
        click.echo(f"{result.study.name}, {result.model}: {len(result.findings.rows)} rows in {out}")


@command.command("recipes")
@click.argument("models", nargs=-1, required=True)
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Folder with genomes/ and variants/.")
@click.option(
    *machine.OUTPUT,
    "out",
    type=click.Path(path_type=Path),
    default=Path("results/recipes"),
    show_default=True,
    help="Folder.",
)
@click.option("--sample", type=click.IntRange(min=100), default=4_000, show_default=True, help="Held-out bases.")
@click.option("--variants", type=click.IntRange(min=20), default=1_000, show_default=True, help="Common variants.")
@machine.dtype
def recipes(models: tuple[str, ...], data: Path, out: Path, sample: int, variants: int, dtype: str) -> None:
    """MODELS of any kind that share one split of yeast: bits per base, common against rare, beside Markov models.

    \b
    dnalect evaluate recipes runs/recipes/*-small --data DATA
    """
    from dnalect.workflows.recipes import compare

    for row in compare(models, data, out, sample, variants, dtype):
        bits, minus = (
            f"{e.mean:{sign}.4f} [{e.low:{sign}.4f}, {e.high:{sign}.4f}]"
            for e, sign in ((row.bits, ""), (row.minus, "+"))
        )
        click.echo(f"{row.model}: {bits} bits a base, {minus} against the Markov rival; AUROC {row.auroc.mean:.3f}")
