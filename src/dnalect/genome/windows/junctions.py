"""Where two sides of the genome meet: one form for each junction, and the haplotypes around it."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dnalect.core.measures import StructuralClass
from dnalect.core.records import Codes, Reason
from dnalect.core.structures import NOTHING, Junction, Rearrangement, Side
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import MIN_FLANK
from dnalect.tokens.bases import UNKNOWN, encode, reverse_complement

STEP = 256
# Bases that both sides share from which a junction is flagged.
HOMOLOGY = 20


class Joint(NamedTuple):
    """The window over a junction, and what the reference has on either side of it.

    joined: `left` bases that are kept, `shared` ones by which the junction can slide, inserted ones, `right` bases that
    are kept. before: the same left and shared bases, and what comes after them in the reference. after: what comes
    before the same shared and right bases, and these. Without unknown bases; empty where a side is an insertion's.
    """

    joined: Codes
    before: Codes
    after: Codes
    left: int
    shared: int
    right: int


def read(genome: Genome, side: Side, low: int, high: int) -> Codes:
    """Return the bases [low, high) from a side on, in its own direction; negative ones come before it."""
    if side.turned:
        return reverse_complement(encode(genome.fetch(side.contig, side.at - high, side.at - low)))
    return encode(genome.fetch(side.contig, side.at + low, side.at + high))


def settled(junction: Junction, genome: Genome, longest: int) -> Junction | str:
    """Return the one form of a junction, the same from either strand and either record, or the reason for no score.

    Inserted bases that the reference has anyway become its own, and the junction slides to its left end. There is no
    score where both sides share more than `longest` bases, or too few are known.
    """
    left, right, inserted = junction.left, junction.right, junction.inserted
    if size := len(inserted):
        first = _alike(read(genome, left, 0, size), inserted)
        last = min(_alike(read(genome, right, -size, 0)[::-1], inserted[::-1]), size - first)
        left, right, inserted = left.moved(first), right.moved(-last), inserted[first : size - last]
    shared = 0
    if left == right and not len(inserted):
        return Reason.NOT_STRUCTURAL
    if not len(inserted):
        back = _room(genome, left, right, -1, longest)
        shared = back + _room(genome, left, right, 1, longest)
        left, right = left.moved(-back), right.moved(-back)
    if shared > longest:
        return Reason.HOMOLOGY
    known = min(
        len(_end(read(genome, left, -MIN_FLANK, 0))), len(_start(read(genome, right, shared, shared + MIN_FLANK)))
    )
    if known < MIN_FLANK:
        return f"{Reason.CONTIG_EDGE}:{known}"
    return _oriented(Junction(left, right, inserted, shared))


def _oriented(junction: Junction) -> Junction:
    """The junction, or the same read from the other strand: that whose left side comes first."""
    left, right = junction.left.moved(junction.shared), junction.right.moved(junction.shared)
    turned = Junction(_turned(right), _turned(left), reverse_complement(junction.inserted), junction.shared)
    keys = [
        (each.left.turned and each.right.turned, each.left.contig, each.left.at, each.left.turned)
        for each in (junction, turned)
    ]
    return junction if keys[0] <= keys[1] else turned


def _turned(side: Side) -> Side:
    return replace(side, turned=not side.turned)


def _alike(one: Codes, other: Codes) -> int:
    """How many bases both begin with."""
    return int(np.cumprod((one == other) & (one != UNKNOWN)).sum())


def _room(genome: Genome, left: Side, right: Side, way: int, longest: int) -> int:
    """How far a junction slides forwards (way 1) or backwards (-1), up to a little more than `longest`."""
    room = 0
    while room <= longest:
        span = (room, room + STEP) if way > 0 else (-room - STEP, -room)
        agree = _alike(read(genome, left, *span)[::way], read(genome, right, *span)[::way])
        room += agree
        if agree < STEP:
            break
    return room


def classed(junction: Junction) -> tuple[StructuralClass, int]:
    """Return the class and the size of what a settled junction alone makes."""
    left, right = junction.left, junction.right
    if left.contig != right.contig:
        return "sv_translocation", 1
    if left.turned != right.turned:
        return "sv_breakend", max(1, abs(left.at - right.at))
    more, added = left.at - right.at, len(junction.inserted)
    size = max(added, added + more, -more)
    if added + more <= 0:
        return "sv_deletion", size
    return ("sv_duplication" if more > added else "sv_insertion"), size


def unknown_near(junction: Junction, genome: Genome, reach: int) -> bool:
    """Whether an unknown base lies so near to one of the sides."""
    return any((read(genome, side, -reach, reach) == UNKNOWN).any() for side in (junction.left, junction.right))


def joints(variant: Rearrangement, genome: Genome, flank: int, longest: int) -> list[list[Joint]]:
    """Return the windows of each junction: one; two where the insertion is longer than `longest` or unknown inside."""
    return [_joints(junction, genome, flank, longest) for junction in variant.junctions]


def _joints(junction: Junction, genome: Genome, flank: int, longest: int) -> list[Joint]:
    left, right, inserted, shared = junction.left, junction.right, junction.inserted, junction.shared
    kept, next_kept = _end(read(genome, left, -flank, 0)), _start(read(genome, right, shared, shared + flank))
    both = read(genome, left, 0, shared)
    before = np.concatenate([kept, both, _start(read(genome, left, shared, shared + flank))])
    after = np.concatenate([_end(read(genome, right, -flank, 0)), both, next_kept])
    if len(inserted) <= longest and not (inserted == UNKNOWN).any():
        joined = np.concatenate([kept, both, inserted, next_kept])
        return [Joint(joined, before, after, len(kept), shared, len(next_kept))]
    into = np.concatenate([kept, _start(inserted[:flank])])
    out = np.concatenate([_end(inserted[-flank:]), next_kept])
    return [Joint(into, before, NOTHING, len(kept), 0, 0), Joint(out, NOTHING, after, 0, 0, len(next_kept))]


def _start(codes: Codes) -> Codes:
    """The bases before the first unknown one."""
    unknown = np.flatnonzero(codes == UNKNOWN)
    return codes[: unknown[0]] if len(unknown) else codes


def _end(codes: Codes) -> Codes:
    """The bases after the last unknown one."""
    unknown = np.flatnonzero(codes == UNKNOWN)
    return codes[unknown[-1] + 1 :] if len(unknown) else codes
