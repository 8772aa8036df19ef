"""dnalect evaluate likelihood --model duplex-yeast --reference genome.fa"""

from pathlib import Path

import click


@click.group("evaluate")
def command() -> None:
    """Measure a model against its rivals on held-out sequence."""


@command.command("likelihood")
@click.option(
    "-m", "--model", "name", default="duplex-yeast", show_default=True, help="Embedded model or model folder."
)
@click.option("--reference", required=True, help="FASTA of the whole genome that the model's card names.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Also write the table here (TSV).")
@click.option("--markov/--no-markov", default=True, show_default=True, help="Fit the Markov rivals too.")
def likelihood(name: str, reference: str, output: Path | None, markov: bool) -> None:
    """Bits per base on the test contigs of the model's card, beside Markov models of order 0 to 24."""
    from dnalect.workflows.likelihood import aligned, run

    click.echo(aligned(run(name, reference, output, markov)))
