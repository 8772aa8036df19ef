"""Linear models on fixed features: logistic regression of classes or tracks and ridge, tuned on data of their own.

Features are standardised by the mean and spread of those that are learned from. Shapes: n
items, F features, K classes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
RIDGES = (1e-2, 1e-1, 1.0, 10.0, 100.0)
STEPS = 100

Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.int64]
Cost = Callable[[torch.Tensor], torch.Tensor]


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
    """Fit the classes (n,) by maximum likelihood with penalty / 2 * |weights|^2 a mean item; L-BFGS."""
    return next(_path(features, _class_cost(labels), classes, [penalty]))


def tuned_logistic(
    features: Floats,
    labels: Numbers,
    classes: int,
    tune: tuple[Floats, Numbers],
    penalties: Sequence[float] = PENALTIES,
) -> Linear:
    """Return the fit whose penalty gives the lowest cross-entropy of other items. tune: these."""
    return _best(_path(features, _class_cost(labels), classes, penalties), tune[0], _class_cost(tune[1]))


def tuned_tracks(
    features: Floats, labels: Floats, tune: tuple[Floats, Floats], penalties: Sequence[float] = PENALTIES
) -> Linear:
    """Return one logistic regression a track with one penalty, the best for all on other items.

    labels: (n, K) 0, 1 or NaN where there is none. Outputs are logits (n, K).
    """
    models = _path(features, _track_cost(labels), labels.shape[1], penalties)
    return _best(models, tune[0], _track_cost(tune[1]))


def _class_cost(labels: Numbers) -> Cost:
    y = torch.from_numpy(np.asarray(labels, dtype=np.int64))
    return lambda raw: F.cross_entropy(raw, y)


def _track_cost(labels: Floats) -> Cost:
    known = torch.from_numpy(np.isfinite(labels))
    y = torch.from_numpy(np.nan_to_num(labels).astype(np.float32))

    def cost(raw: torch.Tensor) -> torch.Tensor:
        each = F.binary_cross_entropy_with_logits(raw, y, reduction="none")
        # The mean item of every track, summed: a track with few labels is fitted like any other.
        return ((each * known).sum(dim=0) / known.sum(dim=0).clamp(min=1)).sum()

    return cost


def _path(features: Floats, cost: Cost, outputs: int, penalties: Sequence[float]) -> Iterator[Linear]:
    """Fits from the strongest penalty to the weakest, each begun where the one before ended."""
    centre, scale = _standard(features)
    x = torch.from_numpy(((features - centre) / scale).astype(np.float32))
    # One row an output: their gradient is then a product along the rows of x, twice as fast.
    weights = torch.zeros(outputs, x.shape[1], requires_grad=True)
    bias = torch.zeros(outputs, requires_grad=True)
    for penalty in sorted(penalties, reverse=True):
        optimizer = torch.optim.LBFGS([weights, bias], max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe")

        def loss(optimizer: torch.optim.LBFGS = optimizer, penalty: float = penalty) -> torch.Tensor:
            optimizer.zero_grad()
            value = cost(F.linear(x, weights, bias)) + penalty / 2 * (weights**2).sum()
            value.backward()  # type: ignore[no-untyped-call]
            return value

        optimizer.step(loss)  # type: ignore[no-untyped-call]
        yield Linear(centre, scale, weights.detach().numpy().T.copy(), bias.detach().numpy().copy())


def _best(models: Iterator[Linear], features: Floats, cost: Cost) -> Linear:
    """The model of lowest cost; the path ends once two in a row are worse than the best, the rest being weaker yet."""
    found: list[tuple[float, Linear]] = []
    for model in models:
        found.append((float(cost(torch.from_numpy(model(features)))), model))
        if len(found) > 2 and min(each for each, _ in found[-2:]) > min(each for each, _ in found[:-2]):
            break
    return min(found, key=lambda each: each[0])[1]


def tuned_ridge(features: Floats, values: Floats, tune: tuple[Floats, Floats]) -> Linear:
    """Return the ridge regression of values (n,) whose penalty gives the lowest squared error of other items."""
    centre, scale = _standard(features)
    x = ((features - centre) / scale).astype(np.float64)
    middle = float(values.mean())
    # Fewer items than features: the same weights from the products of items.
    dual, y = len(x) < x.shape[1], values - middle
    gram, right = (x @ x.T, y / len(x)) if dual else (x.T @ x, x.T @ y / len(x))
    found = []
    for penalty in RIDGES:
        weights = np.linalg.solve(gram / len(x) + penalty * np.eye(len(gram)), right)
        weights = x.T @ weights if dual else weights
        model = Linear(centre, scale, weights[:, None].astype(np.float32), np.array([middle], dtype=np.float32))
        found.append((float(((model(tune[0])[:, 0] - tune[1]) ** 2).mean()), model))
    return min(found, key=lambda each: each[0])[1]


def _standard(features: Floats) -> tuple[Singles, Singles]:
    spread = features.std(axis=0)
    return features.mean(axis=0).astype(np.float32), np.where(spread > 1e-9, spread, 1).astype(np.float32)
