"""dnalect predict my-model genome.fa --window 300 --step 100 -o genome.bw"""

import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from dnalect.cli import machine


@click.command("predict")
@click.argument("words", nargs=-1, required=True, metavar="[MODEL] INPUT")
@click.option(*machine.MODEL, help="Folder of the fine-tuned model, here or before INPUT.")
@click.option(
    *machine.OUTPUT,
    "outputs",
    multiple=True,
    required=True,
    help="out.tsv, out.tsv.gz, out.bed, out.bw, out.parquet, or - for a TSV on stdout; may be repeated.",
)
@click.option(*machine.REFERENCE, help="Genome (FASTA) that a BED or a table of places lies on.")
@click.option("--window", type=click.IntRange(min=1), help="FASTA, BED: cut into windows of so many bases.")
@click.option("--step", type=click.IntRange(min=1), help="Bases from window to window [default: the window].")
@click.option("--label", "labels", multiple=True, help="Column of a table to take along; may be repeated.")
@click.option("--track", metavar="OUTPUT", help="Column that BED and bigWig show [default: the first].")
@click.option("--raw", is_flag=True, help="Without the calibration.")
@machine.rename
@click.option(
    "--batch-size", "batch", type=click.IntRange(1, 4096), default=32, show_default=True, help="Sequences in a batch."
)
@machine.device
@machine.dtype
@machine.threads
@click.option("--quiet", is_flag=True, help="Say nothing but warnings and errors.")
def command(words: tuple[str, ...], model: str | None, outputs: tuple[str, ...], **rest: object) -> None:
    """Write what MODEL, a folder that dnalect finetune made, predicts of the sequences of INPUT.

    INPUT: a FASTA (with --window a genome in tiles), a BED, a table with a column sequence,
    or a sequence.

    \b
    dnalect predict my-model sequences.fa -o - | head
    dnalect predict my-model peaks.bed --reference genome.fa -o peaks.tsv -o peaks.bed
    dnalect predict my-model genome.fa --window 300 --step 100 -o genome.bw
    """
    from dnalect.core.errors import OutputError
    from dnalect.jobs.predict.outputs import suffix_of

    if len(words) + (model is not None) != 2:
        raise click.UsageError(
            "give the folder of a fine-tuned model and one input: dnalect predict MODEL INPUT -o out.tsv"
        )
    *before, source = words
    try:
        for output in outputs:
            suffix_of(output)
    except OutputError as error:
        raise click.UsageError(str(error)) from error
    from dnalect.api.given import input_path
    from dnalect.jobs.predict.job import Options, predict_file

    options = Options(command=shlex.join(["dnalect", *sys.argv[1:]]), **rest)  # type: ignore[arg-type]
    with TemporaryDirectory() as name:
        done = predict_file(model or before[0], input_path(source, Path(name)), outputs, options)
    if not options.quiet:
        files = ", ".join("stdout" if output == "-" else output for output in outputs)
        click.echo(f"dnalect: {done.rows:,} predictions by {done.model}: {files}", err=True)
