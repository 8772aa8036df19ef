"""How well scores rank: AUROC and Spearman, with intervals from whole units drawn with replacement.

A unit is what varies together: a promoter, a gene, a 10-kb block. All scores of one set of
items share the draws, so that the difference of two scores is paired.
"""

import numpy as np
import numpy.typing as npt

from dnalect.stats.bootstrap import Estimate

RESAMPLES = 2_000

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Units = npt.NDArray[np.int64]


def unit_draws(units: int, resamples: int = RESAMPLES, seed: int = 0) -> npt.NDArray[np.float64]:
    """Return how often each unit is drawn, (resamples, units); every row sums to `units`."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(units, np.full(units, 1 / units), resamples).astype(np.float64)


def interval(value: float, samples: Floats) -> Estimate:
    """Return the value with the middle 95% of the samples; NaN bounds where a sample is undefined."""
    known = samples[np.isfinite(samples)]
    if len(known) < 0.99 * len(samples) or not len(known):
        return Estimate(float(value), np.nan, np.nan)
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))


def ranks(values: npt.NDArray[np.floating]) -> Floats:
    """Return the rank of each value from 1 on (n,); equal values share their mean rank."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray(last - (counts - 1) / 2, dtype=np.float64)[group]


def lasts(ordered: npt.NDArray[np.generic]) -> Mask:
    """Return (n,) where the next of ordered values is another one, or there is none."""
    return np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, dtype=np.bool_)


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


class AurocBootstrap:
    """AUROCs of many scores on the same items.

    positive: (n,) which items should score higher. units: (n,) unit of each item.
    resamples, seed: of the draws; 2,000 and 0. among: units to draw from, those of the items
    where it is None; given alike, the draws of different items are the same.
    """

    def __init__(
        self, positive: Mask, units: Units, resamples: int = RESAMPLES, seed: int = 0, among: Units | None = None
    ):
        self.positive = positive
        known = np.unique(units if among is None else among)
        self._units = np.searchsorted(known, units)
        count = len(known)
        self._draws = unit_draws(count, resamples, seed) if count > 1 else np.zeros((0, count))

    def value(self, scores: npt.NDArray[np.floating]) -> Estimate:
        """Return the AUROC of scores (n,) with its interval."""
        return interval(auroc(scores, self.positive), self.samples(scores))

    def difference(self, scores: npt.NDArray[np.floating], rival: npt.NDArray[np.floating]) -> Estimate:
        """Return AUROC(scores) - AUROC(rival), paired; above 0 the scores are better."""
        value = auroc(scores, self.positive) - auroc(rival, self.positive)
        return interval(value, self.samples(scores) - self.samples(rival))

    def samples(self, scores: npt.NDArray[np.floating]) -> Floats:
        """Return the AUROC of every resample (resamples,)."""
        from dnalect.stats.rank_kernels import separated

        order = np.argsort(scores, kind="stable")[::-1]
        return np.asarray(separated(self._draws, self._units[order], self.positive[order], lasts(scores[order]))[0])


class SpearmanBootstrap:
    """Spearman correlations of many scores with one truth.

    truth: (n,). units: (n,) unit of each item. The ranks are those of all items in every
    resample, so that each resample is a few sums over units: the intervals of correlations
    above 0.8 come out up to a tenth too narrow, those below are right.
    """

    def __init__(self, truth: npt.NDArray[np.floating], units: Units, resamples: int = RESAMPLES, seed: int = 0):
        self._truth = _standard(ranks(truth))
        _, self._units = np.unique(units, return_inverse=True)
        self._count = int(self._units.max()) + 1 if len(units) else 0
        self._draws = unit_draws(self._count, resamples, seed) if self._count > 1 else np.zeros((0, self._count))
        self._sizes = self._summed(np.ones(len(truth)))
        self._truth_sums = self._summed(self._truth), self._summed(self._truth**2)

    def _summed(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self._units, values, self._count), dtype=np.float64)

    def value(self, scores: npt.NDArray[np.floating]) -> Estimate:
        """Return the correlation of scores (n,) with the truth, with its interval; NaN if constant."""
        return interval(*self._both(scores))

    def difference(self, scores: npt.NDArray[np.floating], rival: npt.NDArray[np.floating]) -> Estimate:
        """Return the scores' correlation minus the rival's, paired; above 0 the scores are better."""
        (mine, samples), (theirs, others) = self._both(scores), self._both(rival)
        return interval(mine - theirs, samples - others)

    def _both(self, scores: npt.NDArray[np.floating]) -> tuple[float, Floats]:
        own = _standard(ranks(scores))
        value = float((own * self._truth).mean()) if len(own) else float("nan")
        first, second = self._truth_sums
        sums = np.stack([self._sizes, self._summed(own), self._summed(own**2), first, second])
        n, x, xx, y, yy = (self._draws @ each for each in sums)
        xy = self._draws @ self._summed(own * self._truth)
        spread = (n * xx - x * x) * (n * yy - y * y)
        samples = np.full(len(n), np.nan)
        usable = spread > 0
        samples[usable] = (n * xy - x * y)[usable] / np.sqrt(spread[usable])
        return value, samples


def _standard(values: Floats) -> Floats:
    spread = values.std() if len(values) else 0.0
    return (values - values.mean()) / spread if spread > 0 else np.full(len(values), np.nan)


def group_means(
    values: npt.NDArray[np.floating], groups: Units, count: int, units: Units, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Floats, Floats]:
    """Return the mean of values (n,) in each of `count` groups and that of every resample.

    groups: (n,) from 0. units: (n,) what is drawn with replacement. Shapes (count,) and
    (resamples, count); NaN where a group is empty.
    """
    known, own = np.unique(units, return_inverse=True)
    slots = own * count + groups
    sums, sizes = (np.bincount(slots, each, len(known) * count).reshape(-1, count) for each in (values, None))
    draws = unit_draws(len(known), resamples, seed)

    def mean(sums: Floats, sizes: npt.NDArray[np.floating]) -> Floats:
        return np.asarray(np.divide(sums, sizes, out=np.full(sums.shape, np.nan), where=sizes > 0))

    return mean(sums.sum(axis=0), sizes.sum(axis=0)), mean(draws @ sums, draws @ sizes)
