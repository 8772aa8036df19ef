"""A regression on GC content and length alone: what the way the data were chosen may give away."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.baselines.base import KINDS, regressed
from dnalect.core.examples import Examples, Target


@dataclass(frozen=True)
class Composition:
    """GC content and length, and their squares: classes may lie in the middle."""

    name: str = "GC and length"
    kinds: tuple[str, ...] = KINDS

    def fit_predict(
        self, train: Examples, tune: Examples, test: Sequence[str], target: Target, seed: int
    ) -> npt.NDArray[np.float64]:
        return regressed(composition, train, tune, test, target)


def composition(sequences: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return GC content, its square, the logarithm of the length and its square (n, 4); GC of known bases only."""
    gc = np.array([text.count("G") + text.count("C") for text in sequences], dtype=np.float64)
    at = np.array([text.count("A") + text.count("T") for text in sequences], dtype=np.float64)
    share = gc / np.maximum(gc + at, 1)
    length = np.log(np.maximum([len(text) for text in sequences], 1))
    return np.stack([share, share**2, length, length**2], axis=1)
