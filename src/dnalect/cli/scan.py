"""dnalect scan genome.fa -o genome.parquet -o genome.bw"""

import shlex
import sys

import click

from dnalect.cli import machine


@click.command("scan")
@click.argument("reference")
@click.option(
    *machine.OUTPUT,
    "outputs",
    multiple=True,
    required=True,
    help="NAME.parquet, a folder with a file a contig, or NAME.bw, three bigWig tracks; may be repeated.",
)
@click.option(
    *machine.MODEL, help="Embedded model or model folder; chosen by the reference's contig lengths if not given."
)
@click.option(
    "--regions",
    multiple=True,
    metavar="REGION|BED",
    help="Only these bases: contig, contig:start-end (1-based, ends inside), or a BED file; may be repeated.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 128),
    help="Tiles in a batch, a power of two [default: 8 on a CPU, 64 on other devices].",
)
@machine.rename
@machine.device
@machine.dtype
@machine.threads
@click.option("--quiet", is_flag=True, help="Say nothing but warnings and errors.")
def command(
    reference: str,
    outputs: tuple[str, ...],
    model: str | None,
    regions: tuple[str, ...],
    batch_size: int | None,
    rename: str | None,
    device: str,
    dtype: str,
    quiet: bool,
) -> None:
    """Compute every single-base substitution of REFERENCE (FASTA).

    A scan that was stopped goes on where it was when the same command is given again.

    \b
    dnalect scan genome.fa -o genome.parquet -o genome.bw
    """
    from dnalect.core.errors import OutputError
    from dnalect.jobs.scan.outputs import paths_of

    if batch_size and batch_size & (batch_size - 1):
        raise click.UsageError(f"--batch-size must be a power of two, not {batch_size}")
    try:
        names = [str(path) for output in outputs for path in paths_of(output)]
    except OutputError as error:
        raise click.UsageError(str(error)) from error

    from dnalect.jobs.scan.job import Options, scan_genome

    typed = shlex.join(["dnalect", *sys.argv[1:]])
    options = Options(model, regions, rename, batch_size, device, dtype, typed, quiet)
    done = scan_genome(reference, outputs, options)
    if not quiet:
        click.echo(f"dnalect: {done.bases:,} bases in {done.chunks:,} chunks: {', '.join(names)}", err=True)
