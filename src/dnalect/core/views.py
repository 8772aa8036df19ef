"""Explanations and maps as data: what `explain` and `map` compute, and `report` draws."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.floating[Any]]
# letters, signed, heat: (L, 4) in A, C, G, T order; line: (L,); matrix: (L, L), rows what is changed or asks, columns
# what is read; curves: (n, 2D + 1), of -D to D bases away.
Kind = Literal["letters", "signed", "heat", "line", "matrix", "curves"]


@dataclass(frozen=True, eq=False)
class Track:
    """Numbers along a place, and how they are drawn.

    title: in words, with the unit. letters: heights, none negative; signed: letters above and below. heat: signed; 0
    for the base that is there. matrix, curves: none negative. unit: of the values, for what is shown of a single one.
    """

    kind: Kind
    title: str
    values: Floats
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Null:
    """The same explanation where there is nothing to explain.

    name: such as "shuffled". text: a sentence that compares the two. view: what was computed. bases: of what.
    """

    name: str
    text: str
    view: "View"
    bases: str


@dataclass(frozen=True, eq=False)
class View:
    """One explanation of one place.

    name: as `explain --show` has it. title, text: what it is, and how to read it. tracks: what is drawn, in this order.
    table: its rows as a file has them. arrays: its numbers by name. strength: (L,) how much each base counts, NaN where
    nothing is known; measure: what that is, in words, with the unit; nulls are compared by it.
    """

    name: str
    title: str
    text: str
    tracks: tuple[Track, ...]
    table: pa.Table
    arrays: dict[str, Floats]
    strength: Floats
    measure: str
    nulls: tuple[Null, ...] = ()


@dataclass(frozen=True, eq=False)
class Picture:
    """One map: who made the vectors, the method (pca, tsne, umap), n points (n, 2), and what the axes show."""

    who: str
    method: str
    points: Floats
    axes: tuple[str, str]


@dataclass(frozen=True, eq=False)
class Explained:
    """One place with its views.

    title: such as "chrI:1,001-1,200" or "chrI:1,001 A>G". contig, start: of the first base, 0-based. bases: the
    reference, L letters. changed: [start, end) of what a variant changes, within the bases, None without a variant.
    links: label and address of where to look at it.
    """

    title: str
    contig: str
    start: int
    bases: str
    views: tuple[View, ...]
    changed: tuple[int, int] | None = None
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Explanation:
    """What one page shows. facts: name -> value, what a reader needs to repeat it. notes: not to be missed."""

    title: str
    places: tuple[Explained, ...]
    facts: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the views, which are the same for every place."""
        return tuple(view.name for view in self.places[0].views)
