"""Probes: heads on frozen states tuned on validation data, kept as plain arrays."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from dnalect.models.heads import Heads, HeadSpec
from dnalect.stats.linear import logistic, ridge

# Inverse strengths of the penalty (logistic), strengths (ridge), on standardised features.
INVERSE = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
RIDGES = (1.0, 10.0, 100.0, 1e3, 1e4)
ITERATIONS = 300
Singles = npt.NDArray[np.float32]
Linear = tuple[Singles, Singles]
Answered = tuple[Singles, dict[str, Singles]]


def fit_heads(heads: Heads, train: Answered, tune: Answered, balanced: bool = False) -> None:
    """Fit all heads on states of `train`; the penalty is the one with the least loss on `tune`.

    train, tune: states (n, P), and labels by target. balanced: classes count as if they were equally frequent.
    """
    (learn, labels), (judge, told) = train, tune
    centre, spread = learn.mean(axis=0), learn.std(axis=0)
    scale = np.where(spread > 1e-6, spread, 1).astype(np.float32)
    x, z = (learn - centre) / scale, (judge - centre) / scale
    for name, spec in heads.specs.items():
        weights, bias = _fit(spec, (x, labels[name]), (z, told[name]), balanced)
        weights = weights / scale
        head = heads.map_of(name)
        with torch.no_grad():
            head.weight.copy_(torch.from_numpy(weights))
            head.bias.copy_(torch.from_numpy(bias - weights @ centre))


def _fit(spec: HeadSpec, train: Linear, tune: Linear, balanced: bool) -> Linear:
    """Return weights (outputs, P) and bias (outputs,) on standardised features."""
    if spec.kind == "signal":
        unit = [(x, (y - spec.centre) / spec.spread) for x, y in (train, tune)]
        return _tuned(unit[0], unit[1], _ridge, RIDGES, balanced)
    if spec.kind == "classes":
        found = _tuned(train, tune, _logistic, INVERSE, balanced)
        return _every_class(found, np.unique(train[1][~np.isnan(train[1])]).astype(int), len(spec.outputs))
    columns = [
        _tuned((train[0], train[1][:, [k]]), (tune[0], tune[1][:, [k]]), _logistic, INVERSE, balanced)
        for k in range(len(spec.outputs))
    ]
    # A two-class fit is a pair of opposite halves: yes minus no is the logit of a track.
    return np.concatenate([w[1:] - w[:1] for w, _ in columns]), np.concatenate([b[1:] - b[:1] for _, b in columns])


def _every_class(found: Linear, known: npt.NDArray[np.int_], count: int) -> Linear:
    """Classes without an example get a logit that is never the highest."""
    weights = np.zeros((count, found[0].shape[1]), dtype=np.float32)
    bias = np.full(count, -30.0, dtype=np.float32)
    weights[known], bias[known] = found
    return weights, bias


def _tuned(
    train: Linear,
    tune: Linear,
    fit: Callable[[Singles, Singles, float, bool], tuple[Linear, Callable[[Singles, Singles], float]]],
    strengths: Sequence[float],
    balanced: bool,
) -> Linear:
    (x, y), (z, wanted) = (_known(*each) for each in (train, tune))
    found = []
    for strength in strengths:
        linear, loss = fit(x, y, strength, balanced)
        found.append((loss(z, wanted) if len(wanted) else 0.0, linear))
    return min(found, key=lambda each: each[0])[1]


def _known(x: Singles, y: Singles) -> Linear:
    rows = ~np.isnan(y[:, 0])
    return x[rows], y[rows, 0]


def _logistic(
    x: Singles, y: Singles, strength: float, balanced: bool
) -> tuple[Linear, Callable[[Singles, Singles], float]]:
    if len(np.unique(y)) < 2:
        only = np.zeros((2, x.shape[1]), dtype=np.float32), np.array([0.0, 10.0 if y[0] else -10.0], dtype=np.float32)
        return only, lambda _, __: 0.0
    found = logistic(x, y.astype(np.int64), strength, ITERATIONS, balanced)
    linear, classes = (found.weights, found.bias), found.known

    def loss(z: Singles, wanted: Singles) -> float:
        logits = z @ linear[0].T + linear[1]
        logits -= np.logaddexp.reduce(logits, axis=1, keepdims=True)
        at = np.searchsorted(classes, wanted.astype(int)).clip(max=len(classes) - 1)
        return float(-logits[np.arange(len(at)), at].mean())

    return linear, loss


def _ridge(
    x: Singles, y: Singles, strength: float, balanced: bool
) -> tuple[Linear, Callable[[Singles, Singles], float]]:
    weights, bias = ridge(x, y, strength)
    linear = weights.reshape(1, -1).astype(np.float32), np.array([bias], dtype=np.float32)
    return linear, lambda z, wanted: float(((z @ linear[0][0] + linear[1] - wanted) ** 2).mean())
