"""A map of vectors: one dot each, coloured by what a column says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from dnalect.report.colours import OTHERS, shades
from dnalect.report.plots import COLOURS, DPI, INK, clean, save

FEW, SEVERAL = 6, 2_000
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Dots:
    """One map: n points (n, 2), what the axes show, a title, and the column that colours them, if any."""

    points: Floats
    axes: tuple[str, str]
    title: str
    label: str = ""
    values: Sequence[Any] = ()


def draw_map(
    points: Floats, axes: tuple[str, str], title: str, path: Path, label: str = "", values: Sequence[Any] = ()
) -> None:
    """Draw n points (n, 2) as PNG. label, values: the column that colours them: numbers by a scale, else classes."""
    draw_maps([Dots(points, axes, title, label, values)], path)


def draw_maps(maps: Sequence[Dots], path: Path, kind: str = "png", dpi: int = DPI) -> None:
    """Draw maps side by side, two in a row. kind: png or svg."""
    columns = min(2, len(maps))
    lines = -(-len(maps) // columns)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(lines, columns, squeeze=False).ravel()
        for plot in grid[len(maps) :]:
            plot.set_visible(False)
        for plot, each in zip(grid, maps, strict=False):
            _drawn(figure, plot, each)

    save(path, 7.2 if columns == 1 else 13.2, 5.6 if columns == 1 else 4.9 * lines, draw, kind, dpi)


def _drawn(figure: Figure, plot: Any, each: Dots) -> None:
    points, label = each.points, each.label
    size = float(np.clip(6_000 / max(1, len(points)), 4, 40))
    # Of many dots an SVG keeps a picture, its text as text.
    look = {"s": size, "linewidths": 0, "rasterized": len(points) > SEVERAL}
    numbers = _numbers(each.values)
    if numbers is not None:
        dots = plot.scatter(points[:, 0], points[:, 1], c=numbers, cmap="viridis", alpha=0.8, **look)
        figure.colorbar(dots, label=label, shrink=0.7).outline.set_visible(False)
    elif each.values:
        _classes(plot, points, ["" if value is None else str(value) for value in each.values], label, look)
    else:
        plot.scatter(points[:, 0], points[:, 1], color=COLOURS[0], alpha=0.7, **look)
    plot.set_xlabel(each.axes[0], color=INK)
    plot.set_ylabel(each.axes[1], color=INK)
    plot.set_title(each.title, color=INK, loc="left", fontsize=11)
    plot.set_xticks([])
    plot.set_yticks([])
    clean(plot)


def _classes(plot: Any, points: Floats, names: Sequence[str], label: str, look: dict[str, Any]) -> None:
    found = shades(names)
    own = [name for name, colour in found.items() if colour != OTHERS]
    # The frequent ones first, so that the rare ones lie on top.
    groups = [(name, found[name], np.array([each == name for each in names])) for name in own]
    if rest := [name for name in found if name not in own]:
        text = rest[0] or "(none)" if len(rest) == 1 else f"{len(rest):,} others"
        groups.insert(0, (text, OTHERS, np.array([each in rest for each in names])))
    for name, colour, mine in groups:
        plot.scatter(
            points[mine, 0], points[mine, 1], label=f"{name} ({int(mine.sum()):,})", color=colour, alpha=0.75, **look
        )
    plot.legend(title=label, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=1.5, fontsize=9)


def _numbers(values: Sequence[Any]) -> npt.NDArray[np.float64] | None:
    """Return a column of numbers of many values; None of one that names classes."""
    if not values or not all(isinstance(value, int | float) or value is None for value in values):
        return None
    found = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return found if len(np.unique(found[np.isfinite(found)])) > FEW else None
