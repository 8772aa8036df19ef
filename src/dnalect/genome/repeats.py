"""Which bases lie in a word that occurs more than once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.tokens.bases import UNKNOWN, reverse_complement

WORD = 24
Codes = npt.NDArray[np.uint8]


def words(codes: Codes, length: int = WORD) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """Return the word that starts at each position, 2 bits a base, and whether it is without N.

    Both have max(0, L - length + 1) entries; a word with an N has an arbitrary value.
    """
    if not 1 <= length <= 32:
        raise ValueError(f"words of 1 to 32 bases fit 64 bits, not of {length}")
    count = max(0, len(codes) - length + 1)
    out = np.zeros(count, dtype=np.uint64)
    known = np.ones(count, dtype=np.bool_)
    for n in range(length):
        bases = codes[n : n + count]
        known &= bases != UNKNOWN
        out = out << np.uint64(2) | (bases & 3).astype(np.uint64)
    return out, known


def repeated(parts: Sequence[Codes], length: int = WORD) -> list[npt.NDArray[np.bool_]]:
    """Return for each part (L,) True where a base lies in a word that the parts hold more than once.

    Either strand counts; a word that is its own reverse complement counts once. Words with an
    N are in no repeat.
    """
    both = [_canonical(codes, length) for codes in parts]
    ordered = np.sort(np.concatenate([*(word[known] for word, known in both), np.zeros(0, dtype=np.uint64)]))
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    masks = []
    for codes, (word, known) in zip(parts, both, strict=True):
        depth = np.zeros(len(codes) + 1, dtype=np.int64)
        if len(twice):
            at = np.minimum(np.searchsorted(twice, word), len(twice) - 1)
            starts = np.flatnonzero((twice[at] == word) & known)
            np.add.at(depth, starts, 1)
            np.add.at(depth, starts + length, -1)
        masks.append(np.cumsum(depth)[:-1] > 0)
    return masks


def _canonical(codes: Codes, length: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    word, known = words(codes, length)
    opposite, _ = words(reverse_complement(codes), length)
    return np.minimum(word, opposite[::-1]), known
