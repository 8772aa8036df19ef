"""The pieces of a scoring run: what is scored at once, and what is known of it before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dnalect.core.records import Variant
from dnalect.core.structures import Rearrangement
from dnalect.genome.vcf import Record
from dnalect.inference.background.percentiles import Settled

# Of each alternate of a record the variant, or why there is none.
Found = list[Variant | str]


@dataclass(frozen=True)
class Part:
    """Records that are scored at once.

    joined: what each alternate joins, or why nothing. settled: what percentiles rest on, for who hasn't drawn it.
    """

    records: Sequence[Record]
    found: Sequence[Found]
    joined: Sequence[list[Rearrangement | str]]
    settled: Sequence[Settled] = ()


@dataclass(frozen=True)
class Piece:
    """A part, with what only its caller needs.

    contigs: of the records. compared: counts the backgrounds of a chunk for the report, once the chunk is scored.
    """

    part: Part
    contigs: Sequence[int | None]
    compared: Sequence[Callable[[], None]]
