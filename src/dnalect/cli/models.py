"""dnalect models list | show nt-v2-50m | choose --goal variants --species human | verify FOLDER"""

import sys
from typing import Any

import click

from dnalect.cli import machine
from dnalect.cli.options import Finite

GOALS = {
    "accuracy": "the greatest accuracy",
    "speed": "speed and efficiency",
    "variants": "non-coding variants",
    "resources": "little hardware",
    "species": "several species",
}


@click.group("models")
def command() -> None:
    """List the models that can be loaded, choose one, check a downloaded one."""


@command.command("list")
def list_() -> None:
    """All models that have a name, as a table."""
    from dnalect.core.tables import aligned
    from dnalect.jobs.models import rows

    click.echo(aligned(rows()))


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """The card of a model: size, memory, tokenizer, context, species, licence, paper."""
    from dnalect.jobs.models import describe

    click.echo(describe(name))


@command.command("choose")
@click.option("--goal", "goals", multiple=True, type=click.Choice(list(GOALS)), help="What matters; repeatable.")
@click.option("--species", default="", help="human, yeast or a scientific name [default: any].")
@click.option("--context", type=click.IntRange(min=0), default=0, help="Bases that must be read at once.")
@click.option("--memory", type=Finite(min=0), help="Gigabytes that there are [default: enough].")
@click.option("--commercial", is_flag=True, help="The licence must allow commercial use.")
def choose(goals: tuple[str, ...], species: str, context: int, memory: float | None, commercial: bool) -> None:
    """Which model to take, and why: what was measured, and what answers better elsewhere.

    Without options it asks.

    \b
    dnalect models choose --goal variants --species human --context 2000 --commercial
    """
    from dnalect.jobs.models_choose import Wishes, advice

    if not (goals or species or context or memory is not None or commercial):
        if not _terminal():
            raise click.UsageError("say what matters, such as --goal variants, or run it in a terminal to be asked")
        goals, species, context, memory, commercial = _asked()
    click.echo(advice(Wishes(goals, species, context, memory, commercial)))


def _terminal() -> bool:
    return sys.stdin.isatty()


def _asked() -> tuple[tuple[str, ...], str, int, float | None, bool]:
    goals = tuple(goal for goal, words in GOALS.items() if click.confirm(f"Does it matter: {words}?", err=True))
    species = click.prompt("Species (human, yeast, a name; empty for any)", default="", show_default=False, err=True)
    context = click.prompt("Bases that must be read at once", type=click.IntRange(min=0), default=0, err=True)
    memory = click.prompt("Gigabytes of memory (0: enough)", type=Finite(min=0), default=0.0, err=True)
    commercial = click.confirm("Must the licence allow commercial use?", err=True)
    return goals, species, context, memory or None, commercial


@command.command("verify")
@click.argument("folder")
@click.option("--as", "published_as", metavar="NAME", help="The published model that it must be, such as dnabert-6.")
def verify(folder: str, published_as: str | None) -> None:
    """Check a downloaded model from its files to its logits; prints digests to compare.

    FOLDER may be the name of a model too, which is then fetched.
    """
    from dnalect.jobs.models_verify import verify as steps

    for line in steps(folder, published_as):
        click.echo(f"ok  {line}")


@command.command("background")
@click.argument("model")
@click.argument("references", nargs=-1, required=True)
@click.option(*machine.OUTPUT, "output", help="File to write [default: background.npz in the model's folder].")
@click.option("--among", default="", metavar="TEXT", help="What the references are, in words, for the provenance.")
@click.option("--snvs", type=click.IntRange(min=100), default=100_000, show_default=True, help="SNVs to draw.")
@click.option(
    "--others",
    type=click.IntRange(min=48),
    default=240,
    show_default=True,
    help="Variants of every other class and range of lengths up to 8 bases; half of that up to 64, then a fifth.",
)
@click.option(
    "--longest", type=click.IntRange(min=1), default=2_048, show_default=True, help="Bases of the longest alleles."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the draws.")
@machine.device
@machine.dtype
@machine.threads
def background(model: str, references: tuple[str, ...], **options: Any) -> None:
    """Draw the background of MODEL on REFERENCES (FASTA) once, so that `dnalect score` draws none.

    Percentiles of scores on these references, and on others of an assembly that the model learned from, then come
    from the file. What was drawn is kept in the cache: a run that was stopped goes on where it was.

    \b
    dnalect models background runs/my-model genome.fa
    """
    from dnalect.jobs.backgrounds import make_table

    make_table(model, references, **options)
