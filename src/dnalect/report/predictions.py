"""Pictures of predictions: what is taken for what, how items are ranked, and how far the numbers can be trusted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure as Picture
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from dnalect.core.examples import Target
from dnalect.core.figures import Figure
from dnalect.report import plots
from dnalect.stats.calibration import reliability

# Curves that a picture shows at most, and classes of a confusion matrix that still have their numbers in it.
CURVES, NUMBERED = len(plots.COLOURS), 12
# Of a bin of the reliability plot, at least.
ITEMS = 20


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


def confusion(
    target: Target, predictions: npt.NDArray[np.floating], truth: npt.NDArray[np.floating], path: Path
) -> None:
    """Draw how many sequences of each class are taken for which; nothing of tracks and signals.

    predictions: (n, classes). truth: (n, 1), NaN for unknown.
    """
    known = np.isfinite(truth[:, 0])
    if target.kind != "classes" or not known.any():
        return
    names = range(len(target.outputs))
    counts = confusion_matrix(truth[known, 0].astype(int), predictions[known].argmax(axis=1), labels=list(names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        axes.imshow(shares, cmap="GnBu", vmin=0, vmax=1)
        axes.set_xticks(names, target.outputs, fontsize=8, rotation=45 if len(names) > 4 else 0)
        axes.set_yticks(names, target.outputs, fontsize=8)
        axes.set_xlabel("predicted", fontsize=9)
        axes.set_ylabel("true", fontsize=9)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        for row, column in np.ndindex(counts.shape) if len(names) <= NUMBERED else ():
            colour = "white" if shares[row, column] > 0.6 else plots.INK
            text = f"{counts[row, column]:,}\n{shares[row, column]:.0%}"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)

    side = min(6.0, 2.4 + 0.5 * len(names))
    plots.save(path, side + 0.6, side, draw)


def curves(target: Target, predictions: npt.NDArray[np.floating], truth: npt.NDArray[np.floating], path: Path) -> None:
    """Draw ROC and precision-recall curves, of the second of two classes, of each of more, or of each track.

    predictions: (n, outputs). truth: (n, 1) classes or (n, tracks), NaN for unknown. Nothing of signals,
    and of what is always or never there.
    """
    if target.kind == "signal":
        return
    found = []
    for number, name in enumerate(target.outputs):
        labels = truth[:, 0] if target.kind == "classes" else truth[:, number]
        known = np.isfinite(labels)
        yes = labels[known] == number if target.kind == "classes" else labels[known] > 0.5
        if 0 < yes.sum() < len(yes):
            found.append((name, yes, predictions[known, number]))
    if target.kind == "classes" and len(target.outputs) == 2:
        found = found[1:]
    if not found:
        return

    def draw(figure: Picture) -> None:
        left, right = figure.subplots(1, 2)
        for (name, yes, values), colour in zip(found[:CURVES], plots.COLOURS, strict=False):
            wrong, right_ones, _ = roc_curve(yes, values)
            precision, recall, _ = precision_recall_curve(yes, values)
            left.plot(wrong, right_ones, color=colour, lw=1.5, label=name)
            right.plot(recall, precision, color=colour, lw=1.5, label=name)
            right.axhline(yes.mean(), color=colour, lw=0.8, ls=(0, (4, 3)))
        left.plot([0, 1], [0, 1], color=plots.INK, lw=0.8, ls=(0, (4, 3)))
        for axes, x, y in ((left, "false positive rate", "true positive rate"), (right, "recall", "precision")):
            plots.clean(axes)
            axes.grid(color=plots.LINE, lw=0.5)
            axes.set_xlabel(x, fontsize=9)
            axes.set_ylabel(y, fontsize=9)
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1.02)
        left.legend(frameon=False, fontsize=8, loc="lower right")

    plots.save(path, 6.6, 3.2, draw)


def comparison(figures: Sequence[Figure], metric: str, chance: float, path: Path) -> None:
    """Draw one metric of the model and its rivals, with intervals; chance is a dashed line."""
    found = [each for each in figures if each.metric == metric and each.part == "test"]
    kept = {each.who: each for each in found}
    bars = [plots.Bar(who, each.value, who != "this model") for who, each in kept.items()]
    bars.sort(key=lambda bar: -bar.value.mean if np.isfinite(bar.value.mean) else np.inf)
    plots.forest(path, [(f"{metric} on the test part", bars)], metric, chance)
