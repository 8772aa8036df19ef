"""Backgrounds of a scoring run that the workers of an engine draw, piece by piece, before they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from dnalect.core.engines import Pool, in_order
from dnalect.core.records import Variant
from dnalect.core.reporter import phase
from dnalect.core.runs import packed, unpacked
from dnalect.inference.background import Background

# Backgrounds of numbers that the same forwards give; none where these numbers are not measured.
Family = Sequence[Background]


@dataclass(frozen=True)
class Drawing:
    """Random variants to score. family: its number. numbers: of the blocks."""

    family: int
    group: str
    band: int
    numbers: range


def drawn(families: Sequence[Family], asked: Drawing) -> bytes:
    """Return the scores of random variants, for each background of a family, as workers give them."""
    draws = [background.of(asked.group, asked.band) for background in families[asked.family]]
    return packed({str(number): each.values(asked.numbers) for number, each in enumerate(draws)}, compressed=False)


def draw_ahead(pool: Pool, families: Sequence[Family], compared: Sequence[Sequence[Variant]]) -> None:
    """Let workers score what percentiles need first, so that it is there when it is drawn.

    compared: for each family the variants that get percentiles.
    """
    asked = [
        (Drawing(number, draws.group, draws.band, numbers), draws.count(numbers))
        for number, (family, variants) in enumerate(zip(families, compared, strict=True))
        for draws, blocks in (family[0].wanted(variants) if family else ())
        for numbers in draws.missing(blocks)
    ]
    begun = (((work, count), pool.begin(work)) for work, count in asked)
    with phase("background", sum(count for _, count in asked), "variants", quiet=not asked) as bar:
        for (work, count), data in in_order(begun, pool.ahead):
            values = unpacked(data)
            for number, background in enumerate(families[work.family]):
                background.of(work.group, work.band).take(work.numbers, values[str(number)])
            bar.update(count)
