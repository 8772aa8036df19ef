"""Predictions against the truth: figures with intervals, paired differences, and what they say in words.

Whole units (a chromosome block, a cluster of similar sequences, a promoter) are drawn with
replacement, the same draws for every predictor, so that differences are paired. Metrics:

    classes   MCC, accuracy, macro F1, AUROC, AUPRC, prevalence, ECE
    tracks    AUROC, AUPRC, prevalence: their means, and those of each track
    signal    Pearson, Spearman, R2, RMSE

Shapes: n items, K classes or tracks, R resamples.
"""

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.examples import Target
from dnalect.core.figures import NOTHING, Estimate, Figure
from dnalect.stats.draws import Draws, interval, unit_counts
from dnalect.stats.measures import Measures, binary_measures, class_measures, means, signal_measures

RESAMPLES = 1_000
LOWER_IS_BETTER = ("ECE", "RMSE")
# Resampling adds noise that raises the ECE once more: its samples are mirrored at the value.
MIRRORED = ("ECE",)
# What a kind of target is compared by, where nothing else is asked for.
MAIN = {"classes": "MCC", "tracks": "AUROC", "signal": "Pearson"}
NO_DIFFERENCE = ("prevalence",)
# What it may be compared by.
COMPARABLE = {
    "classes": ("MCC", "accuracy", "macro F1", "AUROC", "AUPRC", "ECE"),
    "tracks": ("AUROC", "AUPRC"),
    "signal": ("Pearson", "Spearman", "R2", "RMSE"),
}
ALPHA = 0.05
Array = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]
# One array of predictions, or one a seed.
Predictions = Array | Sequence[Array]


class Scores:
    """Predictors of one target, measured on the same items and the same draws.

    task, part: for the figures. truth: as in `Examples.labels`, (n,) or (n, width), NaN where
    there is none. units: (n,) of any type, what is drawn whole; None: every item by itself.
    """

    def __init__(
        self,
        task: str,
        part: str,
        target: Target,
        truth: Array,
        units: npt.NDArray[np.generic] | None = None,
        resamples: int = RESAMPLES,
        random_seed: int = 0,
    ):
        self.task, self.part, self.target = task, part, target
        self._truth = np.asarray(truth, dtype=np.float64).reshape(len(truth), -1)
        if self._truth.shape[1] != target.width:
            raise InputError(f"{target.name}: the truth has {self._truth.shape[1]} columns, not {target.width}")
        if target.kind == "classes" and not _numbered(self._truth, len(target.outputs)):
            raise InputError(f"{target.name}: the truth must be numbers of classes, 0 to {len(target.outputs) - 1}")
        units = np.arange(len(truth)) if units is None else np.asarray(units)
        if len(units) != len(truth):
            raise InputError(f"{task}: {len(units):,} units for {len(truth):,} items")
        self._draws = Draws.of(units, resamples, random_seed)
        self._random_seed = random_seed
        self._known: dict[str, Measures] = {}

    def add(self, who: str, predictions: Predictions) -> None:
        """Measure a predictor: probabilities (n, K), or the signal (n,) or (n, 1); a sequence of them has one a seed.

        Over seeds a metric is its mean, and every resample draws seeds too. Raises InputError
        where the shape is another one or a prediction is not finite.
        """
        arrays = [predictions] if isinstance(predictions, np.ndarray) else list(predictions)
        if not arrays:
            raise InputError(f"{who}: no predictions")
        each = [self._measured(self._checked(who, array)) for array in arrays]
        seeds = len(arrays)
        generator_seed = zlib.crc32(who.encode()) ^ self._random_seed
        weights = np.ones((len(self._draws.counts), seeds))
        if seeds > 1:
            weights[1:] = unit_counts(seeds, len(weights) - 1, generator_seed)
        self._known[who] = {
            name: np.einsum("rs,sr->r", weights, np.stack([one[name] for one in each])) / seeds for name in each[0]
        }

    @property
    def known(self) -> tuple[str, ...]:
        """Who was added, in order."""
        return tuple(self._known)

    def figures(self, who: str, against: Iterable[str] = (), seed: str = "") -> list[Figure]:
        """Return one figure a metric and rival (or a metric, without rivals) of an added predictor."""
        found = []
        for key, values in self._known[who].items():
            metric, _, output = key.partition("/")
            bare = Figure(
                task=self.task,
                part=f"{self.part}/{output}" if output else self.part,
                who=who,
                metric=metric,
                n=self._count(output),
                value=_estimate(metric, values),
                seed=seed,
            )
            rivals = [] if metric in NO_DIFFERENCE else list(against)
            found += [_compared(bare, values, name, self._known[name][key]) for name in rivals] or [bare]
        return found

    def _checked(self, who: str, predictions: Array) -> Floats:
        shape = (len(self._truth), 1 if self.target.kind == "signal" else len(self.target.outputs))
        array = np.asarray(predictions, dtype=np.float64)
        if array.ndim == 1 and shape[1] == 1:
            array = array[:, None]
        if array.shape != shape:
            raise InputError(f"{who}: predictions of {self.target.name} are {array.shape}, not {shape}")
        if not np.isfinite(array).all():
            raise InputError(f"{who}: predictions of {self.target.name} hold values that are not finite")
        return array

    def _measured(self, array: Floats) -> Measures:
        truth, kind = self._truth, self.target.kind
        known = np.isfinite(truth)
        rows = known[:, 0]
        draws = self._draws.take(rows)
        if kind == "classes":
            return class_measures(array[rows], truth[rows, 0].astype(np.int64), draws)
        if kind == "signal":
            return signal_measures(array[rows, 0], truth[rows, 0], draws)
        if kind != "tracks":
            raise ConfigError(f"{self.target.name}: no metrics for {kind!r}; a target is classes, tracks or signal")
        each = []
        for column in range(truth.shape[1]):
            rows = known[:, column]
            each.append(binary_measures(array[rows, column], truth[rows, column] > 0.5, self._draws.take(rows)))
        found = {name: means([one[name] for one in each]) for name in each[0]}
        for output, one in zip(self.target.outputs, each, strict=True):
            found |= {f"{name}/{output}": values for name, values in one.items()}
        return found

    def _count(self, output: str) -> int:
        known = np.isfinite(self._truth)
        if output:
            return int(known[:, self.target.outputs.index(output)].sum())
        return int(known.any(axis=1).sum())


def figures(
    task: str,
    part: str,
    who: str,
    predictions: Predictions,
    target: Target,
    truth: Array,
    units: npt.NDArray[np.generic] | None = None,
    against: Mapping[str, Predictions] | None = None,
    seed: str = "",
    resamples: int = RESAMPLES,
) -> list[Figure]:
    """Return the figures of one predictor, with its paired difference from each of `against`; as `Scores`.

    A track has figures of its own, whose part is `part/track`.
    """
    scores = Scores(task, part, target, truth, units, resamples)
    rivals = against or {}
    for name, each in {**rivals, who: predictions}.items():
        scores.add(name, each)
    return scores.figures(who, [name for name in rivals if name != who], seed)


def across_seeds(
    task: str,
    part: str,
    who: str,
    predictions: Sequence[Array] | Array,
    target: Target,
    truth: Array,
    units: npt.NDArray[np.generic] | None = None,
    against: Mapping[str, Predictions] | None = None,
    resamples: int = RESAMPLES,
) -> list[Figure]:
    """Return the figures of a predictor that was trained from several seeds: predictions (S, n, ...), or a list.

    A value is the mean of the metric over seeds; its interval covers items and seeds. Rivals
    may have seeds of their own, or one array.
    """
    return figures(task, part, who, list(predictions), target, truth, units, against, "", resamples)


def by_group(
    task: str,
    part: str,
    who: str,
    predictions: Predictions,
    target: Target,
    truth: Array,
    groups: Sequence[str],
    units: npt.NDArray[np.generic] | None = None,
    against: Mapping[str, Predictions] | None = None,
    resamples: int = RESAMPLES,
) -> list[Figure]:
    """Return the figures of each group of items, such as a chromosome. groups: (n,). Parts are `part/group`."""
    names, found = np.asarray(groups), []
    for name in sorted(set(groups)):
        rows = np.flatnonzero(names == name)
        some = {each: _rows(theirs, rows) for each, theirs in (against or {}).items()}
        own = None if units is None else np.asarray(units)[rows]
        where = f"{part}/{name}"
        mine = _rows(predictions, rows)
        found += figures(task, where, who, mine, target, np.asarray(truth)[rows], own, some, "", resamples)
    return found


def by_class(
    task: str,
    part: str,
    who: str,
    predictions: Predictions,
    target: Target,
    truth: Array,
    units: npt.NDArray[np.generic] | None = None,
    against: Mapping[str, Predictions] | None = None,
    resamples: int = RESAMPLES,
) -> list[Figure]:
    """Return AUROC, AUPRC and prevalence of each class against the rest. Parts are `part/class`."""
    number = np.asarray(truth, dtype=np.float64).reshape(len(truth), 1)
    each = np.where(np.isfinite(number), number == np.arange(len(target.outputs)), np.nan)
    tracks = Target(target.name, "tracks", target.outputs)
    found = figures(task, part, who, predictions, tracks, each, units, against, "", resamples)
    return [one for one in found if one.part != part]


def holm(pvalues: Iterable[float]) -> Floats:
    """Return p-values corrected by Holm's step-down (m,); NaN stays NaN and does not count."""
    p = np.array(list(pvalues), dtype=np.float64)
    out = np.full(len(p), np.nan)
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]
    steps = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(1, np.maximum.accumulate(steps)) if len(order) else steps
    return out


def holm_corrected(figures: Sequence[Figure], metric: str) -> list[Figure]:
    """Return the figures with `p_holm` of one metric filled in: corrected over the tasks.

    A family is what differs in the task only: one predictor, rival, part and seed. All other
    figures come back as they are.
    """
    families: dict[tuple[str, str, str, str], list[int]] = {}
    for at, each in enumerate(figures):
        if each.metric == metric and each.against:
            families.setdefault((each.part, each.who, each.against, each.seed), []).append(at)
    found = list(figures)
    for rows in families.values():
        for at, p in zip(rows, holm(figures[row].p for row in rows), strict=True):
            found[at] = replace(figures[at], p_holm=float(p))
    return found


def verdict(figure: Figure) -> str:
    """Say what a figure's difference means: better, worse, or not distinguishable at 5%.

    The interval must exclude 0 and, where the p-value was corrected, that be below 0.05.
    """
    if not figure.against:
        return "not compared"
    low, high = figure.difference.low, figure.difference.high
    if figure.metric in LOWER_IS_BETTER:
        low, high = -high, -low
    sure = math.isnan(figure.p_holm) or figure.p_holm < ALPHA
    if low > 0 and sure:
        return f"better than {figure.against}"
    if high < 0 and sure:
        return f"worse than {figure.against}: useless here"
    return f"not distinguishable from {figure.against}"


def two_sided(samples: Floats) -> float:
    """Return the two-sided bootstrap p-value of no difference: never 0; NaN where over 1% of samples are undefined."""
    known = samples[np.isfinite(samples)]
    if not len(known) or len(known) < 0.99 * len(samples):
        return math.nan
    tails = [(1 + int(side.sum())) / (1 + len(known)) for side in (known <= 0, known >= 0)]
    return min(1.0, 2 * min(tails))


def _numbered(truth: Floats, classes: int) -> bool:
    known = truth[np.isfinite(truth)]
    return bool(np.isin(known, np.arange(classes)).all())


def _mirrored(metric: str, values: Floats) -> Floats:
    """The samples of R + 1 values."""
    return 2 * values[0] - values[1:] if metric in MIRRORED else values[1:]


def _estimate(metric: str, values: Floats) -> Estimate:
    found = interval(values[0], _mirrored(metric, values))
    if metric not in MIRRORED or not np.isfinite(found.low):
        return found
    # Near 0 the value itself is above the truth, and may be above all that the samples say.
    return Estimate(found.mean, max(0.0, found.low), max(found.mean, found.high))


def _compared(figure: Figure, values: Floats, name: str, rival: Floats) -> Figure:
    gap = values - rival
    samples = _mirrored(figure.metric, gap)
    difference = interval(gap[0], samples) if np.isfinite(gap[0]) else NOTHING
    return replace(figure, against=name, difference=difference, p=two_sided(samples))


def _rows(predictions: Predictions, rows: npt.NDArray[np.int64]) -> Predictions:
    if isinstance(predictions, np.ndarray):
        return predictions[rows]
    return [each[rows] for each in predictions]
