"""What each metric is, computed for the items as they are and for every resample of whole units.

Shapes: n items, U units, K classes or tracks, R resamples. Every function returns R + 1
values: the first is that of the items themselves.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from dnalect.stats.ranking import lasts, unit_draws
from dnalect.stats.rates import measure

BINS = 15
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Measures = dict[str, Floats]


@dataclass(frozen=True)
class Draws:
    """How often each unit counts. units: (n,) from 0. counts: (R + 1, U), the first row all ones."""

    units: Numbers
    counts: Floats

    @classmethod
    def of(cls, units: npt.NDArray[np.generic], resamples: int, seed: int) -> Self:
        """Draw whole units (n,), of any type, with replacement; with fewer than two nothing is drawn."""
        _, own = np.unique(units, return_inverse=True)
        count = int(own.max(initial=-1)) + 1
        drawn = unit_draws(count, resamples, seed) if count > 1 else np.zeros((0, count))
        return cls(own.astype(np.int64), np.concatenate([np.ones((1, count)), drawn]))

    def take(self, keep: Mask) -> "Draws":
        """Return the same draws of some items. keep: (n,)."""
        return Draws(self.units[keep], self.counts)

    def sums(self, values: Floats) -> Floats:
        """Return the sum of values (n, C) in every resample (R + 1, C)."""
        count = self.counts.shape[1]
        columns = [np.bincount(self.units, column, count) for column in values.T]
        return np.asarray(self.counts @ np.stack(columns, axis=1))


def class_measures(probabilities: Floats, truth: Numbers, draws: Draws) -> Measures:
    """MCC, accuracy, macro F1, AUROC, AUPRC, prevalence and ECE of classes.

    probabilities: (n, K). truth: (n,) 0 to K - 1. Of two classes the second is the positive
    one; of more, AUROC, AUPRC and prevalence are means over the classes, each against the rest.
    """
    classes, said = probabilities.shape[1], probabilities.argmax(axis=1)
    flat = (draws.units * classes + truth) * classes + said
    count, size = draws.counts.shape[1], classes**2
    tables = np.bincount(flat, minlength=count * size).reshape(count, size).astype(np.float64)
    drawn = (draws.counts @ tables).reshape(-1, classes, classes)
    found = {name: measure(name, drawn) for name in ("MCC", "accuracy", "macro F1")}
    each = [
        binary_measures(probabilities[:, number], truth == number, draws)
        for number in range(classes)
        if (truth == number).any() and (classes > 2 or number == 1)
    ]
    found |= {name: means([one[name] for one in each], len(draws.counts)) for name in ("AUROC", "AUPRC", "prevalence")}
    found["ECE"] = calibration_error(probabilities.max(axis=1), said == truth, draws)
    return found


def binary_measures(scores: Floats, positive: Mask, draws: Draws) -> Measures:
    """AUROC, AUPRC (average precision) and prevalence. scores, positive: (n,)."""
    from dnalect.stats.rank_kernels import separated

    order = np.argsort(scores, kind="stable")[::-1]
    auroc, auprc = separated(draws.counts, draws.units[order], positive[order], lasts(scores[order]))
    ups, total = draws.sums(np.stack([positive, np.ones(len(positive))], axis=1)).T
    prevalence = np.divide(ups, total, out=np.full(len(total), np.nan), where=total > 0)
    return {"AUROC": auroc, "AUPRC": auprc, "prevalence": prevalence}


def means(each: list[Floats], count: int) -> Floats:
    """Return the mean (R + 1,) of several measures, leaving out those that a resample does not define."""
    if not each:
        return np.full(count, np.nan)
    stacked = np.stack(each)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0).sum(axis=0)
    return np.asarray(np.divide(total, known.sum(axis=0), out=np.full(count, np.nan), where=known.any(axis=0)))


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
    error = np.abs(draws.counts @ gaps).sum(axis=1)
    return np.asarray(np.divide(error, total, out=np.full(len(total), np.nan), where=total > 0))


def signal_measures(values: Floats, truth: Floats, draws: Draws) -> Measures:
    """Pearson, Spearman, R2 and RMSE of a signal. values, truth: (n,)."""
    from dnalect.stats.rank_kernels import correlated

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
    orders = [np.argsort(each, kind="stable") for each in (values, truth)]
    pairs = [(order, lasts(each[order])) for each, order in zip((values, truth), orders, strict=True)]
    spearman = correlated(draws.counts, draws.units, *pairs[0], *pairs[1])
    rmse = np.sqrt(np.divide(error, n, out=undefined.copy(), where=n > 0))
    return {"Pearson": pearson, "Spearman": spearman, "R2": fit, "RMSE": rmse}
