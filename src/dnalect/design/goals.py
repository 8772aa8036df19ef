"""What a design is to reach: outputs of predictors and a likelihood, high, low or at a value.

Shapes: n sequences, L bases, K goals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.nearest import did_you_mean
from dnalect.design.generation import own_bits
from dnalect.inference.likelihood import strategy_for
from dnalect.inference.likelihood.strategy import Strategy
from dnalect.inference.predictions import raw_predictions
from dnalect.models.model import Model
from dnalect.models.predictor import Predictor
from dnalect.tokens.bases import decode
from dnalect.why.soft import SoftWindow

HIGH, LOW = "high", "low"
LIKELIHOOD = "likelihood"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Aim:
    """One goal as it was typed. way: HIGH, LOW or the value to come near to."""

    output: str
    way: Literal["high", "low"] | float

    @property
    def told(self) -> str:
        """The goal as it was typed."""
        return f"{self.output}={self.way if isinstance(self.way, str) else format(self.way, 'g')}"

    @property
    def sign(self) -> float:
        """-1 where less is better."""
        return -1.0 if self.way == LOW else 1.0

    def gain(self, values: Floats) -> Floats:
        """Return numbers of which more is better."""
        return self.sign * values if isinstance(self.way, str) else -np.abs(values - self.way)

    def smooth(self, values: Tensor) -> Tensor:
        """Return `gain` of a tensor."""
        return self.sign * values if isinstance(self.way, str) else -(values - self.way).abs()


def aim_of(text: str) -> Aim:
    """Read OUTPUT=high, OUTPUT=low or OUTPUT=NUMBER. Raises ConfigError for another text."""
    output, _, way = text.rpartition("=")
    if output and way in (HIGH, LOW):
        return Aim(output, way)  # type: ignore[arg-type]
    try:
        number = float(way)
    except ValueError:
        number = np.nan
    if not output or not np.isfinite(number):
        raise ConfigError(f"--goal takes OUTPUT=high, OUTPUT=low or OUTPUT=NUMBER, not {text!r}")
    return Aim(output, number)


@dataclass(frozen=True)
class Output:
    """A number of a predictor. name: as people call it. column: of the target's outputs."""

    name: str
    model: int
    target: str
    column: int


def outputs_of(predictors: Sequence[Predictor]) -> list[Output]:
    """Return all numbers of predictors, named as `dnalect predict` names its columns.

    Where two predictors have one of the same name, it is MODEL:OUTPUT, by the models' names.
    """
    found = []
    for number, predictor in enumerate(predictors):
        for target, spec in predictor.can.targets.items():
            columns = range(len(spec.outputs)) if spec.kind != "classes" or len(spec.outputs) > 2 else (1,)
            alone = len(columns) == 1
            found += [Output(target if alone else f"{target}.{spec.outputs[n]}", number, target, n) for n in columns]
    names = [each.name for each in found]
    cards = [each.card.id for each in predictors]
    return [
        each if names.count(each.name) == 1 else Output(f"{cards[each.model]}:{each.name}", *_place(each))
        for each in found
    ]


def _place(output: Output) -> tuple[int, str, int]:
    return output.model, output.target, output.column


class Panel:
    """All that is asked of every sequence, in one call.

    predictors: of the outputs. language: of the likelihood, if any. aims: in the order of the K goals.
    Raises ConfigError for a goal that nobody speaks of, or a value of what is no signal.
    """

    def __init__(
        self,
        predictors: Sequence[Predictor],
        aims: Sequence[Aim],
        language: Model | None = None,
        batch: int | None = None,
    ):
        self.predictors, self.aims, self.batch = tuple(predictors), tuple(aims), batch
        self.strategy: Strategy | None = strategy_for(language, batch) if language else None
        known = {each.name: each for each in outputs_of(predictors)}
        self.outputs: list[Output | None] = []
        for aim in aims:
            if aim.output == LIKELIHOOD and LIKELIHOOD not in known:
                if not language:
                    raise ConfigError(f"the goal {aim.told} needs a language model: name one with --likelihood")
                self.outputs.append(None)
            elif aim.output not in known:
                hint = did_you_mean(aim.output, known) or f" There are {', '.join([*known, LIKELIHOOD])}."
                raise ConfigError(f"no predictor has the output {aim.output!r}.{hint}")
            else:
                self.outputs.append(known[aim.output])
        for aim, output in zip(aims, self.outputs, strict=True):
            kind = output and predictors[output.model].can.targets[output.target].kind
            if not isinstance(aim.way, str) and kind in ("classes", "tracks"):
                raise ConfigError(f"{aim.told}: {aim.output} is a probability, which can be high or low")
        # Of a predictor nothing else is asked.
        self._used = sorted({each.model for each in self.outputs if each})

    def read(self, codes: npt.NDArray[np.uint8]) -> Floats:
        """Return log-odds, signals in their unit, or -bits a base, of sequences (n, L): (n, K)."""
        texts = [decode(row) for row in codes]
        raw = {number: raw_predictions(self.predictors[number], texts, self.batch) for number in self._used}
        columns = []
        for output in self.outputs:
            if output is None:
                assert self.strategy is not None
                columns.append(-np.array(own_bits(self.strategy, texts)))
                continue
            values = raw[output.model][output.target].astype(np.float64)
            columns.append(self._log_odds(output, values))
        return np.stack(columns, axis=1)

    def gains(self, values: Floats) -> Floats:
        """Return numbers (n, K) of which more is better."""
        return np.stack([aim.gain(values[:, n]) for n, aim in enumerate(self.aims)], axis=1)

    def _log_odds(self, output: Output, raw: Floats) -> Floats:
        if self.predictors[output.model].can.targets[output.target].kind != "classes":
            return raw[:, output.column]
        others = np.delete(raw, output.column, axis=1)
        return np.asarray(raw[:, output.column] - np.logaddexp.reduce(others, axis=1))

    def check_smooth(self, text: str) -> None:
        """Raise ModelError where there is no gradient with respect to bases. text: a sequence as long as the others."""
        for model in self.models:
            if not SoftWindow(model, text).by_base:
                raise ModelError(f"{model.card.id} reads byte pairs, which are no smooth function of bases")
        if self.strategy and None in self.outputs and self.strategy.given == "left":
            raise ModelError(f"{self.strategy.model.card.id} is causal, and what it says has no gradient here")

    @property
    def models(self) -> list[Model]:
        """Those that goals ask."""
        found: list[Model] = [self.predictors[number] for number in self._used]
        return found + ([self.strategy.model] if self.strategy and None in self.outputs else [])

    def smooth(self, bases: Tensor, text: str) -> Tensor:
        """Return `read` (n, K) of soft bases (n, L, 4), with gradients. text: as long as they are, all bases known."""
        columns = []
        for output in self.outputs:
            if output is None:
                assert self.strategy is not None
                language = self.strategy.model
                logs = SoftWindow(language, text).log_probs(bases.to(language.device), range(len(text))).cpu()
                columns.append((logs * bases).sum((1, 2)) / len(text) / np.log(2))
                continue
            predictor = self.predictors[output.model]
            raw = SoftWindow(predictor, text).prediction(bases.to(predictor.device), output.target).cpu()
            if predictor.can.targets[output.target].kind != "classes":
                columns.append(raw[:, output.column])
            else:
                others = [n for n in range(raw.shape[1]) if n != output.column]
                columns.append(raw[:, output.column] - raw[:, others].logsumexp(1))
        return torch.stack(columns, dim=1)
