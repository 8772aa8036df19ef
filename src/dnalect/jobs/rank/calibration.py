"""How many hits to expect: the chance of a hit by combined score, learned from the user's labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dnalect.core.figures import NOTHING, Estimate
from dnalect.scored.reader import Floats, Numbers
from dnalect.stats.calibration import isotonic
from dnalect.stats.draws import Draws, estimate, unit_counts

FEWEST, FEWEST_EACH = 20, 5
# Isotonic regression has a parameter a step: it is a candidate from here on.
ENOUGH_FOR_STEPS = 100
FOLDS, RESAMPLES, BINS = 5, 1_000, 5
BASE = "base rate"

# Scores, hits and units of the labelled variants, and the variance between units.
_Learned = tuple[Floats, Floats, Numbers, float]
Curve = Callable[[Floats], Floats]
Fit = Callable[[Floats, Floats, Floats], Curve]


@dataclass(frozen=True)
class Bin:
    """Labelled variants of neighbouring scores: how many, mean chance by fits without them, share of hits."""

    count: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Expected:
    """hits, random: among the picks, and among as many random labelled ones, with 95% of what the count would be.

    gain: their difference, with a 95% interval of its mean. curve (picks + 1, 4): picks
    bought, expected hits, low, high.
    """

    hits: Estimate
    random: Estimate
    gain: Estimate
    curve: Floats


@dataclass(frozen=True)
class Calibration:
    """labelled, hits, units: what it was learned from. verdict: what it shows, in words.

    usable: False where the labels are too few; then only the counts and the verdict are
    there. auroc: chance that a hit outranks a non-hit. method: the curve with the best
    cross-validated log loss. losses: that of each candidate. chances (n,): of a hit, of every
    variant with a score. expected: hits among the picks, None without picks.
    """

    labelled: int
    hits: int
    units: int
    verdict: str
    usable: bool = False
    auroc: Estimate = NOTHING
    method: str = ""
    losses: tuple[tuple[str, float], ...] = ()
    bins: tuple[Bin, ...] = ()
    chances: Floats | None = None
    expected: Expected | None = None


def calibrate(score: Floats, hit: Floats, units: Sequence[str], picks: Sequence[int], seed: int = 0) -> Calibration:
    """Learn the chance of a hit from labelled variants and add it up over the picks.

    score (n,): combined, NaN where there is none. hit (n,): 1, 0 or NaN. units (n): what
    varies together (the loci); whole units are left out in cross-validation, and drawn with
    replacement for the intervals. picks: rows. seed: of folds and draws.
    """
    rows = np.flatnonzero(np.isfinite(hit) & np.isfinite(score))
    x, y = score[rows], hit[rows]
    _, unit = np.unique([units[row] for row in rows.tolist()], return_inverse=True)
    hits, count = int(y.sum()), len(rows)
    found = int(unit.max()) + 1 if count else 0
    if found < FOLDS:
        unit, found = np.arange(count), count
    if problem := _too_few(count, hits):
        return Calibration(count, hits, found, problem)
    folds = _folds(y, unit, seed)
    fits: dict[str, Fit] = {BASE: _constant, "logistic": _logistic}
    if min(hits, count - hits) >= ENOUGH_FOR_STEPS:
        fits["isotonic"] = _isotonic
    predicted = {name: _held_out(fit, x, y, folds) for name, fit in fits.items()}
    losses = {name: _loss(each, y) for name, each in predicted.items()}
    method = min(losses, key=lambda name: losses[name])
    auroc = estimate(Draws.of(unit, RESAMPLES, seed).auroc(x, y == 1))
    chances = np.full(len(score), np.nan)
    ranked = np.isfinite(score)
    bought = np.array(picks, dtype=np.int64)
    groups = np.unique([units[row] for row in picks], return_inverse=True)[1] if picks else bought
    learned = (x, y, unit, _unit_variance(predicted[method], y, unit))
    chances[ranked] = fits[method](x, y, np.ones(count))(score[ranked])
    return Calibration(
        labelled=count,
        hits=hits,
        units=found,
        verdict=_verdict(auroc, method),
        usable=True,
        auroc=auroc,
        method=method,
        losses=tuple(losses.items()),
        bins=_bins(predicted[method], x, y),
        chances=chances,
        expected=_expected(fits[method], learned, score[bought], chances[bought], groups, seed) if picks else None,
    )


def _too_few(count: int, hits: int) -> str:
    if count < FEWEST or min(hits, count - hits) < FEWEST_EACH:
        return (
            f"Too few labels to say how many hits to expect: {count:,} labelled variants with {hits:,} hits, and at "
            f"least {FEWEST} with {FEWEST_EACH} hits and {FEWEST_EACH} that are none are needed."
        )
    return ""


def _verdict(auroc: Estimate, method: str) -> str:
    shown = f"AUROC {auroc.mean:.2f}, 95% interval {auroc.low:.2f} to {auroc.high:.2f}; 0.5 is chance"
    if auroc.high < 0.5:
        return f"On your labels this ranking is worse than random choice ({shown}). Turn a direction round."
    if not auroc.low > 0.5:
        return f"On your labels this ranking is no better than random choice ({shown}). Don't trust its order."
    if method == BASE:
        return (
            f"Hits stand higher than others ({shown}), but knowing the score predicts held-out labels no better than "
            "the base rate does: expect as many hits as from random choice."
        )
    return f"On your labels this ranking is better than random choice ({shown})."


def _folds(hit: Floats, unit: Numbers, seed: int) -> Numbers:
    """The fold of each item: whole units, shuffled, dealt out by their number of hits."""
    rng = np.random.default_rng(seed)
    hits = np.bincount(unit, hit)
    order = rng.permutation(len(hits))
    order = order[np.argsort(-hits[order], kind="stable")]
    fold = np.empty(len(hits), dtype=np.int64)
    fold[order] = np.arange(len(hits)) % FOLDS
    return fold[unit]


def _held_out(fit: Fit, x: Floats, y: Floats, folds: Numbers) -> Floats:
    out = np.empty(len(x))
    for fold in range(FOLDS):
        test = folds == fold
        out[test] = fit(x[~test], y[~test], np.ones(int((~test).sum())))(x[test])
    return out


def _loss(predicted: Floats, y: Floats) -> float:
    return float(-np.mean(y * np.log(predicted) + (1 - y) * np.log(1 - predicted)))


def _bounded(chance: Floats, total: float) -> Floats:
    """Chances that no number of labels makes certain."""
    least = 0.5 / (total + 1)
    return np.clip(chance, least, 1 - least)


def _constant(x: Floats, y: Floats, weight: Floats) -> Curve:
    rate = float((weight @ y + 0.5) / (weight.sum() + 1))
    return lambda new: np.full(len(new), rate)


def _logistic(x: Floats, y: Floats, weight: Floats) -> Curve:
    """Slope and level by Newton's method, with a penalty that only a perfect separation feels."""
    centre = float(np.average(x, weights=weight))
    scale = float(np.sqrt(np.average((x - centre) ** 2, weights=weight))) or 1.0
    design = np.stack([np.ones(len(x)), (x - centre) / scale], axis=1)
    beta, penalty = np.zeros(2), np.diag([1e-6, 1e-2])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        slope = design.T @ (weight * (y - chance)) - penalty @ beta
        curvature = (design * (weight * chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, slope)
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    total = float(weight.sum())

    def curve(new: Floats) -> Floats:
        raw = beta[0] + beta[1] * (new - centre) / scale
        return _bounded(1 / (1 + np.exp(-np.clip(raw, -30, 30))), total)

    return curve


def _isotonic(x: Floats, y: Floats, weight: Floats) -> Curve:
    """Steps; each has half a hit and half a miss more than it had labels, so that a short one is never certain."""
    knots = isotonic(x, y, weight)
    levels, step = np.unique(np.interp(x, *knots), return_inverse=True)
    sizes = np.bincount(step, weight)
    softened = np.maximum.accumulate((levels * sizes + 0.5) / (sizes + 1))
    return lambda new: np.asarray(np.interp(np.interp(new, *knots), levels, softened))


def _unit_variance(predicted: Floats, y: Floats, unit: Numbers) -> float:
    """How much units differ beyond their scores: variance of a shift of the log-odds, by moments.

    predicted: chances by fits without the unit. The squared surprise of a unit is the
    variance of its coin tosses plus the shift's, which moves its expected hits by sum p (1 - p).
    """
    tosses = np.bincount(unit, predicted * (1 - predicted))
    if len(tosses) == len(y):
        return 0.0
    surprise = np.bincount(unit, y - predicted)
    return max(0.0, float((surprise**2 - tosses).sum() / (tosses**2).sum()))


def _shifted(chance: Floats, shift: Floats) -> Floats:
    return np.asarray(1 / (1 + (1 - chance) / chance * np.exp(-shift)))


def _expected(fit: Fit, learned: _Learned, picked: Floats, chances: Floats, groups: Numbers, seed: int) -> Expected:
    """Hits among the picks: refitted on units drawn with replacement, units shifted, hits drawn.

    picked, chances, groups: score, chance and unit of every pick.
    """
    x, y, unit, variance = learned
    count, rng = len(picked), np.random.default_rng(seed)
    drawn, random, gains = np.zeros((RESAMPLES, count + 1)), np.zeros(RESAMPLES), np.zeros(RESAMPLES)
    for sample, draws in enumerate(unit_counts(int(unit.max()) + 1, RESAMPLES, seed).astype(np.float64)):
        weight = draws[unit]
        used = weight > 0
        hits, total = float(weight @ y), float(weight.sum())
        chance = (_constant if hits in (0.0, total) else fit)(x[used], y[used], weight[used])(picked)
        rate = _constant(x, y, weight)(picked)
        shift = rng.normal(0, np.sqrt(variance), int(groups.max()) + 1)[groups]
        drawn[sample, 1:] = np.cumsum(rng.random(count) < _shifted(chance, shift))
        random[sample] = (rng.random(count) < _shifted(rate, shift)).sum()
        gains[sample] = (chance - rate).sum()
    blind = count * float(y.mean())
    expected = float(chances.sum())
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    curve = np.stack([np.arange(count + 1), np.concatenate([[0], np.cumsum(chances)]), low, high], axis=1)
    return Expected(
        Estimate(expected, float(low[-1]), float(high[-1])),
        Estimate(blind, *map(float, np.quantile(random, [0.025, 0.975]))),
        Estimate(expected - blind, *map(float, np.quantile(gains, [0.025, 0.975]))),
        curve,
    )


def _bins(predicted: Floats, x: Floats, y: Floats) -> tuple[Bin, ...]:
    parts = np.array_split(np.argsort(x, kind="stable"), BINS)
    return tuple(Bin(len(part), float(predicted[part].mean()), float(y[part].mean())) for part in parts if len(part))
