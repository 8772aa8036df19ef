"""Which bases of a test contig could simply be copied from the training contigs."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.genome.repeats import WORD, words
from dnalect.tokens.bases import reverse_complement

TILE = 512
Codes = npt.NDArray[np.uint8]


def shared_mask(test: Codes, train: Sequence[Codes], length: int = WORD) -> npt.NDArray[np.bool_]:
    """Return (L,) True where a base lies in a word of `length` that also occurs in `train`.

    Either strand of the training contigs counts. Words with an N match nothing.
    """
    mine, known = words(test, length)
    opposite, _ = words(reverse_complement(test), length)
    # The word at i read on the other strand is word L - length - i of the reverse complement.
    wanted = np.stack([mine, opposite[::-1]])
    unique = np.unique(wanted)
    found = np.zeros(len(unique), dtype=np.bool_)
    for contig in train:
        theirs, complete = words(contig, length)
        theirs = np.sort(theirs[complete])
        if len(theirs) and len(unique):
            at = np.minimum(np.searchsorted(theirs, unique), len(theirs) - 1)
            found |= theirs[at] == unique
    hits = found[np.searchsorted(unique, wanted)].any(axis=0) & known
    depth = np.zeros(len(test) + 1, dtype=np.int64)
    starts = np.flatnonzero(hits)
    np.add.at(depth, starts, 1)
    np.add.at(depth, starts + length, -1)
    return np.cumsum(depth)[:-1] > 0


def free_tiles(shared: npt.NDArray[np.bool_], tile: int = TILE) -> npt.NDArray[np.bool_]:
    """Return (tiles,) True for each tile of `tile` bases that has no shared base.

    Tiles start at 0; the last one may be shorter.
    """
    if not len(shared):
        return np.zeros(0, dtype=np.bool_)
    return ~np.logical_or.reduceat(shared, np.arange(0, len(shared), tile))


def free_bases(shared: npt.NDArray[np.bool_], tile: int = TILE) -> npt.NDArray[np.bool_]:
    """Return (L,) True for the bases of homology-free tiles."""
    return np.repeat(free_tiles(shared, tile), tile)[: len(shared)]
