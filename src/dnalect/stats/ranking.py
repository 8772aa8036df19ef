"""How well scores rank, in one number: AUROC and Spearman. `draws` has them with intervals."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Units = npt.NDArray[np.int64]


def ranks(values: npt.NDArray[np.floating]) -> Floats:
    """Return the rank of each value from 1 on (n,); equal values share their mean rank."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray(last - (counts - 1) / 2, dtype=np.float64)[group]


def quantiles_within(values: npt.NDArray[np.floating], stratum: Units) -> Floats:
    """Return where each value stands within its stratum (n,), between 0 and 1; equal values share their mean place.

    Pairs of different strata no longer add noise to an AUROC when the strata differ in level.
    """
    order = np.lexsort((values, stratum))
    ordered, own = values[order], stratum[order]
    first = np.ones(len(values), dtype=bool)
    first[1:] = (ordered[1:] != ordered[:-1]) | (own[1:] != own[:-1])
    group = np.cumsum(first) - 1
    counts = np.bincount(group)
    middle = (np.cumsum(counts) - counts / 2)[group]
    begin, end = np.searchsorted(own, own, side="left"), np.searchsorted(own, own, side="right")
    out = np.zeros(len(values))
    out[order] = (middle - begin) / (end - begin)
    return out


def auroc(scores: npt.NDArray[np.floating], positive: Mask) -> float:
    """Return the chance that a positive outscores a negative, ties half; NaN without one of either."""
    count = int(positive.sum())
    others = len(positive) - count
    if not (count and others):
        return float("nan")
    return float((ranks(scores)[positive].sum() - count * (count + 1) / 2) / (count * others))


def spearman(values: npt.NDArray[np.floating], truth: npt.NDArray[np.floating]) -> float:
    """Return the rank correlation of two columns (n,); NaN where one is constant."""
    both = ranks(values), ranks(truth)
    return float(np.corrcoef(*both)[0, 1]) if all(each.std() > 0 for each in both) else float("nan")
