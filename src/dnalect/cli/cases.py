"""dnalect evaluate expression configs/benchmarks/expression.yaml --data DATA --out results/expression"""

import shlex
import sys
from pathlib import Path

import click


@click.command("expression")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder of tasks, variants and genomes.")
@click.option("--models", type=click.Path(path_type=Path), default=Path(), help="Folder of the suite's model folders.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for figures.tsv and index.html.")
@click.option("--run", type=click.Path(path_type=Path), help="Folder of kept predictions [default: OUT/predictions].")
@click.option("--natural", type=click.IntRange(min=0), default=2000, show_default=True, help="Variants; 0: none.")
@click.option("--seeds", type=click.IntRange(min=1), help="[default: the suite's]")
@click.option("--device", default="cpu", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads [default: all cores].")
def expression(
    suite: Path,
    data: Path,
    models: Path,
    out: Path,
    run: Path | None,
    natural: int,
    seeds: int | None,
    device: str,
    threads: int | None,
) -> None:
    """Case study 13.1 in yeast: learn expression of random promoters, predict measured and natural changes."""
    from dataclasses import replace

    if threads:
        import torch

        torch.set_num_threads(threads)
    from dnalect.workflows.benchmark.jobs import Places
    from dnalect.workflows.benchmark.suite import read_suite
    from dnalect.workflows.cases.expression import run_expression

    told = read_suite(suite)
    motifs = data / told.motifs if told.motifs else None
    places = Places(data, models, run or out / "predictions", motifs, device)
    told = replace(told, seeds=seeds) if seeds else told
    run_expression(told, places, out, natural, shlex.join(["dnalect", *sys.argv[1:]]))
    click.echo(f"dnalect: the figures are in {out / 'figures.tsv'}; open {out / 'index.html'}", err=True)


@click.command("elements")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder with variants/cagi5.")
@click.option("-m", "--model", default="duplex-human", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for figures.tsv and index.html.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads [default: all cores].")
def elements(data: Path, model: str, out: Path, device: str, threads: int | None) -> None:
    """Case study 13.1 in human: which measured variants of regulatory elements have an effect?"""
    if threads:
        import torch

        torch.set_num_threads(threads)
    from dnalect.workflows.cases.elements import run_elements

    run_elements(data, model, out, shlex.join(["dnalect", *sys.argv[1:]]), device)
    click.echo(f"dnalect: the figures are in {out / 'figures.tsv'}; open {out / 'index.html'}", err=True)
