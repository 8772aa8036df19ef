"""python -m studies vocabulary genome.fa --out choice"""

from pathlib import Path

import click

from dnalect.cli import machine
from dnalect.core import aligned


@click.command("vocabulary")
@click.argument("reference", metavar="FASTA")
@click.option(*machine.OUTPUT, "out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    type=click.IntRange(9, 1 << 20),
    default=(16, 64, 256, 1024, 4096),
    show_default=True,
    help="Words of a vocabulary to try; repeatable.",
)
@click.option("--test", multiple=True, metavar="REGION|BED", help="Held out for the judgement [default: last contigs].")
@click.option("--validate", multiple=True, metavar="REGION|BED", help="For the rivals' order [default: those before].")
@click.option("--judge", type=click.Choice(["bits", "accuracy"]), default="bits", show_default=True)
@click.option("--steps", type=click.IntRange(min=1), default=1000, show_default=True, help="Training steps of a model.")
@click.option("--seeds", type=click.IntRange(1, 100), default=3, show_default=True, help="Models of a vocabulary.")
@click.option("--windows", type=click.IntRange(min=100), default=20_000, show_default=True, help="Test places.")
@machine.threads
def vocabulary(reference: str, out: Path, **rest: object) -> None:
    """Choose the size of a byte-pair vocabulary as GROVER did: by how well the next bases are predicted.

    On each vocabulary a small model learns to predict the next 2 to 6 bases from the 50 before
    them. It is judged on contigs that nothing was learned from, beside the most frequent k-mer
    and Markov models. Writes choice.tsv, choice.png and the chosen tokenizer.json.

    \b
    python -m studies vocabulary genome.fa --out choice
    """
    from studies.vocabulary import choose as study

    result = study.choose(reference, out, study.Settings(**rest), say=_say)  # type: ignore[arg-type]
    click.echo(aligned(study.table(result)))
    click.echo(study.verdict(result))


def _say(line: str) -> None:
    click.echo(f"dnalect: {line}", err=True)
