"""The records of structural variants: sides that are joined, and what a model says of where they meet."""

from dataclasses import dataclass

import numpy as np

from dnalect.core.measures import StructuralClass
from dnalect.core.records import Codes, Variant

NOTHING: Codes = np.empty(0, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Side:
    """A boundary between two bases, and the direction in which it is read.

    contig: its number. at: bases of the contig before it, 0-based. turned: read backwards, as the reverse complement.
    """

    contig: int
    at: int
    turned: bool = False

    def moved(self, bases: int) -> "Side":
        """Return the side so many bases further in its own direction."""
        return Side(self.contig, self.at - bases if self.turned else self.at + bases, self.turned)


@dataclass(frozen=True, slots=True)
class Junction:
    """Two sides that become neighbours: bases that end at `left`, then `inserted`, then those that begin at `right`.

    shared: bases from both sides on, by which the junction can slide to the right.
    """

    left: Side
    right: Side
    inserted: Codes
    shared: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rearrangement(Variant):
    """A structural variant as its junctions: [start, end) of the contig is its place, `ref` and `alt` are empty.

    structure: its class. size: bases between the breakpoints, or inserted ones; 1 where there is no such number. marks:
    flags of its scores. event: what its records have in common, "" where nothing.
    """

    structure: StructuralClass
    size: int
    junctions: tuple[Junction, ...]
    marks: tuple[str, ...] = ()
    event: str = ""

    @property
    def kind(self) -> StructuralClass:
        """The class of structural variants."""
        return self.structure

    @property
    def changed(self) -> int:
        """The size, as what it is compared with has it."""
        return self.size

    @property
    def flags(self) -> tuple[str, ...]:
        """What its scores are flagged with."""
        return self.marks
