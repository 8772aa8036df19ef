"""Which bases a likelihood is measured on, and which ones its Markov rivals learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnalect.core.errors import InputError
from dnalect.core.reporter import say, warn
from dnalect.genome.fasta import Genome
from dnalect.genome.regions import Region, format_region, merge, overlap, parse_regions, read_regions, subtract
from dnalect.models.card import Card

# Bases that stand for a genome of which no test regions are known, in pieces of so many.
SHARE, PIECE = 2_000_000, 100_000
# Bases that rivals learn from at most, and the fewest that make a rival.
MOST, FEWEST = 16_000_000, 20_000


@dataclass(frozen=True)
class Parts:
    """Regions as texts. test: measured on. train, validate: of the rivals, empty where nothing is left."""

    test: list[str]
    train: list[str]
    validate: list[str]


def parts_for(
    genome: Genome, card: Card, regions: Sequence[str] = (), rivals: bool = True, rename: str | None = None
) -> Parts:
    """Return what to measure a model on.

    regions: texts or BED files; none for the test regions of the model's card, of a genome that it
    doesn't name for the whole, or 2 Mb spread over it. rename: as `ContigNames` has it. rivals:
    whether there are any; they learn from the card's other regions where these leave the measured
    ones alone, else from the rest of the FASTA, 16 Mb at most.
    Says what was chosen, and how much of it the model saw in training.
    """
    told = next((each for each in card.genomes if set(genome.names) & set(each.contigs) and each.test), None)
    if told is not None and not regions:
        return Parts(told.test, told.train, told.validate)
    chosen = merge(read_regions(genome, regions, rename)) if regions else _spread(genome)
    if not chosen:
        raise InputError("the regions hold no base")
    _tell_seen(genome, card, chosen)
    test = _texts(genome, chosen)
    if not rivals:
        return Parts(test, [], [])
    if told is not None and _apart(genome, chosen, [*told.train, *told.validate]):
        return Parts(test, told.train, told.validate)
    train, validate = _rest(genome, chosen)
    if not train:
        say("no other sequence is left in the FASTA for Markov rivals to learn from: there are none")
    return Parts(test, _texts(genome, train), _texts(genome, validate))


def _texts(genome: Genome, regions: Sequence[Region]) -> list[str]:
    return [format_region(region, genome.names, genome.lengths) for region in regions]


def _whole(genome: Genome) -> list[Region]:
    return [Region(number, 0, int(length)) for number, length in enumerate(genome.lengths) if length]


def _pieces(regions: Sequence[Region]) -> list[Region]:
    return [
        Region(region.contig, low, min(low + PIECE, region.end))
        for region in regions
        for low in range(region.start, region.end, PIECE)
    ]


def _some(regions: Sequence[Region], bases: int) -> list[Region]:
    """Return pieces of the regions, evenly spread, of about so many bases together; all where there are no more."""
    if sum(map(len, regions)) <= bases:
        return list(regions)
    pieces = _pieces(regions)
    return [pieces[at] for at in np.linspace(0, len(pieces) - 1, bases // PIECE).astype(int).tolist()]


def _spread(genome: Genome) -> list[Region]:
    whole = _whole(genome)
    chosen = merge(_some(whole, SHARE))
    if sum(map(len, chosen)) < sum(map(len, whole)):
        say(f"measured on {sum(map(len, chosen)):,} bases spread over {genome.path.name}; --regions chooses others")
    return chosen


def _apart(genome: Genome, chosen: Sequence[Region], texts: Sequence[str]) -> bool:
    """Whether none of the chosen regions touches those of the card, all of which the FASTA has."""
    if not all(text in genome.index or text.rpartition(":")[0] in genome.index for text in texts):
        return False
    return overlap(chosen, parse_regions(genome, texts)) is None


def _rest(genome: Genome, chosen: Sequence[Region]) -> tuple[list[Region], list[Region]]:
    """Return what rivals count on and tune on: pieces of the rest, every tenth for tuning."""
    rest = [region for region in subtract(_whole(genome), chosen) if len(region) >= 100]
    pieces = _some(_pieces(rest), MOST)
    if sum(map(len, pieces)) < FEWEST:
        return [], []
    if len(pieces) == 1:
        (only,) = pieces
        cut = only.end - len(only) // 10
        return [Region(only.contig, only.start, cut)], [Region(only.contig, cut, only.end)]
    tuned = pieces[::10]
    return merge(piece for piece in pieces if piece not in set(tuned)), merge(tuned)


def _tell_seen(genome: Genome, card: Card, chosen: Sequence[Region]) -> None:
    lengths = genome.lengths
    seen = sum(len(r) for r in _pieces(chosen) if card.saw(int(lengths[r.contig]), r.start, r.end))
    if seen:
        share = seen / sum(map(len, chosen))
        warn(f"{card.id} learned from {share:.0%} of these bases: there it does better than on others")
