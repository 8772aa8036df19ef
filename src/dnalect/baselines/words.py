"""A regression on how often each word of a few bases stands in a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.baselines.base import KINDS, regressed
from dnalect.baselines.kmers import sequence_words
from dnalect.core.examples import Examples, Target

LENGTHS = (3, 4, 5, 6)
# Thousands of features that say much the same want stronger penalties than a few.
PENALTIES = (1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Words:
    """lengths: of the words. both: whether a word and its reverse complement are one."""

    lengths: tuple[int, ...] = LENGTHS
    both: bool = True
    kinds: tuple[str, ...] = KINDS

    @property
    def name(self) -> str:
        strands = "" if self.both else ", one strand"
        return f"words of {min(self.lengths)}-{max(self.lengths)}{strands}"

    def fit_predict(
        self, train: Examples, tune: Examples, test: Sequence[str], target: Target, seed: int
    ) -> npt.NDArray[np.float64]:
        def features(sequences: Sequence[str]) -> npt.NDArray[np.float32]:
            return sequence_words(sequences, self.lengths, self.both)

        return regressed(features, train, tune, test, target, PENALTIES)
