"""One of several by their log-probabilities: temperature, the likeliest k, the likeliest that hold a share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """How to choose. temperature: 0 takes the likeliest. top_k: of so many, 0 of all. top_p: of the likeliest that
    together hold this share.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def of(self, logits: npt.NDArray[np.floating], generators: Sequence[np.random.Generator]) -> npt.NDArray[np.int64]:
        """Return the number (n,) of what is chosen in each row (n, K); -inf is never chosen.

        generators: of each row, a draw from each; of equal logits the first counts as the likelier.
        """
        drawn = np.array([generator.random() for generator in generators])
        order = np.argsort(-logits, axis=1, kind="stable")
        if not self.temperature:
            return np.asarray(order[:, 0], dtype=np.int64)
        sorted_logits = np.take_along_axis(logits, order, axis=1).astype(np.float64)
        weights = np.exp((sorted_logits - sorted_logits[:, :1]) / self.temperature)
        if self.top_k:
            weights[:, self.top_k :] = 0
        before = np.cumsum(weights, axis=1) - weights
        # The likeliest one stays, however small the share.
        weights[before >= self.top_p * weights.sum(axis=1, keepdims=True)] = 0
        ends = np.cumsum(weights, axis=1)
        places = (ends <= (drawn * ends[:, -1])[:, None]).sum(axis=1)
        return np.asarray(np.take_along_axis(order, places[:, None], axis=1)[:, 0], dtype=np.int64)


def generators(seed: int, count: int) -> list[np.random.Generator]:
    """Return a generator for each of n sequences, which depends on the seed and its number alone."""
    return [np.random.default_rng((seed, number)) for number in range(count)]
