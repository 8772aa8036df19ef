"""dnalect benchmark suite.yaml --data DATA --out results"""

import shlex
import sys
from pathlib import Path

import click

from dnalect.cli import machine


@click.command("benchmark")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder of the tasks and genomes.")
@click.option("--models", type=click.Path(path_type=Path), default=Path(), help="Folder of the suite's model folders.")
@click.option(
    *machine.OUTPUT,
    "out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for figures.tsv and index.html.",
)
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    help="Folder of predictions, kept so that a killed run goes on [default: OUT/predictions].",
)
@click.option("--only", multiple=True, help="Task; repeatable [default: all of the suite].")
@click.option(*machine.MODEL, "chosen", multiple=True, help="Model of the suite; repeatable [default: all].")
@click.option("--seeds", type=click.IntRange(min=1), help="Of tasks that name no number [default: the suite's].")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes, a thread each.")
@machine.device
@machine.dtype
@machine.threads
def command(
    suite: Path,
    data: Path,
    models: Path,
    out: Path,
    run: Path | None,
    only: tuple[str, ...],
    chosen: tuple[str, ...],
    seeds: int | None,
    workers: int,
    device: str,
    dtype: str,
) -> None:
    """Measure the models of a SUITE (YAML) on its tasks, beside simple rivals, over several seeds.

    Writes a table of figures with intervals and paired differences, plots, and a page.

    \b
    dnalect benchmark configs/benchmarks/core.yaml --data DATA --out results/core
    """
    from dnalect.jobs.benchmark.learners import Places
    from dnalect.jobs.benchmark.run import run_suite
    from dnalect.jobs.benchmark.suite import read_suite

    told = read_suite(suite).narrowed(chosen, seeds)
    motifs = data / told.motifs if told.motifs else None
    places = Places(data, models, run or out / "predictions", motifs, device, dtype)
    run_suite(told, places, out, workers, only, shlex.join(["dnalect", *sys.argv[1:]]), suite)
    click.echo(f"dnalect: the figures are in {out / 'figures.tsv'}; open {out / 'index.html'}", err=True)
