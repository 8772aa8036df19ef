"""The pictures of a fine-tuned model: its curve of learning, and how far its predictions can be trusted."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure as Picture

from dnalect.core.examples import Target
from dnalect.core.figures import Figure
from dnalect.evaluate.calibration import reliability
from dnalect.report import plots

# Of a bin of the reliability plot, at least.
ITEMS = 20


def learning_curve(log: Path, judged: str, path: Path) -> None:
    """Draw training loss and validation figure against passes. judged: which figure."""
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    passes = [entry["epoch"] for entry in entries]

    def draw(figure: Picture) -> None:
        left = figure.subplots()
        plots.clean(left)
        left.plot(passes, [entry["loss"] for entry in entries], color=plots.RIVAL, lw=1.5)
        left.set_xlabel("passes over the training part", fontsize=9)
        left.set_ylabel("training loss", fontsize=9, color=plots.RIVAL)
        right = left.twinx()
        plots.clean(right)
        right.spines["right"].set(visible=True, color=plots.LINE)
        right.plot(passes, [entry["validation"] for entry in entries], "o-", color=plots.MODEL, ms=3.5, lw=1.5)
        right.set_ylabel(f"validation {judged}", fontsize=9, color=plots.MODEL)

    plots.save(path, 6.0, 3.2, draw)


def reliability_plot(
    target: Target,
    predictions: Sequence[tuple[str, npt.NDArray[np.floating]]],
    truth: npt.NDArray[np.floating],
    path: Path,
) -> None:
    """Draw what was observed against what was predicted, in bins of as many items; nothing where nothing was.

    predictions: name and values.
    """
    if not np.isfinite(truth).any():
        return

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        plots.clean(axes)
        ends = []
        for (name, values), colour in zip(predictions, (plots.RIVAL, plots.MODEL), strict=False):
            bins = reliability(target, values, truth, max(4, min(15, len(values) // ITEMS)))
            x, y = [each.predicted for each in bins], [each.observed for each in bins]
            axes.plot(x, y, "o-", color=colour, ms=4, lw=1.2, label=name)
            ends += [*x, *y]
        low, high = (0.0, 1.0) if target.kind != "signal" else (min(ends), max(ends))
        axes.plot([low, high], [low, high], color=plots.INK, lw=0.8, ls=(0, (4, 3)))
        axes.set_xlabel("predicted", fontsize=9)
        axes.set_ylabel("observed", fontsize=9)
        axes.grid(color=plots.LINE, lw=0.5)
        axes.legend(frameon=False, fontsize=8)

    plots.save(path, 6.0, 3.6, draw)


def comparison(figures: Sequence[Figure], metric: str, chance: float, path: Path) -> None:
    """Draw one metric of the model and its rivals, with intervals; chance is a dashed line."""
    found = [each for each in figures if each.metric == metric and each.part == "test"]
    kept = {each.who: each for each in found}
    bars = [plots.Bar(who, each.value, who != "this model") for who, each in kept.items()]
    bars.sort(key=lambda bar: -bar.value.mean if np.isfinite(bar.value.mean) else np.inf)
    plots.forest(path, [(f"{metric} on the test part", bars)], metric, chance)
