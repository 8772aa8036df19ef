"""Which model a command uses, and what to say about it."""

import sys

from dnalect.core.errors import ModelError
from dnalect.genome.fasta import Genome
from dnalect.models.card import Card
from dnalect.models.registry import embedded_cards


def say(message: str) -> None:
    """Print a notice on stderr."""
    sys.stderr.write(f"dnalect: {message}\n")


def model_for(genome: Genome, name: str | None, quiet: bool = False) -> str:
    """Return `name`, or the embedded model of the reference's assembly where there is none.

    quiet: don't say which one was chosen. Raises ModelError where no embedded model is of that assembly.
    """
    if name:
        return name
    lengths = [int(length) for length in genome.lengths]
    found = sorted((card for card in embedded_cards() if card.is_of(lengths)), key=lambda card: len(card.genomes))
    if found:
        if not quiet:
            say(f"model {found[0].id}, chosen by the contig lengths of the reference")
        return found[0].id
    names = ", ".join(card.id for card in embedded_cards())
    raise ModelError(f"no embedded model is of this reference's assembly; name one with --model ({names} or a folder)")


def foreign(card: Card, genome: Genome) -> str:
    """Return the warning that the model learned from another genome, "" if it learned from this one."""
    if card.is_of([int(length) for length in genome.lengths]):
        return ""
    return (
        f"{card.id} was trained on {card.species or 'another genome'} {card.assembly}, and this reference "
        "is another one: read the scores as an extrapolation, and check them against known variants."
    )
