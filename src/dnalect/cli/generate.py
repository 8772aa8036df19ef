"""dnalect generate --model duplex-yeast --length 300 -o new.fa"""

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.options import GenerateOptions


@command("generate", GenerateOptions, quiet="Say nothing but warnings and errors.")
def generate(options: GenerateOptions) -> None:
    """Draw sequences that a model finds likely.

    A causal model writes them word after word; a masked model or a duplex draws every base anew, given all others,
    over and over, and fills gaps (N) as well. That a model finds a sequence likely is no evidence that it does
    anything in a cell.

    \b
    dnalect generate --model duplex-yeast --length 300 -n 5 -o new.fa
    dnalect generate --model duplex-yeast --from ACGTACGTNNNNNNNNNNACGTACGT --length 26
    dnalect generate --model evo-1-8k --from ATGAGCAAA --temperature 0.7 --top-k 4 -o new.tsv
    """
    from dnalect.jobs.generate import generate as write_sequences

    found = write_sequences(options)
    bits = sum(each.bits for each in found) / len(found)
    say(f"{len(found):,} sequences of {options.length:,} bases; {bits:.3f} bits a base by the model itself")
