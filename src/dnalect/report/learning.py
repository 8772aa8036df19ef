"""Curves of learning, from the log of a run: training and validation against passes over the data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Picture

from dnalect.report import plots

Entries = Sequence[dict[str, Any]]


def pretraining_curve(entries: Entries, title: str, path: Path) -> None:
    """Draw training and validation bits per base against passes over the genome."""
    passes = [entry["passes"] for entry in entries]

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        plots.clean(axes)
        axes.plot(passes, [entry["train_bits"] for entry in entries], label="training", color=plots.RIVAL, lw=1.5)
        validation = [entry["validation_bits"] for entry in entries]
        axes.plot(passes, validation, "o-", label="validation", color=plots.MODEL, ms=3.5, lw=1.5)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("passes over the training contigs", fontsize=9)
        axes.set_ylabel("bits per base", fontsize=9)
        axes.legend(frameon=False, fontsize=8)

    plots.save(path, 6.0, 3.6, draw)


def finetuning_curve(entries: Entries, judged: str, path: Path) -> None:
    """Draw training loss and validation figure against passes; nothing of a single check. judged: which figure."""
    if len(entries) < 2:
        return
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
