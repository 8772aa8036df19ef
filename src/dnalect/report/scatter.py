"""A map of vectors: one dot each, coloured by what a column says of it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from dnalect.report.plots import COLOURS, INK, LINE, clean, save

# Classes that get a colour of their own, the most frequent first; the others share the last one.
CLASSES = 8
FEW = 6
Floats = npt.NDArray[np.floating]


def draw_map(
    points: Floats, axes: tuple[str, str], title: str, path: Path, label: str = "", values: Sequence[Any] = ()
) -> None:
    """Draw n points (n, 2) as PNG. label, values: the column that colours them: numbers by a scale, else classes."""
    size = float(np.clip(6_000 / max(1, len(points)), 4, 40))

    def draw(figure: Figure) -> None:
        plot = figure.subplots()
        numbers = _numbers(values)
        if numbers is not None:
            dots = plot.scatter(points[:, 0], points[:, 1], s=size, c=numbers, cmap="viridis", linewidths=0, alpha=0.8)
            figure.colorbar(dots, label=label, shrink=0.7).outline.set_visible(False)
        elif values:
            _classes(plot, points, [str(value) for value in values], label, size)
        else:
            plot.scatter(points[:, 0], points[:, 1], s=size, color=COLOURS[0], linewidths=0, alpha=0.7)
        plot.set_xlabel(axes[0], color=INK)
        plot.set_ylabel(axes[1], color=INK)
        plot.set_title(title, color=INK, loc="left", fontsize=11)
        plot.set_xticks([])
        plot.set_yticks([])
        clean(plot)
        for side in ("left", "bottom"):
            plot.spines[side].set_color(LINE)

    save(path, 7.2, 5.6, draw)


def _classes(plot: Any, points: Floats, names: Sequence[str], label: str, size: float) -> None:
    counts = Counter(names)
    chosen = [name for name, _ in counts.most_common(CLASSES)]
    # The frequent ones first, so that the rare ones lie on top.
    groups = [(name, COLOURS[at]) for at, name in enumerate(chosen)]
    if len(counts) > CLASSES:
        groups.insert(0, ("", LINE))
    for name, colour in groups:
        mine = np.array([(each == name) if name else each not in chosen for each in names])
        shown = name or f"{len(counts) - CLASSES:,} others"
        dots = {"s": size, "color": colour, "linewidths": 0, "alpha": 0.75}
        plot.scatter(points[mine, 0], points[mine, 1], label=f"{shown} ({int(mine.sum()):,})", **dots)
    plot.legend(title=label, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=1.5, fontsize=9)


def _numbers(values: Sequence[Any]) -> npt.NDArray[np.float64] | None:
    """Return a column of numbers of many values; None of one that names classes."""
    if not values or not all(isinstance(value, int | float) or value is None for value in values):
        return None
    found = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return found if len(np.unique(found[np.isfinite(found)])) > FEW else None
