"""What is embedded: windows with their place and whatever else the input says of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

Cell = str | float | int | None


@dataclass(frozen=True)
class Column:
    """A column of the output. kind: "text", "number" (float64) or "whole" (int64)."""

    name: str
    kind: str


PLACES = (
    Column("id", "text"),
    Column("contig", "text"),
    Column("start", "whole"),
    Column("end", "whole"),
    Column("strand", "text"),
)
VECTORS = "embedding"


@dataclass(frozen=True, slots=True)
class Item:
    """A sequence to embed, upper or lower case.

    contig, start, end: 0-based half-open, "", -1 and -1 where not known. strand: "+", "-" or
    ".". more: a cell for each of the source's columns.
    """

    sequence: str
    id: str
    contig: str = ""
    start: int = -1
    end: int = -1
    strand: str = "."
    more: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Source:
    """An opened input: its items in order, the columns that they have beyond PLACES, how many there are if known.

    notes: what reading left out or found, in words; complete once the items are read.
    """

    kind: str
    items: Iterator[Item]
    columns: tuple[Column, ...] = ()
    total: int | None = None
    notes: list[str] = field(default_factory=list)


def cells_of(items: Sequence[Item], columns: Sequence[Column]) -> dict[str, list[Cell]]:
    """Return name -> one cell an item, for PLACES and the source's columns."""
    cells: dict[str, list[Cell]] = {each.name: [getattr(item, each.name) for item in items] for each in PLACES}
    for number, column in enumerate(columns):
        cells[column.name] = [item.more[number] for item in items]
    return cells


def sampled(items: Iterable[Item], most: int, seed: int) -> tuple[list[Item], int]:
    """Return at most so many items, each as likely as any other, in their order; and how many there are."""
    rng, kept, total = np.random.default_rng(seed), list[tuple[int, Item]](), 0
    for total, item in enumerate(items, 1):
        if len(kept) < most:
            kept.append((total, item))
        elif (at := int(rng.integers(total))) < most:
            kept[at] = (total, item)
    return [item for _, item in sorted(kept, key=lambda each: each[0])], total


def chunks(items: Iterator[Item], most: int, bases: int) -> Iterator[list[Item]]:
    """Yield the items in lists of at most `most`, and of at most `bases` bases unless one alone has more."""
    chunk: list[Item] = []
    held = 0
    for item in items:
        if chunk and (len(chunk) == most or held + len(item.sequence) > bases):
            yield chunk
            chunk, held = [], 0
        chunk.append(item)
        held += len(item.sequence)
    if chunk:
        yield chunk
