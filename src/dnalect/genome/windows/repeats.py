"""Variants in short tandem repeats, and indels that a model can copy from their neighbourhood."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes, Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.repeats import words
from dnalect.genome.windows.alleles import haplotypes
from dnalect.tokens.bases import UNKNOWN, encode, reverse_complement

# Units of 1 to 6 bases, repeated over 10 bases and three times: docs/scores.md, "Repeats".
LONGEST_UNIT, SHORTEST, TIMES = 6, 10, 3
AROUND = max(SHORTEST, LONGEST_UNIT * TIMES) - 1
# An indel of so many bases of which most lie in words of the flanks: docs/scores.md, "Copies".
COPIED_FROM, WORD, SHARE, FLANK = 50, 12, 0.5, 320


def in_repeat(codes: Codes, start: int, end: int) -> npt.NDArray[np.bool_]:
    """Return for each row (n, L) whether a tandem repeat overlaps the columns [start, end).

    codes: with AROUND bases to both sides; a repeat that touches the columns in one base counts.
    """
    found = np.zeros(len(codes), dtype=np.bool_)
    for unit in range(1, LONGEST_UNIT + 1):
        length = max(SHORTEST, unit * TIMES)
        same = (codes[:, unit:] == codes[:, :-unit]) & (codes[:, unit:] != UNKNOWN)
        run = np.cumsum(np.pad(same, ((0, 0), (1, 0))), axis=1, dtype=np.int16)
        # Column j: whether the `length` bases from j on repeat the unit.
        whole = run[:, length - unit :] - run[:, : run.shape[1] - (length - unit)] == length - unit
        found |= whole[:, max(0, start - length + 1) : end].any(axis=1)
    return found


def repetitive(variants: Sequence[Variant], genome: Genome) -> npt.NDArray[np.bool_]:
    """Return which substitutions (n,) lie in a tandem repeat with either allele; False for every other class."""
    out = np.zeros(len(variants), dtype=np.bool_)
    widths = np.array([len(v.ref) if len(v.ref) == len(v.alt) else 0 for v in variants], dtype=np.int64)
    for width in np.unique(widths[widths > 0]).tolist():
        mine = np.flatnonzero(widths == width).tolist()
        contigs = np.array([variants[n].contig for n in mine], dtype=np.int64)
        starts = np.array([variants[n].start for n in mine], dtype=np.int64)
        codes = encode(genome.windows(contigs, starts - AROUND, width + 2 * AROUND))
        out[mine] = in_repeat(codes, AROUND, AROUND + width)
        codes[:, AROUND : AROUND + width] = np.stack([variants[n].alt for n in mine])
        out[mine] |= in_repeat(codes, AROUND, AROUND + width)
    return out


def is_copy(variant: Variant, genome: Genome) -> bool:
    """Whether most bases that an indel adds or removes stand in its flanks too, on either strand.

    The same with the alleles swapped. Always False of fewer than COPIED_FROM bases.
    """
    longer = variant.alt if len(variant.alt) > len(variant.ref) else variant.ref
    if abs(len(variant.alt) - len(variant.ref)) < COPIED_FROM:
        return False
    reference, alternate = haplotypes(variant, genome, FLANK)
    whole = alternate if longer is variant.alt else reference
    left, right = whole[:FLANK], whole[FLANK + len(longer) :]
    known = [words(side, WORD) for flank in (left, right) for side in (flank, reverse_complement(flank))]
    flanks = np.concatenate([word[clear] for word, clear in known])
    word, clear = words(longer, WORD)
    covered = np.zeros(len(longer) + 1, dtype=np.int64)
    starts = np.flatnonzero(clear & np.isin(word, flanks))
    np.add.at(covered, starts, 1)
    np.add.at(covered, starts + WORD, -1)
    return bool((np.cumsum(covered)[:-1] > 0).mean() > SHARE)
