"""python -m studies heads runs/recipes/logo-chapter-yeast --data DATA -o heads.tsv; python -m studies probe A B ..."""

from pathlib import Path

import click

from dnalect.cli import machine
from studies.commands.told import tell, typed


@click.command("heads")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Folder that the config's files are in.")
@click.option("--part", type=click.Choice(["test", "validate"]), default="test", show_default=True, help="Regions.")
@click.option("--sample", type=click.IntRange(min=100), default=8_000, show_default=True, help="Tokens to judge.")
@click.option(*machine.OUTPUT, "output", type=click.Path(path_type=Path), help="Also write the figures here (TSV).")
def heads(model: Path, data: Path, part: str, sample: int, output: Path | None) -> None:
    """The heads of MODEL, a multi-task model, on regions it did not learn from, beside simple rivals."""
    from studies.heads.job import evaluate_heads

    tell(evaluate_heads(model, data, part, sample, _say, typed()), output)


def _say(text: str) -> None:
    click.echo(f"dnalect: {text}", err=True)


@click.command("probe")
@click.argument("models", nargs=2, type=click.Path(path_type=Path))
@click.option("--task", type=click.Path(path_type=Path), help="Folder with train, dev and test tables sequence,label.")
@click.option("--placed", type=click.Path(path_type=Path), help="One table, placed on the genome of --data.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the genome of the first model's card.")
@click.option(*machine.OUTPUT, "output", type=click.Path(path_type=Path), help="Also write the figures here (TSV).")
def probe(
    models: tuple[Path, Path], task: Path | None, placed: Path | None, data: Path | None, output: Path | None
) -> None:
    """Which of two MODELS serves a simple classifier better: logistic regression on frozen mean embeddings."""
    from studies.heads.probe import placed_task, probe_models, read_task

    if (task is None) == (placed is None) or (placed is not None and data is None):
        raise click.UsageError("give --task FOLDER, or --placed TABLE with --data FOLDER")
    found = read_task(task) if task else placed_task(placed, models[0], data)  # type: ignore[arg-type]
    tell(probe_models(models, found, typed()), output)
