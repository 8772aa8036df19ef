"""python -m studies worth --data DATA; python -m studies recipes runs/recipes/*-small --data DATA"""

from pathlib import Path

import click

from dnalect.cli import machine
from studies.commands.told import tell, typed


@click.command("worth")
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
    from studies.worth.run import Request, run

    if folds is None and Path("runs/folds").is_dir():
        folds = Path("runs/folds")

    def say(text: str) -> None:
        click.echo(f"dnalect: {text}", err=True)

    request = Request(data, out, page, studies, models, human_model, folds, allow_seen, contigs, dtype, say, kept)
    results, _ = run(request)
    for result in results:
        click.echo(f"{result.study.name}, {result.model}: {len(result.findings.rows)} rows in {out}")


@click.command("recipes")
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
    python -m studies recipes runs/recipes/*-small --data DATA
    """
    from studies.recipes import compare

    tell(compare(models, data, out, sample, variants, dtype, typed()))
