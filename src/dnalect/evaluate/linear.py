"""Linear models on fixed features: logistic regression and ridge, tuned on data of their own.

Features are standardised by the mean and spread of those that are learned from. Shapes: n
items, F features, K classes.
"""

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
    centre, scale = _standard(features)
    x = torch.from_numpy(((features - centre) / scale).astype(np.float32))
    y = torch.from_numpy(np.asarray(labels, dtype=np.int64))
    weights = torch.zeros(x.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weights + bias, y) + penalty / 2 * (weights**2).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return Linear(centre, scale, weights.detach().numpy(), bias.detach().numpy())


def tuned_logistic(features: Floats, labels: Numbers, classes: int, tune: tuple[Floats, Numbers]) -> Linear:
    """Return the fit whose penalty, of PENALTIES, gives the lowest cross-entropy of other items. tune: these."""

    def cost(model: Linear) -> float:
        raw = torch.from_numpy(model(tune[0]))
        return float(F.cross_entropy(raw, torch.from_numpy(np.asarray(tune[1], dtype=np.int64))))

    return min((fit_logistic(features, labels, classes, penalty) for penalty in PENALTIES), key=cost)


def tuned_ridge(features: Floats, values: Floats, tune: tuple[Floats, Floats]) -> Linear:
    """Return the ridge regression of values (n,) whose penalty gives the lowest squared error of other items."""
    centre, scale = _standard(features)
    x = ((features - centre) / scale).astype(np.float64)
    middle = float(values.mean())
    gram, right = x.T @ x / len(x), x.T @ (values - middle) / len(x)
    found = []
    for penalty in RIDGES:
        weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), right)
        model = Linear(centre, scale, weights[:, None].astype(np.float32), np.array([middle], dtype=np.float32))
        found.append((float(((model(tune[0])[:, 0] - tune[1]) ** 2).mean()), model))
    return min(found, key=lambda each: each[0])[1]


def _standard(features: Floats) -> tuple[Singles, Singles]:
    spread = features.std(axis=0)
    return features.mean(axis=0).astype(np.float32), np.where(spread > 1e-9, spread, 1).astype(np.float32)
