"""dnalect vocabulary train | compare | choose genome.fa"""

import time
from pathlib import Path

import click

from dnalect.cli import machine
from dnalect.core.tables import aligned

_REGIONS = click.option(
    "--regions",
    multiple=True,
    metavar="REGION|BED",
    help="Only these bases: contig, contig:start-end (1-based, ends inside), or a BED file; repeatable.",
)


@click.group("vocabulary")
def command() -> None:
    """Learn, compare and choose the words that a model reads DNA in."""


@command.command("train")
@click.argument("references", nargs=-1, required=True, metavar="FASTA...")
@click.option(
    *machine.OUTPUT, "output", type=click.Path(path_type=Path), required=True, help="tokenizer.json (vocab.txt)."
)
@click.option("--algorithm", type=click.Choice(["bpe", "kmers"]), default="bpe", show_default=True)
@click.option(
    "--size",
    type=click.IntRange(9, 1 << 20),
    default=4096,
    show_default=True,
    help="Words, five special ones included.",
)
@click.option("--k", type=click.IntRange(3, 6), default=6, show_default=True, help="Length of k-mers.")
@click.option("--both-strands", is_flag=True, help="Count the reverse complement too.")
@_REGIONS
def train(
    references: tuple[str, ...],
    output: Path,
    algorithm: str,
    size: int,
    k: int,
    both_strands: bool,
    regions: tuple[str, ...],
) -> None:
    """Learn a vocabulary from whole contigs; write it as HF tokenizers does.

    \b
    dnalect vocabulary train genome.fa --size 4096 -o tokenizer.json
    """
    from dnalect.jobs.vocabulary import describe, train_vocabulary

    begun = time.monotonic()
    tokenizer = train_vocabulary(references, output, algorithm, size, k, regions, both_strands)
    click.echo(f"dnalect: {output}: {describe(tokenizer)}; {time.monotonic() - begun:.1f} s", err=True)


@command.command("compare")
@click.argument("references", nargs=-1, required=True, metavar="FASTA...")
@click.option(
    *machine.OUTPUT, "out", type=click.Path(path_type=Path), help="Folder for vocabulary.tsv and vocabulary.png."
)
@click.option("--k", "kmers", multiple=True, type=int, default=(3, 6, 9, 12), show_default=True, help="Repeatable.")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    type=click.IntRange(9, 1 << 20),
    default=(64, 256, 1024, 4096),
    show_default=True,
    help="Words of a byte-pair vocabulary; repeatable.",
)
@_REGIONS
def compare(
    references: tuple[str, ...],
    out: Path | None,
    kmers: tuple[int, ...],
    sizes: tuple[int, ...],
    regions: tuple[str, ...],
) -> None:
    """What k, or the size of the vocabulary, costs and gives on a genome, as a table and a picture.

    \b
    dnalect vocabulary compare genome.fa --out vocabulary
    """
    from dnalect.jobs import vocabulary_compare as workflow

    rows = workflow.compare(references, out, kmers, sizes, regions)
    click.echo(aligned(workflow.table(rows)))
