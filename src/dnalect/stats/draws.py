"""The one bootstrap: whole units drawn with replacement, the same draws for every metric and everybody.

A unit is what varies together: a promoter, a gene, a 10-kb block, an element. Metrics give R + 1
values, the first that of the items as they are, then one a resample; differences of two are
paired. Shapes: n items, U units, R resamples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from dnalect.core.figures import Estimate, Figure, beside

BLOCK = 10_000
# Of most metrics; and of means over the bases of a genome, which cost next to nothing.
RESAMPLES, MANY = 2_000, 10_000
# Resamples that are drawn at a time, for the memory's sake.
_AT_ONCE = 500

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[np.floating] | npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
METRICS = ("accuracy", "balanced accuracy", "macro F1", "MCC")


def block_of(contig: Numbers, position: Numbers) -> Numbers:
    """Return the number of the 10-kb block of each position (n,); no block spans two contigs."""
    return np.asarray(contig * 1_000_000 + position // BLOCK, dtype=np.int64)


def block_numbers(lengths: Sequence[int], block: int = BLOCK) -> Numbers:
    """Return the block of every base of contigs laid end to end; no block spans two contigs."""
    parts, first = [np.zeros(0, dtype=np.int64)], 0
    for length in lengths:
        parts.append(first + np.arange(length) // block)
        first += -(-length // block)
    return np.concatenate(parts)


def unit_counts(units: int, resamples: int, seed: int) -> npt.NDArray[np.uint16]:
    """Return how often each of U > 0 units is drawn (R, U); every row sums to U."""
    rng, chance = np.random.default_rng(seed), np.full(units, 1 / units)
    counts = np.zeros((resamples, units), dtype=np.uint16)
    for start in range(0, resamples, _AT_ONCE):
        part = counts[start : start + _AT_ONCE]
        part[:] = rng.multinomial(units, chance, len(part))
    return counts


def interval(value: float, samples: Floats) -> Estimate:
    """Return the value with the middle 95% of the samples; NaN bounds where over 1% of them are undefined."""
    known = samples[np.isfinite(samples)]
    if len(known) < 0.99 * len(samples) or not len(known):
        return Estimate(float(value), np.nan, np.nan)
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))


def estimate(values: Floats) -> Estimate:
    """Return the first of R + 1 values with the interval of the others."""
    return interval(float(values[0]), values[1:])


def paired(bare: Figure, samples: Mapping[str, Floats]) -> list[Figure]:
    """Return the figures of everybody, the first beside each of the others. samples: who -> R + 1 values.

    bare: task, part, metric, items and the rest.
    """
    first = next(iter(samples.values()))
    minus = {who: estimate(first - each) for who, each in list(samples.items())[1:]}
    return beside(bare, {who: estimate(each) for who, each in samples.items()}, minus)


@dataclass(frozen=True)
class Draws:
    """How often each unit counts. units: (n,) from 0. counts: (R + 1, U), the first row all ones."""

    units: Numbers
    counts: npt.NDArray[np.uint16]

    @classmethod
    def of(
        cls,
        units: npt.NDArray[np.generic],
        resamples: int | None = None,
        seed: int = 0,
        among: npt.NDArray[np.generic] | None = None,
    ) -> Self:
        """Draw whole units (n,), of any type, with replacement; with fewer than two nothing is drawn.

        resamples: RESAMPLES by default. among: units to draw from, those of the items where it is None;
        given alike, the draws of different items are the same.
        """
        known = np.unique(units if among is None else among)
        drawn = (RESAMPLES if resamples is None else resamples) if len(known) > 1 else 0
        whole = np.ones((1, len(known)), dtype=np.uint16)
        counts = np.concatenate([whole, unit_counts(len(known), drawn, seed)]) if drawn else whole
        return cls(np.searchsorted(known, units).astype(np.int64), counts)

    def take(self, keep: Mask) -> "Draws":
        """Return the same draws of some items. keep: (n,)."""
        return Draws(self.units[keep], self.counts)

    def sums(self, values: Array) -> Floats:
        """Return the sum of values (n, C) in every resample (R + 1, C)."""
        count = self.counts.shape[1]
        columns = [np.bincount(self.units, column, count) for column in values.T]
        return np.asarray(self.counts @ np.stack(columns, axis=1))

    def mean(self, values: Array) -> Floats:
        """Return the mean of values (n,) in every resample (R + 1,); NaN where no item was drawn."""
        total, size = self.sums(np.stack([values.astype(np.float64), np.ones(len(values))], axis=1)).T
        return divided(total, size)

    def group_means(self, values: Array, groups: Numbers, count: int) -> Floats:
        """Return the mean of values (n,) in each of `count` groups (n,) from 0: (R + 1, count), NaN of an empty one."""
        slots, size = self.units * count + groups, self.counts.shape[1] * count
        sums, sizes = (np.bincount(slots, each, size).reshape(-1, count) for each in (values, None))
        known = np.asarray(self.counts @ sizes, dtype=np.float64)
        return divided(np.asarray(self.counts @ sums, dtype=np.float64), known)

    def ranked(self, scores: Array, positive: Mask) -> tuple[Floats, Floats]:
        """Return AUROC and AUPRC (average precision) of scores (n,) in every resample; NaN without one of either."""
        from dnalect.stats.rank_kernels import separated

        order = np.argsort(scores, kind="stable")[::-1]
        auroc, auprc = separated(self.counts, self.units[order], positive[order], lasts(scores[order]))
        return auroc, auprc

    def auroc(self, scores: Array, positive: Mask) -> Floats:
        """Return the chance that a positive outscores a negative, ties half (R + 1,); NaN without one of either."""
        return self.ranked(scores, positive)[0]

    def spearman(self, values: Array, truth: Array) -> Floats:
        """Return the rank correlation of values and truth (n,), ranked anew in every resample; NaN of a constant."""
        from dnalect.stats.rank_kernels import correlated

        # The places of the second are looked up item by item: those of few different values stay at hand.
        orders = [np.argsort(each, kind="stable") for each in (values, truth)]
        sides = [(order, lasts(each[order])) for each, order in zip((values, truth), orders, strict=True)]
        (first, first_last), (second, second_last) = sorted(sides, key=lambda side: -int(side[1].sum()))
        group = np.zeros(len(second), dtype=np.int64)
        group[second] = np.cumsum(second_last) - second_last
        return correlated(
            *(self.counts, self.units[first], first_last, group[first]), *(self.units[second], second_last)
        )

    def confusions(self, labels: Numbers, truth: Numbers, classes: int) -> Floats:
        """Return the confusion table (R + 1, K, K) of labels and truth (n,), 0 to K - 1; truth first."""
        flat, count, size = (self.units * classes + truth) * classes + labels, self.counts.shape[1], classes**2
        tables = np.bincount(flat, minlength=count * size).reshape(count, size).astype(np.float64)
        return np.asarray((self.counts @ tables).reshape(-1, classes, classes))


def lasts(ordered: npt.NDArray[np.generic]) -> Mask:
    """Return (n,) where the next of ordered values is another one, or there is none."""
    return np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, dtype=np.bool_)


def divided(above: Floats, below: Floats) -> Floats:
    """Return above / below, NaN where below is not above 0."""
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0))


def agreement(metric: str, tables: Floats) -> Floats:
    """Return a metric of METRICS (R + 1,) of confusion tables (R + 1, K, K); absent classes do not count."""
    right = np.einsum("rkk->rk", tables)
    true, said = tables.sum(axis=2), tables.sum(axis=1)
    total = true.sum(axis=1)
    if metric == "accuracy":
        return divided(right.sum(axis=1), total)
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
