"""dnalect tokenize ACGTACGTNACG --tokenizer nt-v1"""

import click

from dnalect.cli import machine


@click.command("tokenize")
@click.argument("inputs", nargs=-1, required=True, metavar="SEQUENCE|FASTA|-...")
@click.option(
    "-t",
    "--tokenizer",
    metavar="NAME|FILE",
    help="dnabert-3 to -6, nt-v1, nt-v2, logo-3 to -6, single; or a tokenizer.json, a vocab.txt, or a folder with "
    "one [default: dnabert-6].",
)
@click.option(
    *machine.MODEL,
    "model",
    metavar="NAME|FOLDER",
    help="Read as this model does: dnabert-2, grover, duplex-yeast ..., OWNER/NAME on the hub, or a folder.",
)
@click.option(*machine.OUTPUT, "output", default="-", show_default=True, help="TSV to write, - for standard output.")
@click.option(
    "--regions",
    multiple=True,
    metavar="REGION|BED",
    help="Only these bases of the FASTA: contig, contig:start-end (1-based, ends inside), or a BED file; repeatable.",
)
@click.option("--special", is_flag=True, help="List the special tokens of the model too.")
def command(
    inputs: tuple[str, ...],
    tokenizer: str | None,
    model: str | None,
    output: str,
    regions: tuple[str, ...],
    special: bool,
) -> None:
    """Show how models read DNA: one line a token, with the bases that it covers.

    start and end count as in BED: from 0, the end outside.

    \b
    dnalect tokenize ACGTACGTNACG --tokenizer nt-v1
    dnalect tokenize ACGTACGTNACG --model runs/my-model
    dnalect tokenize genome.fa --regions chrI:1001-2000 -t tokenizer.json -o tokens.tsv
    """
    if tokenizer and model:
        raise click.UsageError("--tokenizer and --model both say how to read; give one")
    from dnalect.jobs.tokenize import chosen_tokenizer, tokenize

    tally = tokenize(inputs, chosen_tokenizer(tokenizer, model), output, regions, special)
    if tokenizer == "hyenadna":
        click.echo("dnalect: this is how HyenaDNA reads; no HyenaDNA model can be loaded here", err=True)
    each = f", {tally.bases / tally.tokens:.2f} bases a token" if tally.tokens else ""
    click.echo(
        f"dnalect: {tally.sequences:,} sequences, {tally.bases:,} bases, {tally.tokens:,} tokens{each}", err=True
    )
