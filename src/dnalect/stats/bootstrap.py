"""Means with 95% intervals that respect the correlation of neighbouring bases.

Whole blocks of the genome are drawn with replacement, the same draws for every quantity,
so that the difference of two models is compared base by base.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.figures import Estimate

__all__ = ["BLOCK", "RESAMPLES", "BlockBootstrap", "Estimate", "block_numbers", "block_of"]

BLOCK = 10_000
RESAMPLES = 10_000


def block_of(contig: npt.NDArray[np.int64], position: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number of the 10-kb block of each position (n,); no block spans two contigs."""
    return np.asarray(contig * 1_000_000 + position // BLOCK, dtype=np.int64)


def block_numbers(lengths: Sequence[int], block: int = BLOCK) -> npt.NDArray[np.int64]:
    """Return the block of every base of contigs laid end to end; no block spans two contigs."""
    parts, first = [np.zeros(0, dtype=np.int64)], 0
    for length in lengths:
        parts.append(first + np.arange(length) // block)
        first += -(-length // block)
    return np.concatenate(parts)


class BlockBootstrap:
    """Draws of blocks, made once and used for every quantity over the same bases.

    blocks: (L,) block of each base. keep: (L,) bases that count; blocks without any are left
    out. Each resample's mean is the sum over its blocks divided by their number of bases.
    """

    def __init__(
        self,
        blocks: npt.NDArray[np.int64],
        keep: npt.NDArray[np.bool_],
        resamples: int = RESAMPLES,
        seed: int = 0,
    ):
        self._at = np.flatnonzero(keep)
        _, self._blocks = np.unique(blocks[self._at], return_inverse=True)
        self._sizes = np.bincount(self._blocks).astype(np.float64)
        count = len(self._sizes)
        rng = np.random.default_rng(seed)
        self._draws = np.zeros((resamples, count), dtype=np.uint16)
        if count > 1:
            for start in range(0, resamples, 500):
                rows = min(500, resamples - start)
                self._draws[start : start + rows] = rng.multinomial(count, np.full(count, 1 / count), rows)

    @property
    def bases(self) -> int:
        """How many bases count."""
        return len(self._at)

    def mean(self, values: npt.NDArray[np.floating]) -> Estimate:
        """Return the mean of values (L,) over the bases that count, with its interval."""
        if not self.bases:
            return Estimate(np.nan, np.nan, np.nan)
        sums = np.bincount(self._blocks, values[self._at], len(self._sizes))
        mean = float(sums.sum() / self._sizes.sum())
        if len(self._sizes) < 2:
            return Estimate(mean, np.nan, np.nan)
        means = (self._draws @ sums) / (self._draws @ self._sizes)
        low, high = np.quantile(means, [0.025, 0.975])
        return Estimate(mean, float(low), float(high))

    def difference(self, values: npt.NDArray[np.floating], rival: npt.NDArray[np.floating]) -> Estimate:
        """Return the mean of values - rival; an interval below 0 means that values are lower."""
        return self.mean(np.subtract(values, rival, dtype=np.float64))
