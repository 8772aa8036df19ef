"""Accuracy, balanced accuracy, macro F1 and Matthews correlation of labels, with intervals from whole units.

A unit is what varies together, as in `evaluate.ranking`, whose draws these are. Shapes: n
items, K classes, R resamples.
"""

import numpy as np
import numpy.typing as npt

from dnalect.stats.bootstrap import Estimate
from dnalect.stats.ranking import RESAMPLES, interval, unit_draws

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
METRICS = ("accuracy", "balanced accuracy", "macro F1", "MCC")


class LabelBootstrap:
    """Agreement of many labellings with one truth. truth (n,): 0 to classes - 1. units (n,)."""

    def __init__(self, truth: Numbers, classes: int, units: Numbers, resamples: int = RESAMPLES, seed: int = 0):
        self.truth, self.classes = truth, classes
        _, self._units = np.unique(units, return_inverse=True)
        self._count = int(self._units.max()) + 1 if len(units) else 0
        self._draws = unit_draws(self._count, resamples, seed) if self._count > 1 else np.zeros((0, self._count))

    def value(self, metric: str, labels: Numbers) -> Estimate:
        """Return a metric of METRICS of labels (n,) with its interval."""
        return interval(*self._both(metric, labels))

    def difference(self, metric: str, labels: Numbers, rival: Numbers) -> Estimate:
        """Return the labels' metric minus the rival's, paired; above 0 the labels are better."""
        (mine, samples), (theirs, others) = self._both(metric, labels), self._both(metric, rival)
        return interval(mine - theirs, samples - others)

    def _both(self, metric: str, labels: Numbers) -> tuple[float, Floats]:
        size = self.classes**2
        flat = (self._units * self.classes + self.truth) * self.classes + labels
        tables = np.bincount(flat, minlength=self._count * size).reshape(self._count, size).astype(np.float64)
        whole = tables.sum(axis=0, keepdims=True)
        values = measure(metric, np.concatenate([whole, self._draws @ tables]).reshape(-1, self.classes, self.classes))
        return float(values[0]), values[1:]


def measure(metric: str, tables: Floats) -> Floats:
    """Return a metric of METRICS (R,) of confusion tables (R, K, K), truth first; absent classes do not count."""
    right = np.einsum("rkk->rk", tables)
    true, said = tables.sum(axis=2), tables.sum(axis=1)
    total = true.sum(axis=1)
    if metric == "accuracy":
        return np.asarray(np.divide(right.sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0))
    if metric == "macro F1":
        met = true + said > 0
        each = np.divide(2 * right, true + said, out=np.zeros_like(right), where=met)
        return np.asarray(each.sum(axis=1) / np.maximum(met.sum(axis=1), 1))
    if metric == "balanced accuracy":
        present = true > 0
        recalls = np.divide(right, true, out=np.zeros_like(right), where=present)
        return np.asarray(recalls.sum(axis=1) / present.sum(axis=1))
    if metric == "MCC":
        above = right.sum(axis=1) * total - (true * said).sum(axis=1)
        below = np.sqrt((total**2 - (said**2).sum(axis=1)) * (total**2 - (true**2).sum(axis=1)))
        return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below > 0))
    raise ValueError(f"no metric {metric!r}: {', '.join(METRICS)}")
