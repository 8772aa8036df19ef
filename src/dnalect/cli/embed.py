"""dnalect embed genome.fa --window 1000 -o windows.parquet"""

import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from dnalect.cli import machine


@click.command("embed")
@click.argument("source", metavar="INPUT")
@click.option(
    *machine.OUTPUT,
    "outputs",
    multiple=True,
    required=True,
    help="out.parquet, out.h5ad (AnnData) or out.npz; may be repeated.",
)
@click.option(*machine.REFERENCE, help="Genome (FASTA) that a BED, a VCF or a table of places lies on.")
@click.option(
    *machine.MODEL, help="Model or model folder; chosen by the genome's contig lengths if there is one and none given."
)
@click.option(
    "--pool",
    default="mean",
    show_default=True,
    metavar="mean|max|mean-max|summary|base",
    help="How the vectors of tokens become one: mean, max, both side by side, the summary token; base: one a base.",
)
@click.option(
    "--layer", type=click.IntRange(min=0), help="0: the embedding, 1 and on: after that layer [default: the last]."
)
@machine.strands("both: the mean with the reverse complement.", "forward")
@click.option(
    "--window",
    type=click.IntRange(min=1),
    help="FASTA, BED: cut into windows of so many bases. VCF: half of it on each side of an allele.",
)
@click.option("--step", type=click.IntRange(min=1), help="Bases from window to window [default: the window].")
@click.option("--label", "labels", multiple=True, help="Column of a table to take along; may be repeated.")
@click.option("--plot", metavar="PNG", help="Also draw a map of the vectors in two dimensions.")
@click.option(
    "--method", type=click.Choice(["pca", "tsne", "umap"]), default="pca", show_default=True, help="Of the map."
)
@click.option("--colour", "--color", "colour", metavar="COLUMN", help="Of the map's dots [default: the first label].")
@machine.rename
@click.option(
    "--batch-size", "batch", type=click.IntRange(1, 4096), default=32, show_default=True, help="Windows in a batch."
)
@machine.device
@machine.dtype
@machine.threads
def command(
    source: str,
    outputs: tuple[str, ...],
    strands: str,
    plot: str | None,
    method: str,
    colour: str | None,
    **rest: object,
) -> None:
    """Write the vectors that a model has for the sequences of INPUT.

    INPUT: a FASTA, a BED, a VCF (two rows for each alternate allele), a table with a column sequence, or a sequence.

    \b
    dnalect embed genome.fa --window 1000 --step 500 -o windows.parquet
    dnalect embed peaks.bed --reference genome.fa -o peaks.h5ad
    dnalect embed variants.vcf.gz --reference genome.fa -o alleles.npz
    dnalect embed labelled.csv --model duplex-yeast -o vectors.parquet --plot map.png --method tsne
    dnalect embed train.csv --model dnabert-6 --strands both -o train.parquet
    """
    from pyarrow.parquet import read_table

    from dnalect.api.embed import Embeddings
    from dnalect.api.given import input_path
    from dnalect.core.errors import ConfigError, OutputError
    from dnalect.jobs.embed.job import PER_BASE, Options, embed_file
    from dnalect.jobs.embed.outputs import suffix_of

    try:
        options = Options(strands=1 + (strands == "both"), command=shlex.join(["dnalect", *sys.argv[1:]]), **rest)  # type: ignore[arg-type]
        if plot and options.pool == PER_BASE:
            raise ConfigError("--plot draws a dot a window: choose another --pool than base")
        for output in outputs:
            suffix_of(output, options.pool == PER_BASE)
    except (ConfigError, OutputError) as error:
        raise click.UsageError(str(error)) from error
    with TemporaryDirectory() as name:
        folder = Path(name)
        kept = [str(folder / "map.parquet")] if plot else []
        done = embed_file(input_path(source, folder), [*outputs, *kept], options)
        if plot:
            Embeddings(read_table(kept[0])).plot(plot, method, colour)
    click.echo(
        f"dnalect: {done.rows:,} vectors of {done.width:,} channels by {done.model}: {', '.join(outputs)}", err=True
    )
