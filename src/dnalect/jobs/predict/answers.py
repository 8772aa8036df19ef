"""The columns that a predictor adds to what it reads: probabilities, values, and the predicted class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError
from dnalect.models.heads import HeadSpec
from dnalect.models.predictor import Predictions

Singles = npt.NDArray[np.float32]
# A BED's score is 1000 at so many standard deviations of the training labels above their mean, 0 as many below.
SPREADS = 2.0
HIGHEST = 1000


@dataclass(frozen=True)
class Answer:
    """A column. output: which of the target's numbers it holds, None for the name of the predicted class."""

    name: str
    spec: HeadSpec
    output: int | None

    @property
    def told(self) -> str:
        """What the column means, in words."""
        if self.output is None:
            return f"the likeliest class of {self.spec.name}"
        if self.spec.kind == "signal":
            return f"{self.spec.name}, in the unit of its labels"
        return f"probability of {self.spec.outputs[self.output]}"

    def scores(self, values: Singles) -> npt.NDArray[np.int64]:
        """Return whole numbers of 0 to 1000 for the score column of a BED (n,), 0 where there is no value."""
        share = values.astype(np.float64)
        if self.spec.kind == "signal":
            share = ((share - self.spec.centre) / self.spec.spread + SPREADS) / (2 * SPREADS)
        return np.asarray(np.rint(np.nan_to_num(share).clip(0, 1) * HIGHEST), dtype=np.int64)


@dataclass(frozen=True)
class Answers:
    """What was predicted of n items. numbers: column -> (n,), NaN for an item without a known base. words: (n)."""

    numbers: dict[str, Singles]
    words: dict[str, list[str | None]]


def answers_of(specs: Mapping[str, HeadSpec]) -> tuple[Answer, ...]:
    """Return the columns of a predictor's targets, in order.

    TARGET for the value of a signal, the probability of the second of two classes, or of a only
    track; else TARGET.OUTPUT for each class or track. TARGET.predicted, the likeliest class.
    """
    found = []
    for name, spec in specs.items():
        if spec.kind == "classes" and len(spec.outputs) == 2:
            found.append(Answer(name, spec, 1))
        elif len(spec.outputs) == 1:
            found.append(Answer(name, spec, 0))
        else:
            found += [Answer(f"{name}.{output}", spec, at) for at, output in enumerate(spec.outputs)]
        if spec.kind == "classes":
            found.append(Answer(f"{name}.predicted", spec, None))
    return tuple(found)


def answer_named(answers: Sequence[Answer], name: str | None) -> Answer:
    """Return the column of a track: the first one where no name is given. Raises ConfigError that lists them."""
    numbers = [each for each in answers if each.output is not None]
    found = [each for each in numbers if name in (None, each.name)]
    if not found:
        raise ConfigError(f"the model has no output {name!r}: it has {', '.join(each.name for each in numbers)}")
    return found[0]


def answered(answers: Sequence[Answer], predictions: Predictions, known: npt.NDArray[np.bool_]) -> Answers:
    """Return the columns of n items. predictions: of those that are `known` (n,) alone."""
    numbers: dict[str, Singles] = {}
    words: dict[str, list[str | None]] = {}
    rows = np.flatnonzero(known)
    for each in answers:
        values = predictions[each.spec.name]
        if each.output is None:
            cells: list[str | None] = [None] * len(known)
            for row, at in zip(rows.tolist(), values.argmax(axis=1).tolist(), strict=True):
                cells[row] = each.spec.outputs[at]
            words[each.name] = cells
        else:
            numbers[each.name] = np.full(len(known), np.nan, dtype=np.float32)
            numbers[each.name][rows] = values[:, each.output]
    return Answers(numbers, words)
