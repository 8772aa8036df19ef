"""dnalect tokenize ACGTACGTNACG --tokenizer nt-v1"""

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.options import TokenizeOptions


@command("tokenize", TokenizeOptions)
def tokenize(options: TokenizeOptions) -> None:
    """Show how models read DNA: one line a token, with the bases that it covers.

    start and end count as in BED: from 0, the end outside.

    \b
    dnalect tokenize ACGTACGTNACG --tokenizer nt-v1
    dnalect tokenize ACGTACGTNACG --model runs/my-model
    dnalect tokenize genome.fa --regions chrI:1001-2000 -t tokenizer.json -o tokens.tsv
    """
    from dnalect.jobs.tokenize import tokenize as write_tokens

    tally = write_tokens(options)
    each = f", {tally.bases / tally.tokens:.2f} bases a token" if tally.tokens else ""
    say(f"{tally.sequences:,} sequences, {tally.bases:,} bases, {tally.tokens:,} tokens{each}")
