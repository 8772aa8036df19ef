"""What each metric is, computed for the items as they are and for every resample of whole units.

Shapes: n items, U units, K classes or tracks, R resamples. Every function returns R + 1
values: the first is that of the items themselves.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.stats.draws import Draws, agreement, divided

BINS = 15
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Measures = dict[str, Floats]


def class_measures(probabilities: Floats, truth: Numbers, draws: Draws) -> Measures:
    """MCC, accuracy, macro F1, AUROC, AUPRC, prevalence and ECE of classes.

    probabilities: (n, K). truth: (n,) 0 to K - 1. Of two classes the second is the positive
    one; of more, AUROC, AUPRC and prevalence are means over the classes, each against the rest.
    """
    classes, said = probabilities.shape[1], probabilities.argmax(axis=1)
    drawn = draws.confusions(said, truth, classes)
    found = {name: agreement(name, drawn) for name in ("MCC", "accuracy", "macro F1")}
    each = [
        binary_measures(probabilities[:, number], truth == number, draws)
        for number in range(classes)
        if (truth == number).any() and (classes > 2 or number == 1)
    ]
    undefined = np.full(len(draws.counts), np.nan)
    for name in ("AUROC", "AUPRC", "prevalence"):
        found[name] = means([one[name] for one in each]) if each else undefined
    found["ECE"] = calibration_error(probabilities.max(axis=1), said == truth, draws)
    return found


def binary_measures(scores: Floats, positive: Mask, draws: Draws) -> Measures:
    """AUROC, AUPRC (average precision) and prevalence. scores, positive: (n,)."""
    auroc, auprc = draws.ranked(scores, positive)
    return {"AUROC": auroc, "AUPRC": auprc, "prevalence": draws.mean(positive)}


def among_first(score: Floats, hit: Mask, weights: Floats, count: float | Floats) -> Floats:
    """Return the share of hits (R,) among the items with the highest scores, in every resample.

    score, hit: (n,). weights (R, n): how often an item was drawn. count: how many items come
    first, or (R,).
    """
    order = np.argsort(-score, kind="stable")
    drawn = weights[:, order]
    before = np.cumsum(drawn, axis=1) - drawn
    size = np.broadcast_to(np.asarray(count, dtype=np.float64), len(drawn))
    first = np.clip(size[:, None] - before, 0, drawn)
    return np.asarray((first @ hit[order].astype(np.float64)) / first.sum(axis=1))


def means(each: Sequence[Floats]) -> Floats:
    """Return the mean (R + 1,) of one measure or more, leaving out those that a resample does not define."""
    known = np.isfinite(each)
    return divided(np.where(known, each, 0).sum(axis=0), known.sum(axis=0))


def bin_numbers(values: Floats, bins: int = BINS) -> Numbers:
    """Return the bin (n,) of each value: about as many in each; equal values share one."""
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins)) if len(values) else np.zeros(0)
    return np.searchsorted(edges, values, side="left").astype(np.int64)


def calibration_error(confidence: Floats, right: Mask, draws: Draws, bins: int = BINS) -> Floats:
    """Expected calibration error: mean gap of confidence (n,) and share of right (n,), over bins of equal mass.

    The bins are those of all items, in every resample.
    """
    number, count = bin_numbers(confidence, bins), draws.counts.shape[1]
    gaps = np.bincount(draws.units * bins + number, confidence - right, count * bins).reshape(count, bins)
    total = draws.sums(np.ones((len(right), 1)))[:, 0]
    return divided(np.abs(draws.counts @ gaps).sum(axis=1), total)


def signal_measures(values: Floats, truth: Floats, draws: Draws) -> Measures:
    """Pearson, Spearman, R2 and RMSE of a signal. values, truth: (n,)."""
    # Centred first: sums of squares of large values would cancel.
    x, y = (each - each.mean() if len(each) else each for each in (values, truth))
    columns = [np.ones(len(x)), x, x * x, y, y * y, x * y, (values - truth) ** 2]
    n, sx, sxx, sy, syy, sxy, error = draws.sums(np.stack(columns, axis=1)).T
    x_spread, y_spread = n * sxx - sx * sx, n * syy - sy * sy
    floor = 1e-12 * n * n
    some, both = y_spread > floor, (x_spread > floor * max(1e-12, sxx[0])) & (y_spread > floor * max(1e-12, syy[0]))
    undefined = np.full(len(n), np.nan)
    pearson, fit = undefined.copy(), undefined.copy()
    pearson[both] = (n * sxy - sx * sy)[both] / np.sqrt(x_spread[both] * y_spread[both])
    fit[some] = 1 - (n * error)[some] / y_spread[some]
    return {
        "Pearson": pearson,
        "Spearman": draws.spearman(values, truth),
        "R2": fit,
        "RMSE": np.sqrt(divided(error, n)),
    }
