"""Linear models on fixed features, by scikit-learn: logistic regression of classes or tracks and ridge, tuned apart.

Features are standardised by the mean and spread of those that are learned from. Shapes: n
items, F features, K classes or tracks.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
RIDGES = (1e-2, 1e-1, 1.0, 10.0, 100.0)
STEPS, TOLERANCE = 100, 1e-6
# Of the bias of a class that no item has: as good as never.
NEVER = -30.0

Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.int64]
Cost = Callable[[Singles], float]


@dataclass(frozen=True)
class Linear:
    """centre, scale (F,): of the features. weights (F, K). bias (K,)."""

    centre: Singles
    scale: Singles
    weights: Singles
    bias: Singles

    def __call__(self, features: Floats) -> Singles:
        """Return the outputs (n, K): log-probabilities up to a constant, or values."""
        return ((features - self.centre) / self.scale @ self.weights + self.bias).astype(np.float32)


def fit_logistic(features: Floats, labels: Numbers, classes: int, penalty: float) -> Linear:
    """Fit the classes (n,) by maximum likelihood with penalty / 2 * |weights|^2 a mean item."""
    return next(_class_path(features, labels, classes, [penalty]))


def tuned_logistic(
    features: Floats,
    labels: Numbers,
    classes: int,
    tune: tuple[Floats, Numbers],
    penalties: Sequence[float] = PENALTIES,
) -> Linear:
    """Return the fit whose penalty gives the lowest cross-entropy of other items. tune: these."""
    rows = np.arange(len(tune[1]))

    def cost(raw: Singles) -> float:
        return float((np.logaddexp.reduce(raw, axis=1) - raw[rows, tune[1]]).mean())

    return _best(_class_path(features, labels, classes, penalties), tune[0], cost)


def tuned_tracks(
    features: Floats, labels: Floats, tune: tuple[Floats, Floats], penalties: Sequence[float] = PENALTIES
) -> Linear:
    """Return one logistic regression a track with one penalty, the best for all on other items.

    labels: (n, K) 0, 1 or NaN where there is none. Outputs are logits (n, K).
    """
    known = np.isfinite(tune[1])
    signs = np.where(tune[1] > 0.5, -1.0, 1.0)

    def cost(raw: Singles) -> float:
        each = np.where(known, np.logaddexp(0, signs * raw), 0).sum(axis=0)
        return float((each / np.maximum(known.sum(axis=0), 1)).sum())

    return _best(_track_path(features, labels, penalties), tune[0], cost)


def _class_path(features: Floats, labels: Numbers, classes: int, penalties: Sequence[float]) -> Iterator[Linear]:
    centre, scale = _standard(features)
    x = ((features - centre) / scale).astype(np.float32)
    for weights, bias in _path(x, labels, classes, penalties):
        yield Linear(centre, scale, weights, bias)


def _track_path(features: Floats, labels: Floats, penalties: Sequence[float]) -> Iterator[Linear]:
    centre, scale = _standard(features)
    x = ((features - centre) / scale).astype(np.float32)
    paths = []
    for column in labels.T:
        rows = np.flatnonzero(np.isfinite(column))
        # Two classes have opposite halves of a track's logit, and half of its penalty each.
        own = [penalty * 2 for penalty in penalties]
        paths.append(_path(x[rows], (column[rows] > 0.5).astype(np.int64), 2, own))
    for each in zip(*paths, strict=True):
        weights = np.stack([weights[:, 1] - weights[:, 0] for weights, _ in each], axis=1)
        yield Linear(centre, scale, weights, np.array([bias[1] - bias[0] for _, bias in each], dtype=np.float32))


def _path(x: Singles, labels: Numbers, classes: int, penalties: Sequence[float]) -> Iterator[tuple[Singles, Singles]]:
    """Weights (F, K) and biases (K,) from the strongest penalty to the weakest, each begun where the last ended."""
    # Of two classes, opposite halves of one logit bear half of its penalty each.
    share = 2 if len(np.unique(labels)) == 2 else 1
    start = None
    for penalty in sorted(penalties, reverse=True):
        start = logistic(x, labels, share / (max(1, len(x)) * penalty), start=start, tolerance=TOLERANCE)
        yield start.of(classes)


@dataclass(frozen=True)
class Logits:
    """A logistic regression. known: the classes that it learned (C,). weights (C, F), bias (C,): of their logits."""

    known: Numbers
    weights: Singles
    bias: Singles

    def of(self, classes: int) -> tuple[Singles, Singles]:
        """Return weights (F, classes) and biases (classes,); a class that was not learned is never the likeliest."""
        weights, bias = np.zeros((self.weights.shape[1], classes), np.float32), np.full(classes, NEVER, np.float32)
        weights[:, self.known], bias[self.known] = self.weights.T, self.bias
        return weights, bias


def logistic(
    x: Singles,
    labels: Numbers,
    inverse: float,
    steps: int = STEPS,
    balanced: bool = False,
    start: Logits | None = None,
    tolerance: float = 1e-4,
) -> Logits:
    """Fit the classes (n,) that are there, on features (n, F) as they are: by scikit-learn.

    inverse: of the penalty: the summed losses weigh so much beside |weights|^2 / 2. balanced: classes
    count as if they were equally frequent. start: a fit of the same items to begin with. tolerance: of the
    largest slope that is left, a mean item.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    known = np.unique(labels)
    if len(known) < 2:
        return Logits(known, np.zeros((len(known), x.shape[1]), np.float32), np.zeros(len(known), np.float32))
    model = LogisticRegression(
        C=inverse,
        tol=tolerance,
        max_iter=steps,
        class_weight="balanced" if balanced else None,
        warm_start=start is not None,
    )
    if start is not None:
        model.coef_, model.intercept_, model.classes_ = start.weights, start.bias, known
        if len(known) == 2:
            model.coef_, model.intercept_ = start.weights[1:] * 2, start.bias[1:] * 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, labels)
    weights, bias = model.coef_, model.intercept_
    if len(weights) == 1:
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    return Logits(known, weights.astype(np.float32), bias.astype(np.float32))


def _best(models: Iterator[Linear], features: Floats, cost: Cost) -> Linear:
    """The model of lowest cost; the path ends once two in a row are worse than the best, the rest being weaker yet."""
    found: list[tuple[float, Linear]] = []
    for model in models:
        found.append((cost(model(features)), model))
        if len(found) > 2 and min(each for each, _ in found[-2:]) > min(each for each, _ in found[:-2]):
            break
    return min(found, key=lambda each: each[0])[1]


def tuned_ridge(features: Floats, values: Floats, tune: tuple[Floats, Floats]) -> Linear:
    """Return the ridge regression of values (n,) whose penalty gives the lowest squared error of other items."""
    centre, scale = _standard(features)
    x = ((features - centre) / scale).astype(np.float64)
    found = []
    for penalty in RIDGES:
        weights, bias = ridge(x, values, penalty * len(x))
        model = Linear(centre, scale, weights[:, None].astype(np.float32), np.array([bias], dtype=np.float32))
        found.append((float(((model(tune[0])[:, 0] - tune[1]) ** 2).mean()), model))
    return min(found, key=lambda each: each[0])[1]


def ridge(x: Floats, values: Floats, penalty: float) -> tuple[Floats, float]:
    """Return weights (F,) and bias of the least squares of values (n,) with penalty * |weights|^2, by scikit-learn."""
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=penalty).fit(x, values)
    return model.coef_, float(model.intercept_)


class RidgeSums:
    """The sums that ridge regressions of K values on F features are made of, so that items come in pieces."""

    def __init__(self, features: int, values: int):
        self.count = 0
        self.x, self.y = np.zeros(features), np.zeros(values)
        self.xx, self.xy = np.zeros((features, features)), np.zeros((features, values))

    def add(self, x: Floats, y: Floats) -> None:
        """Take in items. x: (n, F). y: (n, K), without holes."""
        self.count += len(x)
        self.x += x.sum(axis=0, dtype=np.float64)
        self.y += y.sum(axis=0, dtype=np.float64)
        self.xx += x.T @ x
        self.xy += x.T @ y

    def fit(self, penalty: float) -> Linear:
        """Return the least squares of standardised features with penalty * |weights|^2 a mean item."""
        centre, mean = self.x / self.count, self.y / self.count
        spread = np.sqrt(np.maximum(np.diagonal(self.xx) / self.count - centre**2, 0))
        scale = np.where(spread > 1e-9, spread, 1)
        both = (self.xx / self.count - np.outer(centre, centre)) / np.outer(scale, scale)
        told = (self.xy / self.count - np.outer(centre, mean)) / scale[:, None]
        weights = np.linalg.solve(both + penalty * np.eye(len(centre)), told)
        return Linear(*(each.astype(np.float32) for each in (centre, scale, weights, mean)))


def _standard(features: Floats) -> tuple[Singles, Singles]:
    spread = features.std(axis=0)
    return features.mean(axis=0).astype(np.float32), np.where(spread > 1e-9, spread, 1).astype(np.float32)
