"""The pictures of the studies: figures with intervals, shares by decile, profiles around landmarks."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from dnalect.core.figures import Estimate, plain
from dnalect.core.files import written_whole

MODEL, RIVAL, INK, LINE = "#00796b", "#8a8f98", "#24292f", "#d0d7de"
SECOND = "#c2571a"
COLOURS = ("#00796b", "#c2571a", "#3f51b5", "#8a8f98", "#9c27b0", "#795548", "#0288d1", "#689f38", "#d32f2f")
DPI = 160
Floats = npt.NDArray[np.float64]
# Name -> (length or count, value), rising.
Curves = Mapping[str, Sequence[tuple[float, Estimate]]]


@dataclass(frozen=True)
class Bar:
    """One line of a forest: label, value with its interval, whether it is a rival's."""

    label: str
    value: Estimate
    rival: bool = False


@dataclass(frozen=True)
class Band:
    """A curve with its interval; the arrays have one length."""

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Panel:
    """Curves around one landmark: offsets in bases, the model's band and the rival's."""

    title: str
    offsets: npt.NDArray[np.int64]
    model: Band
    rival: Band


def save(
    path: Path, width: float, height: float, draw: Callable[[Figure], None], kind: str = "png", dpi: int = DPI
) -> None:
    """Draw a figure of width x height inches and write it whole. kind: png or svg."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure)
    with written_whole(path) as temporary, temporary.open("wb") as file:
        figure.savefig(file, dpi=dpi, format=kind, facecolor="white")


def clean(axes: Axes) -> None:
    """Leave the two axes only, in quiet colours."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LINE)
    axes.tick_params(colors=INK, labelsize=8, length=3, color=LINE)
    axes.set_axisbelow(True)


def forest(path: Path, panels: Sequence[tuple[str, Sequence[Bar]]], label: str, chance: float) -> None:
    """Draw values with their intervals as dots and lines, one panel over the other.

    panels: title and bars. chance: a dashed line.
    """
    counts = [len(bars) for _, bars in panels]

    def draw(figure: Figure) -> None:
        axes_list = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=counts)[:, 0]
        for axes, (title, bars) in zip(axes_list, panels, strict=True):
            _forest(axes, title, bars, chance)
        axes_list[-1].set_xlabel(label, fontsize=9, color=INK)

    save(path, 7.2, 0.7 + sum(0.27 * count + 0.42 for count in counts), draw)


def _forest(axes: Axes, title: str, bars: Sequence[Bar], chance: float) -> None:
    clean(axes)
    axes.axvline(chance, color=INK, lw=0.8, ls=(0, (4, 3)))
    for at, bar in enumerate(bars):
        colour = RIVAL if bar.rival else MODEL
        axes.plot([bar.value.low, bar.value.high], [at, at], color=colour, lw=2, solid_capstyle="round")
        axes.plot(bar.value.mean, at, "o", color=colour, ms=5)
        axes.text(1.01, at, plain(bar.value.mean), transform=axes.get_yaxis_transform(), va="center", fontsize=8)
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.grid(axis="x", color=LINE, lw=0.5)
    # So that a long one is not cut off.
    axes.set_title(title, fontsize=min(9.5, 640 / len(title)) if title else 9.5, loc="left", color=INK)


def deciles(path: Path, panels: Sequence[tuple[str, Band, Band]], label: str) -> None:
    """Draw shares by decile of a score, model and rival, panels side by side.

    panels: title, the model's shares and the rival's (10,), from 0 to 1.
    """

    def draw(figure: Figure) -> None:
        axes_list = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (title, model, rival) in zip(axes_list, panels, strict=True):
            clean(axes)
            for band, colour, name, shift in ((rival, RIVAL, "Markov rival", 0.12), (model, MODEL, "model", -0.12)):
                at = np.arange(1, len(band.mean) + 1) + shift
                axes.vlines(at, 100 * band.low, 100 * band.high, color=colour, lw=2)
                axes.plot(at, 100 * band.mean, "o-", color=colour, ms=4.5, lw=1, label=name)
            axes.set_xticks(range(1, len(model.mean) + 1))
            axes.set_xlabel(label, fontsize=9, color=INK)
            axes.set_ylabel("% of variants", fontsize=9, color=INK)
            axes.grid(axis="y", color=LINE, lw=0.5)
            axes.set_title(title, fontsize=9.5, loc="left", color=INK)
        axes_list[0].legend(frameon=False, fontsize=8)

    save(path, 4.1 * len(panels), 3.1, draw)


def profiles(path: Path, panels: Sequence[Panel], label: str) -> None:
    """Draw mean curves around landmarks with their bands, up to three panels in a row, one scale."""
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
        for axes in grid.ravel()[len(panels) :]:
            axes.set_visible(False)
        for axes, panel in zip(grid.ravel(), panels, strict=False):
            clean(axes)
            axes.axvline(0, color=INK, lw=0.8, ls=(0, (4, 3)))
            for band, colour, name in ((panel.rival, RIVAL, "Markov rival"), (panel.model, MODEL, "model")):
                axes.fill_between(panel.offsets, band.low, band.high, color=colour, alpha=0.25, lw=0)
                axes.plot(panel.offsets, band.mean, color=colour, lw=1.2, label=name)
            axes.set_title(panel.title, fontsize=9, loc="left", color=INK)
            axes.grid(axis="y", color=LINE, lw=0.5)
            axes.set_xlim(panel.offsets[0], panel.offsets[-1])
        for axes in grid[:, 0]:
            axes.set_ylabel(label, fontsize=8.5, color=INK)
        for axes in grid[-1]:
            axes.set_xlabel("bases from the landmark, on its strand", fontsize=8.5, color=INK)
        grid[0, 0].legend(frameon=False, fontsize=8)

    save(path, 3.3 * columns, 2.5 * lines + 0.3, draw)


def curves(path: Path, lines: Curves, rivals: Collection[str], label: str) -> None:
    """Draw values with their intervals against numbers of labels, on a logarithmic axis.

    lines: name -> (labels, value), rising. rivals: names drawn dashed.
    """

    def draw(figure: Figure) -> None:
        _curves(figure.subplots(), lines, rivals, "labelled sequences to train on", label)

    save(path, 7.2, 3.4, draw)


def lengths(path: Path, panels: Sequence[tuple[str, str, str, Curves]]) -> None:
    """Draw values with their intervals against lengths, panels side by side, on logarithmic axes of lengths.

    panels: title, what the lengths are of, what the values are, and name -> (length, value), rising.
    """

    def draw(figure: Figure) -> None:
        for axes, (title, of, label, lines) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
        ):
            _curves(axes, lines, (), of, label)
            axes.set_title(title, fontsize=10, color=INK, loc="left")
            axes.legend(frameon=False, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2))
        # Names below the panels leave too little for the words beside them.
        if isinstance(engine := figure.get_layout_engine(), ConstrainedLayoutEngine):
            engine.set(rect=(0.01, 0, 0.99, 1))

    save(path, 4.4 * len(panels), 3.4 + 0.16 * max(len(lines) for *_, lines in panels), draw)


def _curves(axes: Axes, lines: Curves, rivals: Collection[str], of: str, label: str) -> None:
    clean(axes)
    shades = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(lines)}
    for number, (name, points) in enumerate(lines.items()):
        x = np.array([length for length, _ in points]) * (1 + 0.02 * (number - len(lines) / 2))
        values = [value for _, value in points]
        style = (0, (4, 2)) if name in rivals else "-"
        axes.vlines(x, [v.low for v in values], [v.high for v in values], color=shades[name], lw=1.2, alpha=0.7)
        axes.plot(x, [v.mean for v in values], ls=style, marker="o", ms=4, lw=1.4, color=shades[name], label=name)
    ticks = sorted({length for points in lines.values() for length, _ in points})
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{int(tick):,}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel(of, fontsize=9, color=INK)
    axes.set_ylabel(label, fontsize=9, color=INK)
    axes.grid(axis="y", color=LINE, lw=0.5)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
