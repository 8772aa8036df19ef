"""Records in parts, so that the first rows come while most are still to be computed."""

from collections.abc import Callable, Iterator, Sequence

from dnalect.core.records import Variant

# Multiply-adds of the first part, under a second of a core, and those at which parts stop to grow, about a minute.
FIRST, MOST = 20_000_000_000, 4_000_000_000_000


def parts(
    found: Sequence[list[Variant]], stretch: int, cost: Callable[[Sequence[Variant]], int], least: int = FIRST
) -> Iterator[slice]:
    """Yield slices of records that are to be scored at once: what they share would be computed once in the whole, too.

    found: the variants of each record. stretch: those that begin in the same so many bases of a contig may share
    forwards, and stay together. cost: of variants, in multiply-adds. least: cost of the first part, if there is
    so much; every other one has twice that of the one before, up to MOST.
    """
    last = {place: number for number, mine in enumerate(found) for place in _places(mine, stretch)}
    low = begun = end = spent = 0
    for number, mine in enumerate(found):
        end = max(end, number, *(last[place] for place in _places(mine, stretch)))
        if number < end:
            continue
        spent += cost([variant for each in found[begun : number + 1] for variant in each])
        begun = number + 1
        if spent >= least or begun == len(found):
            yield slice(low, begun)
            low, spent, least = begun, 0, min(2 * least, MOST)


def _places(variants: Sequence[Variant], stretch: int) -> list[tuple[int, int]]:
    return [(variant.contig, variant.start // stretch) for variant in variants]
