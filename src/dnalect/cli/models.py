"""dnalect models list | show nt-v2-50m | choose --goal variants --species human | verify FOLDER"""

import sys

import click

from dnalect.cli.options import CONTEXT, Finite, command
from dnalect.jobs.options import GOALS, BackgroundOptions, ShowOptions, VerifyOptions, Wishes


@click.group("models", context_settings=CONTEXT)
def models() -> None:
    """List the models that can be loaded, choose one, check a downloaded one."""


@models.command("list")
def list_() -> None:
    """All models that have a name, and what those that ship are worth."""
    from dnalect.jobs.models import listing

    click.echo(listing())


@command("show", ShowOptions)
def show(options: ShowOptions) -> None:
    """The card of a model: size, memory, tokenizer, context, species, licence, paper."""
    from dnalect.jobs.models import describe

    click.echo(describe(options.name))


@command("choose", Wishes)
def choose(wishes: Wishes) -> None:
    """Which model to take, and why: what was measured, and what answers better elsewhere.

    Without options it asks.

    \b
    dnalect models choose --goal variants --species human --context 2000 --commercial
    """
    from dnalect.jobs.models_choose import advice

    if wishes == Wishes():
        if not _terminal():
            raise click.UsageError("say what matters, such as --goal variants, or run it in a terminal to be asked")
        wishes = _asked()
    click.echo(advice(wishes))


def _terminal() -> bool:
    return sys.stdin.isatty()


def _asked() -> Wishes:
    goals = tuple(goal for goal, words in GOALS.items() if click.confirm(f"Does it matter: {words}?", err=True))
    species = click.prompt("Species (human, yeast, a name; empty for any)", default="", show_default=False, err=True)
    context = click.prompt("Bases that must be read at once", type=click.IntRange(min=0), default=0, err=True)
    memory = click.prompt("Gigabytes of memory (0: enough)", type=Finite(min=0), default=0.0, err=True)
    commercial = click.confirm("Must the licence allow commercial use?", err=True)
    return Wishes(goals, species, context, memory or None, commercial)


@command("verify", VerifyOptions)
def verify(options: VerifyOptions) -> None:
    """Check a model from its files to its logits, and these against those that are known; prints digests to compare.

    FOLDER may be the name of a model too, which is then fetched.
    """
    from dnalect.jobs.models_verify import NO_ANSWER
    from dnalect.jobs.models_verify import verify as steps

    for line in steps(options.folder, options.published_as, options.dtype, options.write):
        click.echo(line if line.startswith(NO_ANSWER) else f"ok  {line}")


@command("background", BackgroundOptions)
def background(options: BackgroundOptions) -> None:
    """Draw the background of MODEL on REFERENCES (FASTA) once, so that `dnalect score` draws none.

    Percentiles of scores on these references, and on others of an assembly that the model learned from, then come
    from the file. What was drawn is kept in the cache: a run that was stopped goes on where it was.

    \b
    dnalect models background runs/my-model genome.fa
    """
    from dnalect.jobs.backgrounds import make_table

    make_table(options)


for each in (show, choose, verify, background):
    models.add_command(each)
