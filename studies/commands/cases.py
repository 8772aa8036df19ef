"""python -m studies expression configs/benchmarks/expression.yaml --data DATA --out results/expression

python -m studies elements --data DATA --predictor activity=FOLDER --out results/elements; pairs and saturation likewise
"""

from collections.abc import Callable
from pathlib import Path

import click

from dnalect.cli import machine
from studies.commands.told import typed


@click.command("expression")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder of tasks, variants and genomes.")
@click.option("--models", type=click.Path(path_type=Path), default=Path(), help="Folder of the suite's model folders.")
@click.option(
    *machine.OUTPUT,
    "out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for figures.tsv and index.html.",
)
@click.option("--run", type=click.Path(path_type=Path), help="Folder of kept predictions [default: OUT/predictions].")
@click.option(
    "--rivals-also",
    type=click.Path(path_type=Path),
    help="Table of more promoters that the rivals learn from too, where the models know them already: columns "
    "sequence and expression, in any unit.",
)
@click.option("--natural", type=click.IntRange(min=0), default=2000, show_default=True, help="Variants; 0: none.")
@click.option("--seeds", type=click.IntRange(min=1), help="[default: the suite's]")
@machine.device
@machine.threads
def expression(
    suite: Path,
    data: Path,
    models: Path,
    out: Path,
    run: Path | None,
    rivals_also: Path | None,
    natural: int,
    seeds: int | None,
    device: str,
) -> None:
    """Yeast promoters: learn expression of random promoters, predict measured and natural changes."""
    from dnalect.jobs.benchmark.learners import Places
    from dnalect.jobs.benchmark.suite import read_suite
    from studies.cases.expression import run_expression

    told = read_suite(suite).narrowed(seeds=seeds)
    motifs = data / told.motifs if told.motifs else None
    places = Places(data, models, run or out / "predictions", motifs, device)
    run_expression(told, places, out, natural, typed(), rivals_also)
    _told(out)


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """Options of the studies in human."""
    for option in (
        machine.threads,
        machine.device,
        click.option(
            *machine.OUTPUT,
            "out",
            type=click.Path(path_type=Path),
            required=True,
            help="Folder of the figures.",
        ),
        click.option(
            "--predictor",
            "predictors",
            multiple=True,
            metavar="NAME=FOLDER",
            callback=_named,
            help="A model of `dnalect finetune`, whose predicted changes are measured too; repeatable.",
        ),
        click.option(*machine.MODEL, default="duplex-human", show_default=True),
    ):
        command = option(command)
    return command


def _named(_context: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> dict[str, Path]:
    """NAME=FOLDER of each text."""
    found: dict[str, Path] = {}
    for text in texts:
        name, mark, folder = text.partition("=")
        if not (name.strip() and mark and folder) or name in found:
            raise click.BadParameter(f"give NAME=FOLDER, each name once, not {text!r}", param=option)
        found[name] = Path(folder)
    return found


def _told(out: Path) -> None:
    click.echo(f"dnalect: the figures are in {out / 'figures.tsv'}; open {out / 'index.html'}", err=True)


@click.command("elements")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder with variants/cagi5.")
@_shared
def elements(data: Path, model: str, predictors: dict[str, Path], out: Path, device: str) -> None:
    """Human: which measured variants of regulatory elements have an effect?"""
    from studies.cases.elements import run_elements

    run_elements(data, model, out, typed(), device, predictors)
    _told(out)


@click.command("pairs")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder with variants/cagi4_eqtl_mpra.")
@_shared
def pairs(data: Path, model: str, predictors: dict[str, Path], out: Path, device: str) -> None:
    """Human: which alleles differ in a reporter, among pairs of eQTL loci?"""
    from studies.cases.pairs import run_pairs

    run_pairs(data, model, out, typed(), device, predictors)
    _told(out)


@click.command("saturation")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder with variants/ and genomes/.")
@click.option(
    *machine.REFERENCE,
    type=click.Path(path_type=Path),
    help="Chromosome 20 of GRCh37, or a slice whose record is named 20:START-END [default: the one in DATA/genomes].",
)
@_shared
def saturation(
    data: Path, reference: Path | None, model: str, predictors: dict[str, Path], out: Path, device: str
) -> None:
    """Human: every substitution and deletion of one base of the HNF4A promoter."""
    from studies.cases.saturation import run_saturation

    run_saturation(data, model, out, typed(), device, predictors, reference)
    _told(out)
