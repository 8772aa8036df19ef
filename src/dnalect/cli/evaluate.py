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
@click.option("--annotate", help="GFF or GTF: figures for coding, intergenic and promoter bases too.")
@click.option("--tss", help="BED of transcripts with measured starts, for the promoters [default: the GFF's genes].")
@click.option("--stratum", multiple=True, metavar="NAME=BED", help="Figures for the bases of a BED too; repeatable.")
def likelihood(
    name: str,
    reference: str,
    output: Path | None,
    markov: bool,
    annotate: str | None,
    tss: str | None,
    stratum: tuple[str, ...],
) -> None:
    """Bits per base on the test regions of the model's card, beside Markov models of order 0 to 24."""
    from dnalect.workflows.likelihood import Strata, aligned, run

    beds = {}
    for text in stratum:
        label, mark, path = text.partition("=")
        if not (label and mark and path):
            raise click.UsageError(f"--stratum takes NAME=BED, not {text!r}")
        beds[label] = path
    click.echo(aligned(run(name, reference, output, markov, Strata(annotate, tss, beds))))
