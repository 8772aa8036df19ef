"""What a rival is, and the regressions that most of them end in."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dnalect.core.calibration import Calibration
from dnalect.core.errors import InputError
from dnalect.core.examples import Examples, Target
from dnalect.stats.linear import PENALTIES, tuned_logistic, tuned_ridge, tuned_tracks

Array = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]
KINDS = ("classes", "tracks", "signal")


class Rival(Protocol):
    """A simple model that a language model has to beat.

    name: for the figures. kinds: of targets that it can predict.
    """

    @property
    def name(self) -> str: ...

    @property
    def kinds(self) -> tuple[str, ...]: ...

    def fit_predict(self, train: Examples, tune: Examples, test: Sequence[str], target: Target, seed: int) -> Floats:
        """Learn from `train`, choose on `tune`, and predict the sequences of `test`.

        Examples without a label of the target are left out. Returns probabilities (n, K), or
        the values (n,) of a signal. seed: of what is random. Raises InputError where train or
        tune has no label of the target, or all of train are of one class.
        """
        ...


def labelled(examples: Examples, target: Target, what: str) -> tuple[Examples, Floats]:
    """Return the examples with any label of a target, and the labels (n, width). what: names them in messages."""
    labels = examples.labels[target.name]
    known = np.flatnonzero(np.isfinite(labels).any(axis=1))
    if not len(known):
        raise InputError(
            f"no {what} example has a label of {target.name}; a rival needs some to learn from and to tune on"
        )
    told = labels[known].astype(np.float64)
    if what == "training" and target.kind == "classes" and (told == told[0]).all():
        only = target.outputs[int(told[0, 0])]
        raise InputError(
            f"all training examples are {only!r} of {target.name}; a rival needs two classes to tell apart"
        )
    return examples.take(known), told


def regressed(
    features: Callable[[Sequence[str]], Array],
    train: Examples,
    tune: Examples,
    test: Sequence[str],
    target: Target,
    penalties: Sequence[float] = PENALTIES,
) -> Floats:
    """Fit a logistic or ridge regression on features of sequences (n, F), its penalty chosen on `tune`; as `Rival`."""
    learnt, labels = labelled(train, target, "training")
    other, told = labelled(tune, target, "validation")
    x, held = features(learnt.sequences), features(other.sequences)
    if target.kind == "signal":
        model = tuned_ridge(x, labels[:, 0], (held, told[:, 0]))
        return model(features(test))[:, 0].astype(np.float64)
    if target.kind == "classes":
        numbers = labels[:, 0].astype(np.int64)
        model = tuned_logistic(x, numbers, len(target.outputs), (held, told[:, 0].astype(np.int64)), penalties)
    else:
        model = tuned_tracks(x, labels, (held, told), penalties)
    return Calibration().apply(target, model(features(test)))
