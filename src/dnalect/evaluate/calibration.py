"""Calibrations fitted on validation data, and the table that shows how well they hold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.calibration import Calibration
from dnalect.core.errors import InputError
from dnalect.core.examples import Target
from dnalect.evaluate.measures import BINS, bin_numbers

# Bounds of the logarithm of a temperature, and knots that are kept of an isotonic fit.
LOG_RANGE = 5.0
KNOTS = 256
Floats = npt.NDArray[np.float64]
Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Bin:
    """Items of like predictions: their number, the mean prediction, and what was observed."""

    n: int
    predicted: float
    observed: float


def fit_calibration(target: Target, outputs: Array, truth: Array) -> Calibration:
    """Return the calibration that fits other items best: give it validation data, never the test part.

    outputs: logits (n, K), or values of a signal (n,) or (n, 1). truth: as in `Examples.labels`,
    NaN where there is none. Classes get one temperature and tracks one with a bias each, by
    maximum likelihood; a signal an isotonic curve, by least squares. Raises InputError where
    no item has a label.
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
        return Calibration((_temperature(raw[rows], told[rows, 0].astype(np.int64)),))
    return _isotonic(raw[rows, 0], told[rows, 0])


def _temperature(logits: Floats, truth: npt.NDArray[np.int64]) -> float:
    from scipy.optimize import minimize_scalar

    own = logits - logits.max(axis=1, keepdims=True)
    rows = np.arange(len(truth))

    def cost(log_t: float) -> float:
        scaled = own / np.exp(log_t)
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, truth]).mean())

    return float(np.exp(minimize_scalar(cost, bounds=(-LOG_RANGE, LOG_RANGE), method="bounded").x))


def _platt(logits: Floats, truth: Floats) -> tuple[float, float]:
    """Temperature and bias of one track; (1, 0) where all labels are alike."""
    from scipy.optimize import minimize

    if not len(truth) or truth.min() == truth.max():
        return 1.0, 0.0

    def cost(told: Floats) -> float:
        scaled = logits / np.exp(told[0]) + told[1]
        return float((np.logaddexp(0, scaled) - truth * scaled).mean())

    share = truth.mean()
    limit = abs(np.log(share / (1 - share))) + float(np.abs(logits).max()) * np.exp(LOG_RANGE)
    bounds = [(-LOG_RANGE, LOG_RANGE), (-limit, limit)]
    found = minimize(cost, np.zeros(2), method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(found[0])), float(found[1])


def _isotonic(values: Floats, truth: Floats) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    fit = IsotonicRegression(out_of_bounds="clip").fit(values, truth)
    raw, fitted = np.asarray(fit.X_thresholds_), np.asarray(fit.y_thresholds_)
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
