"""Calibrations fitted on validation data, and the table that shows how well they hold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.calibration import Calibration
from dnalect.core.errors import InputError
from dnalect.core.examples import Target
from dnalect.stats.measures import BINS, bin_numbers

# Bounds of the logarithm of a temperature, and knots that are kept of an isotonic fit.
LOG_RANGE = 5.0
KNOTS = 256
# Parts that biases of classes must prove themselves on, and a prior of theirs: its standard deviation in nats.
FOLDS = 5
BIAS_SPREAD = 1.0
# Of the logarithm of a temperature: validation items that are all right would make every prediction certain.
TEMPERATURE_SPREAD = 1.0
Floats = npt.NDArray[np.float64]
Array = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bin:
    """Items of like predictions: their number, the mean prediction, and what was observed."""

    n: int
    predicted: float
    observed: float


def fit_calibration(target: Target, outputs: Array, truth: Array) -> Calibration:
    """Return the calibration that fits other items best: give it validation data, never the test part.

    outputs: logits (n, K), or values of a signal (n,) or (n, 1). truth: as in `Examples.labels`,
    NaN where there is none. Classes get one temperature by maximum likelihood with a normal prior
    on its logarithm (1 where all items are of one class), and a bias each where that predicts
    items held out better; a track gets a temperature and a bias in the same way; a signal a
    line, or an isotonic curve where that predicts items held out better,
    by least squares. Raises InputError where no item has a label.
    """
    raw = np.asarray(outputs, dtype=np.float64).reshape(len(truth), -1)
    told = np.asarray(truth, dtype=np.float64).reshape(len(truth), -1)
    known = np.isfinite(told)
    if not known.any():
        raise InputError(f"{target.name}: no validation example has a label to calibrate on")
    if target.kind == "tracks":
        each = [_platt(raw[rows, at], told[rows, at]) for at, rows in enumerate(known.T)]
        return Calibration(tuple(t for t, _ in each), tuple(bias for _, bias in each))
    rows = known[:, 0]
    if target.kind == "classes":
        return _of_classes(raw[rows], told[rows, 0].astype(np.int64))
    return _of_signal(raw[rows, 0], told[rows, 0])


def _of_classes(logits: Floats, truth: Numbers) -> Calibration:
    """Temperature alone, unless biases are better on items held out by more than a standard error."""
    if (truth == truth[0]).all():
        return Calibration((1.0,))
    # Not with the same shares of classes in each: these are what biases learn.
    fold = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    gains = np.zeros(len(truth))
    for held in (fold == number for number in range(min(FOLDS, len(truth) - 1))):
        temperature = _temperature(logits[~held], truth[~held])
        alone = _loss(logits[held] / temperature, truth[held])
        scale, biases = _temperature_and_biases(logits[~held], truth[~held], temperature)
        gains[held] = alone - _loss(logits[held] / scale + biases, truth[held])
    temperature = _temperature(logits, truth)
    if not gains.mean() > gains.std() / np.sqrt(len(truth)):
        return Calibration((temperature,))
    temperature, found = _temperature_and_biases(logits, truth, temperature)
    return Calibration((temperature,), tuple(found.tolist()))


def _loss(scaled: Floats, truth: Numbers) -> Floats:
    """Minus the log of the probability of each item's class (n,). scaled: logits (n, K)."""
    return np.asarray(np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(truth)), truth])


def _temperature_and_biases(logits: Floats, truth: Numbers, start: float) -> tuple[float, Floats]:
    """Temperature and biases (K,), of sum 0, by maximum likelihood with a normal prior on the biases.

    The prior keeps the bias of a class that hardly occurs finite, and weighs as much as a few items.
    """
    from scipy.optimize import minimize

    own = logits - logits.max(axis=1, keepdims=True)
    one = np.eye(logits.shape[1])[truth]
    weight = 1 / (len(truth) * BIAS_SPREAD**2)

    def cost(told: Floats) -> tuple[float, Floats]:
        scaled = own / np.exp(told[0]) + told[1:]
        odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        slope = (odds / odds.sum(axis=1, keepdims=True) - one) / len(truth)
        value = float(_loss(scaled, truth).mean() + weight * (told[1:] ** 2).sum() / 2) + _prior(told[0], len(truth))
        by_temperature = -(slope * own).sum() / np.exp(told[0]) + told[0] / (len(truth) * TEMPERATURE_SPREAD**2)
        return value, np.concatenate([[by_temperature], slope.sum(axis=0) + weight * told[1:]])

    begin = np.concatenate([[np.log(start)], np.zeros(logits.shape[1])])
    bounds = [(-LOG_RANGE, LOG_RANGE)] + [(None, None)] * logits.shape[1]
    found = minimize(cost, begin, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(found[0])), np.asarray(found[1:])


def _temperature(logits: Floats, truth: Numbers) -> float:
    from scipy.optimize import minimize_scalar

    own = logits - logits.max(axis=1, keepdims=True)
    rows = np.arange(len(truth))

    def cost(log_t: float) -> float:
        scaled = own / np.exp(log_t)
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, truth]).mean()) + _prior(log_t, len(truth))

    return float(np.exp(minimize_scalar(cost, bounds=(-LOG_RANGE, LOG_RANGE), method="bounded").x))


def _prior(log_t: float, count: int) -> float:
    """What a temperature adds to the mean loss of `count` items: as much in all as one or two of them."""
    return float(log_t**2 / (2 * count * TEMPERATURE_SPREAD**2))


def _platt(logits: Floats, truth: Floats) -> tuple[float, float]:
    """Temperature and bias of one track; (1, 0) where all labels are alike."""
    from scipy.optimize import minimize

    if not len(truth) or truth.min() == truth.max():
        return 1.0, 0.0

    def cost(told: Floats) -> float:
        scaled = logits / np.exp(told[0]) + told[1]
        return float((np.logaddexp(0, scaled) - truth * scaled).mean()) + _prior(told[0], len(truth))

    share = truth.mean()
    limit = abs(np.log(share / (1 - share))) + float(np.abs(logits).max()) * np.exp(LOG_RANGE)
    bounds = [(-LOG_RANGE, LOG_RANGE), (-limit, limit)]
    found = minimize(cost, np.zeros(2), method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(found[0])), float(found[1])


def _of_signal(values: Floats, truth: Floats) -> Calibration:
    """A line, unless the isotonic curve is better on items held out by more than a standard error.

    The curve has steps, on which small changes are lost, and ends, beyond which nothing changes.
    """
    if len(truth) < 2 * FOLDS or (whole := _line(values, truth)) is None:
        return _isotonic(values, truth)
    fold = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    gains = np.zeros(len(truth))
    target = Target("signal", "signal", ("signal",))
    for held in (fold == number for number in range(FOLDS)):
        line = _line(values[~held], truth[~held]) or whole
        misses = [
            (each.apply(target, values[held]) - truth[held]) ** 2
            for each in (line, _isotonic(values[~held], truth[~held]))
        ]
        gains[held] = misses[0] - misses[1]
    better = gains.mean() > gains.std() / np.sqrt(len(truth))
    return _isotonic(values, truth) if better else whole


def _line(values: Floats, truth: Floats) -> Calibration | None:
    """The line of least squares, None where it does not rise."""
    spread = values.var()
    slope = float(np.mean((values - values.mean()) * (truth - truth.mean())) / spread) if spread > 0 else 0.0
    if not slope > 1e-6:
        return None
    return Calibration((1 / slope,), (float(truth.mean() - slope * values.mean()),))


def isotonic(values: Floats, truth: Floats, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """Return the knots of the never falling curve of least squares, by scikit-learn: np.interp(new, *knots) has it."""
    from sklearn.isotonic import IsotonicRegression

    fit = IsotonicRegression(out_of_bounds="clip").fit(values, truth, sample_weight=weights)
    return np.asarray(fit.X_thresholds_), np.asarray(fit.y_thresholds_)


def _isotonic(values: Floats, truth: Floats) -> Calibration:
    raw, fitted = isotonic(values, truth)
    if len(raw) > KNOTS:
        some = np.unique(np.linspace(0, len(raw) - 1, KNOTS).round().astype(np.int64))
        raw, fitted = raw[some], fitted[some]
    return Calibration(raw=tuple(raw.tolist()), fitted=tuple(fitted.tolist()))


def reliability(target: Target, predictions: Array, truth: Array, bins: int = BINS) -> list[Bin]:
    """Return bins of about as many items each, from the lowest prediction to the highest.

    predictions: calibrated, (n, K), or (n,) or (n, 1) of a signal. Of two classes the second's
    probability is met with its share, of more that of the likeliest with the share that is
    right; tracks are pooled; of a signal both are means. Items without a label do not count.
    """
    told = np.asarray(truth, dtype=np.float64).reshape(len(truth), -1)
    said = np.asarray(predictions, dtype=np.float64).reshape(len(truth), -1)
    if target.kind == "classes":
        known = np.isfinite(told[:, 0])
        said, told = said[known], told[known]
        if len(target.outputs) == 2:
            said = said[:, 1:]
        else:
            told = (said.argmax(axis=1, keepdims=True) == told).astype(np.float64)
            said = said.max(axis=1, keepdims=True)
    known = np.isfinite(told)
    x, y = said[known], told[known]
    number = bin_numbers(x, bins)
    return [
        Bin(int((number == at).sum()), float(x[number == at].mean()), float(y[number == at].mean()))
        for at in np.unique(number)
    ]
