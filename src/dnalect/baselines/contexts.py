"""Base counts of every context of 0 to 24 neighbours, from one sorted array.

A context is written nearest neighbour first into the high bits of a 64-bit key, so the
positions that share their n nearest neighbours are one range of the sorted keys.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from dnalect.tokens.bases import UNKNOWN, reverse_complement

MAX_ORDER = 24
Side = Literal["one", "two"]
Codes = npt.NDArray[np.uint8]


def neighbours(side: Side, order: int) -> list[int]:
    """Offsets of the bases of a context, nearest first: -1, -2, ... or -1, +1, -2, +2, ..."""
    if side == "one":
        return [-(n + 1) for n in range(order)]
    return [(n // 2 + 1) * (1 if n % 2 else -1) for n in range(order)]


def context_keys(
    codes: Codes, side: Side, order: int = MAX_ORDER
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int8]]:
    """Return the key of every position of a contig (L,) and its depth (L,).

    codes: (L,) base codes. key: neighbour n in the bits 62 - 2n and 63 - 2n. depth: how many
    neighbours are known before the first that is N or beyond the contig; later ones are 0 bits.
    """
    length = len(codes)
    padded = np.full(length + 2 * order, UNKNOWN, dtype=np.uint8)
    padded[order : order + length] = codes
    keys = np.zeros(length, dtype=np.uint64)
    depth = np.zeros(length, dtype=np.int8)
    known = np.ones(length, dtype=np.bool_)
    for n, offset in enumerate(neighbours(side, order)):
        bases = padded[order + offset : order + offset + length]
        known &= bases != UNKNOWN
        depth += known
        keys |= np.where(known, bases, 0).astype(np.uint64) << np.uint64(62 - 2 * n)
    return keys, depth


class ContextCounts:
    """How often each base stands in each context, on both strands of some contigs.

    A position is counted where all `order` neighbours are known, so that the counts of
    longer contexts always add up to those of shorter ones.
    """

    def __init__(self, contigs: Sequence[Codes], side: Side, order: int = MAX_ORDER):
        if not 0 <= order <= MAX_ORDER:
            raise ValueError(f"the order must lie in 0 to {MAX_ORDER}, not {order}")
        self.side, self.order = side, order
        parts = []
        for contig in contigs:
            for strand in (contig, reverse_complement(contig)):
                keys, depth = context_keys(strand, side, order)
                whole = (depth == order) & (strand != UNKNOWN)
                parts.append(keys[whole] | strand[whole])  # the base itself in the lowest bits
        self._keys = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)
        self._keys.sort()
        bases = (self._keys & np.uint64(3)).astype(np.uint8)
        self._before = np.zeros((len(bases) + 1, 4), dtype=np.int32)
        for base in range(4):
            np.cumsum(bases == base, out=self._before[1:, base], dtype=np.int32)

    def look_up(self, codes: Codes) -> Iterator[tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]]:
        """Yield, for the orders 0, 1, ..., the counts (L, 4) and where the context is known (L,).

        Where it is not, because of an N or the end of the contig, the counts are 0.
        """
        keys, depth = context_keys(codes, self.side, self.order)
        by_key = np.argsort(keys)
        ordered = keys[by_key]
        low = np.zeros(len(codes), dtype=np.int64)
        high = np.zeros(len(codes), dtype=np.int64)
        for order in range(self.order + 1):
            rest = np.uint64((1 << (64 - 2 * order)) - 1)
            low[by_key] = np.searchsorted(self._keys, ordered & ~rest, side="left")
            high[by_key] = np.searchsorted(self._keys, ordered | rest, side="right")
            known = depth >= order
            counts = self._before[high] - self._before[low]
            counts[~known] = 0
            yield counts, known
