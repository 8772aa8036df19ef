"""What a model says of windows whose layers, too, learned which of them hold elements."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dnalect.alike.discovery import TARGET, Floats, Mask, Numbers
from dnalect.core.examples import PARTS, Examples
from dnalect.core.reporter import say
from dnalect.inference.predictions import predictions
from dnalect.jobs.tuning.fit import fit
from dnalect.models.model import Model
from dnalect.models.pooled import Reading
from dnalect.training.tuning import TuneConfig

FINETUNED = "fine-tuned"


Chances = Callable[[Sequence[str]], Floats]


def tuned_chances(
    model: Model,
    sequences: Sequence[str],
    truth: Mask,
    part: Numbers,
    epochs: int = 10,
    reading: Reading | None = None,
    seed: int = 1,
    batch: int | None = None,
) -> Chances:
    """Tune a model (LoRA) on labelled windows, the same that a probe learns from.

    Args:
        model: A language model. It keeps what it learned: ask nothing else of it.
        sequences: The windows (n).
        truth: Which of them hold an element (n,).
        part: 0 to learn from, 1 to stop and calibrate on, 2 to judge on (n,).
        epochs: Passes over the windows to learn from, at most.
        reading: How a window becomes a vector; None for the mean of the last layer.
        seed: Of the training.
        batch: Most windows of a forward.

    Returns:
        A function: windows (m) to the calibrated chances (m,) that they hold an element.

    Examples:
        >>> import dnalect, numpy as np
        >>> from dnalect.jobs import tuned_chances
        >>> windows = ["ACGTTGCATA" * 4, "GGCGCCGCGG" * 4] * 30
        >>> rich, part = np.resize([False, True], 60), np.repeat([0, 1, 2], 20)
        >>> chances = tuned_chances(dnalect.load("duplex-yeast"), windows, rich, part, epochs=1)
        >>> bool(chances(windows)[rich].min() > chances(windows)[~rich].max())
        True
    """
    told = Examples.of(sequences, [TARGET], {TARGET.name: truth.astype(np.float32)})
    told = replace(told, parts=tuple(PARTS[number] for number in part.tolist())).take(part < 2)
    config = TuneConfig(method="lora", epochs=epochs, reading=reading or Reading(), seed=seed, precision="bf16")
    with TemporaryDirectory() as folder:
        fitted = fit(model, told, config, Path(folder))
    if fitted.kept_probe:
        say("no step of the fine-tuning was better than the probe that it began with, which is what is ranked by")

    def chances(windows: Sequence[str]) -> Floats:
        return predictions(fitted.predictor, windows, batch)[TARGET.name][:, 1].astype(np.float64)

    return chances
