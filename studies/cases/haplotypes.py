"""Variants on sequences of their own, without a genome around them: what a predictor makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import Genome, ModelError, load
from dnalect.core import Variant
from dnalect.genome import normalise
from dnalect.inference import ChangeScorer
from dnalect.models import tuned_model
from dnalect.tokens import encode

# Windows whose mean is taken, a few bases from one to the next.
SHIFTS = 3
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Changed:
    """What a predictor says about n variants.

    name: as the user calls it. outputs (K): names of what it predicts. values (n, K): predicted
    alternate minus reference. levels (n, K): the mean of both. signal: whether it predicts one
    number in its own unit, whose change has a direction.
    """

    name: str
    outputs: tuple[str, ...]
    values: Floats
    levels: Floats
    signal: bool

    @property
    def size(self) -> Floats:
        """The length (n,) of the change as a vector over the outputs; of one output its absolute value."""
        return np.asarray(np.sqrt((self.values**2).sum(axis=1)))

    @property
    def features(self) -> Floats:
        """The changes and their absolute values (n, 2 * K)."""
        return np.column_stack([self.values, np.abs(self.values)])


def variant_on(genome: Genome, contig: int, start: int, ref: str, alt: str) -> Variant:
    """Return the variant that puts `alt` in the place of `ref`, trimmed and left-aligned. start: 0-based."""
    return normalise(contig, start, encode(ref), encode(alt), genome)


def all_changes(
    predictors: Mapping[str, Path], genome: Genome, variants: Sequence[Variant], device: str = "cpu"
) -> list[Changed]:
    """Return the changes of each predictor, a name and its folder: as `predicted_changes`."""
    return [predicted_changes(name, folder, genome, variants, device) for name, folder in predictors.items()]


def predicted_changes(
    name: str, folder: str | Path, genome: Genome, variants: Sequence[Variant], device: str = "cpu"
) -> Changed:
    """Return the changes of every output, by definition "change-1" in the window that the predictor was trained on.

    folder: of a fine-tuned model. Raises ModelError where it holds another kind of model.
    """
    loaded = load(folder, device)
    if not loaded.can.targets:
        raise ModelError(f"{folder} is no fine-tuned model: give a folder that `dnalect finetune` wrote")
    predictor = tuned_model(loaded)
    scorer = ChangeScorer(predictor, genome, shifts=SHIFTS)
    found = scorer.changes(variants)
    values = np.array([[change.value for change in each] for each in found])
    levels = np.array([[(change.reference + change.alternate) / 2 for change in each] for each in found])
    kinds = {spec.kind for spec in predictor.can.targets.values()}
    signal = len(scorer.outputs) == 1 and kinds == {"signal"}
    return Changed(name, tuple(output.name for output in scorer.outputs), values, levels, signal)
