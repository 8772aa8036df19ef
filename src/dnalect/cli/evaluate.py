"""dnalect evaluate likelihood --model duplex-yeast --reference genome.fa; dnalect evaluate leaks ..."""

from pathlib import Path

import click

from dnalect.cli import machine
from dnalect.cli.leaks import leaks


@click.group("evaluate")
def command() -> None:
    """Measure a model against its rivals on held-out sequence."""


command.add_command(leaks)


@command.command("likelihood")
@click.option(
    *machine.MODEL, "name", default="duplex-yeast", show_default=True, help="Any model: a name, a folder, OWNER/NAME."
)
@click.option(*machine.REFERENCE, required=True, help="FASTA of the genome.")
@click.option(
    "--regions",
    multiple=True,
    metavar="REGION|BED",
    help="Measure on these bases: contig, contig:start-end (1-based, ends inside), or a BED file; repeatable "
    "[default: the test regions of the model's card; of another genome all of it, or 2 Mb spread over it].",
)
@click.option(*machine.OUTPUT, "output", type=click.Path(path_type=Path), help="Also write all rows here (TSV).")
@click.option("--all-rivals", is_flag=True, help="Print all rows: Markov models of every order, kind and region.")
@click.option("--markov/--no-markov", default=True, show_default=True, help="Fit the Markov rivals too.")
@click.option("--annotate", help="GFF or GTF: figures for coding, intergenic and promoter bases too.")
@click.option("--tss", help="BED of transcripts with measured starts, for the promoters [default: the GFF's genes].")
@click.option("--sample", type=click.IntRange(min=100), help="Random bases for all [default: 2,000 for masked models].")
@click.option("--stratum", multiple=True, metavar="NAME=BED", help="Figures for the bases of a BED too; repeatable.")
@machine.rename
@machine.device
@machine.dtype
@machine.threads
def likelihood(
    name: str,
    reference: str,
    regions: tuple[str, ...],
    output: Path | None,
    all_rivals: bool,
    markov: bool,
    annotate: str | None,
    tss: str | None,
    sample: int | None,
    stratum: tuple[str, ...],
    rename: str | None,
    device: str,
    dtype: str,
) -> None:
    """Bits per base and perplexity of a model on a genome, beside Markov models of order 0 to 24.

    \b
    dnalect evaluate likelihood --model duplex-yeast --reference yeast_S288C.fa.gz
    dnalect evaluate likelihood --model my-model --reference my.fa --regions chr20:1-2,000,000
    """
    from dnalect.jobs.likelihood import Strata, aligned, run, shown

    beds = {}
    for text in stratum:
        label, mark, path = text.partition("=")
        if not (label and mark and path):
            raise click.UsageError(f"--stratum takes NAME=BED, not {text!r}")
        beds[label] = path
    rows = run(name, reference, output, markov, Strata(annotate, tss, beds), sample, regions, device, dtype, rename)
    click.echo(aligned(rows if all_rivals else shown(rows)))
