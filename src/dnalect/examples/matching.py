"""Two groups made alike: the same number of items, or one fixed multiple, in every stratum."""

import numpy as np
import numpy.typing as npt

MOST = 10
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def strata(*columns: npt.NDArray[np.generic]) -> Numbers:
    """Return one number (n,) per distinct combination of the columns (n,)."""
    numbers = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, own = np.unique(column, return_inverse=True)
        _, numbers = np.unique(numbers * (int(own.max(initial=0)) + 1) + own, return_inverse=True)
    return numbers


def matched(positive: Mask, stratum: Numbers, seed: int = 0, most: int = MOST) -> Numbers:
    """Return the sorted numbers of items whose groups are alike: r negatives a positive in every stratum.

    positive: (n,) the group. stratum: (n,), from `strata`. Surplus items are left out at random.
    r (1 to `most`) is the ratio that keeps most information, counted as pairs / (1 + 1 / r).
    """
    size = int(stratum.max(initial=-1)) + 1
    ups, downs = (np.bincount(stratum[group], minlength=size) for group in (positive, ~positive))
    ratios = np.arange(1, most + 1)
    kept = np.array([np.minimum(ups, downs // ratio).sum() for ratio in ratios])
    ratio = int(ratios[np.argmax(kept / (1 + 1 / ratios))])
    take = np.minimum(ups, downs // ratio)
    chosen = [_first(positive, stratum, take, seed), _first(~positive, stratum, take * ratio, seed + 1)]
    return np.sort(np.concatenate(chosen))


def _first(group: Mask, stratum: Numbers, take: Numbers, seed: int) -> Numbers:
    """The first take[s] of the group's shuffled items of every stratum s."""
    items = np.random.default_rng(seed).permutation(np.flatnonzero(group))
    items = items[np.argsort(stratum[items], kind="stable")]
    own = stratum[items]
    starts = np.searchsorted(own, own, side="left")
    return np.asarray(items[np.arange(len(items)) - starts < take[own]], dtype=np.int64)
