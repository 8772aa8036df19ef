"""dnalect vocabulary train | compare genome.fa"""

import time

import click

from dnalect.cli.options import CONTEXT, command
from dnalect.core.reporter import say
from dnalect.jobs.options import CompareOptions, VocabularyOptions


@click.group("vocabulary", context_settings=CONTEXT)
def vocabulary() -> None:
    """Learn, compare and choose the words that a model reads DNA in."""


@command("train", VocabularyOptions)
def train(options: VocabularyOptions) -> None:
    """Learn a vocabulary from whole contigs; write it as HF tokenizers does.

    \b
    dnalect vocabulary train genome.fa --size 4096 -o tokenizer.json
    """
    from dnalect.jobs.vocabulary import describe, train_vocabulary

    begun = time.monotonic()
    tokenizer = train_vocabulary(options)
    say(f"{options.output}: {describe(tokenizer)}; {time.monotonic() - begun:.1f} s")


@command("compare", CompareOptions)
def compare(options: CompareOptions) -> None:
    """What k, or the size of the vocabulary, costs and gives on a genome, as a table and a picture.

    \b
    dnalect vocabulary compare genome.fa --out vocabulary
    """
    from dnalect.core.tables import aligned
    from dnalect.jobs import vocabulary_compare as job

    click.echo(aligned(list(job.table(job.compare(options)))))


vocabulary.add_command(train)
vocabulary.add_command(compare)
