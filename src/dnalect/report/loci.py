"""The picture of a locus: arcs from a variant to its candidate targets over loops, domains, elements and genes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from dnalect.report.plots import INK, LINE, MODEL, RIVAL, SECOND, save

WIDTH, HEIGHT = 8.6, 0.34
# Of the picture, what a letter of a name takes: names that would run into each other stand in lanes.
LETTER = 0.0095
# Most lanes of genes; what finds no place in them goes without its name.
LANES = 5


@dataclass(frozen=True)
class Arc:
    """A candidate target: name, transcription start, share of the variant's contact, whether a loop joins them."""

    gene: str
    tss: int
    share: float
    looped: bool


@dataclass(frozen=True)
class Locus:
    """What to draw, 0-based, half-open.

    span: of the picture. variant: what it changes. arcs: to its candidates. genes: (name, start, end, forward). loops:
    (start, end, start, end) of both anchors. domains: (start, end). elements: (start, end, activity).
    """

    title: str
    contig: str
    span: tuple[int, int]
    variant: tuple[int, int]
    arcs: Sequence[Arc]
    genes: Sequence[tuple[str, int, int, bool]]
    loops: Sequence[tuple[int, ...]]
    domains: Sequence[tuple[int, ...]]
    elements: Sequence[tuple[int, int, float]]


def draw_locus(path: Path, locus: Locus, kind: str) -> None:
    """Draw the arcs over what lies there. kind: png or svg."""
    lanes = lanes_of(locus)
    used = min(LANES, 1 + max((lane for _, lane in lanes), default=0))
    tracks: list[tuple[float, str, Callable[[Axes], None]]] = [
        (2.1, "contact", lambda axes: _arcs(axes, locus)),
        *([(0.5, "loops", lambda axes: _loops(axes, locus))] if locus.loops else []),
        *([(0.34, "domains", lambda axes: _domains(axes, locus))] if locus.domains else []),
        *([(0.4, "activity", lambda axes: _elements(axes, locus))] if locus.elements else []),
        (0.16 + 0.26 * used, "genes", lambda axes: _genes(axes, locus, lanes)),
    ]

    def draw(figure: Figure) -> None:
        grid = figure.subplots(len(tracks), 1, sharex=True, squeeze=False, height_ratios=[each[0] for each in tracks])
        for axes, (_, name, drawn) in zip(grid[:, 0], tracks, strict=True):
            for side in ("top", "right", "left", "bottom"):
                axes.spines[side].set_visible(False)
            axes.set_yticks([])
            axes.tick_params(length=0, labelsize=8, colors=INK)
            axes.set_ylabel(name, fontsize=8, color=INK, rotation=0, ha="right", va="center")
            middle = sum(locus.variant) / 2
            axes.axvline(middle, color=SECOND, lw=0.8, ls=(0, (3, 3)), zorder=0)
            drawn(axes)
            axes.set_xlim(*locus.span)
        last = grid[-1, 0]
        last.spines["bottom"].set_visible(True)
        last.spines["bottom"].set_color(LINE)
        last.xaxis.set_major_formatter(FuncFormatter(_millions))
        last.set_xlabel(f"{locus.contig}, million bases", fontsize=8.5, color=INK)
        grid[0, 0].set_title(locus.title, fontsize=10, loc="left", color=INK)
        if any(each.looped for each in locus.arcs):
            grid[0, 0].set_title("orange: a loop joins them", fontsize=8, loc="right", color=SECOND)

    save(path, WIDTH, 0.75 + sum(each[0] for each in tracks), draw, kind)


def _millions(value: float, _: int | None = None) -> str:
    return f"{value / 1e6:,.2f}"


def _arcs(axes: Axes, locus: Locus) -> None:
    """Half ellipses from the variant to each start, the wider the more contact, orange where a loop joins them."""
    middle, turn = sum(locus.variant) / 2, np.linspace(0, np.pi, 80)
    longest = max(max(abs(each.tss - middle) for each in locus.arcs), 1)
    # The nearest labels of starts would lie upon each other.
    room, taken = (locus.span[1] - locus.span[0]) * LETTER, list[tuple[float, float]]()
    for each in sorted(locus.arcs, key=lambda one: -one.share):
        colour = SECOND if each.looped else MODEL
        radius = (each.tss - middle) / 2
        height = 0.25 + 0.75 * (abs(each.tss - middle) / longest) ** 0.5
        axes.plot(
            middle + radius - radius * np.cos(turn),
            height * np.sin(turn),
            color=colour,
            lw=0.8 + 5 * each.share,
            alpha=0.85,
            solid_capstyle="round",
        )
        text = f"{each.gene} {each.share:.0%}"
        half, level = room * len(text) / 2, 0.0
        while any(abs(each.tss - x) < half * 2 and abs(level - y) < 0.12 for x, y in taken):
            level -= 0.14
        taken.append((each.tss, level))
        axes.text(each.tss, level - 0.06, text, fontsize=8, color=colour, ha="center", va="top")
    axes.plot(middle, 0, "v", color=SECOND, ms=6, clip_on=False, zorder=5)
    axes.set_ylim(min(y for _, y in taken) - 0.2, 1.08)


def _loops(axes: Axes, locus: Locus) -> None:
    turn = np.linspace(0, np.pi, 60)
    for low, high, other, end in locus.loops:
        first, second = (low + high) / 2, (other + end) / 2
        radius = (second - first) / 2
        axes.plot(first + radius - radius * np.cos(turn), -np.sin(turn), color=RIVAL, lw=1)
        axes.hlines([0, 0], [low, other], [high, end], color=INK, lw=3)
    axes.set_ylim(-1.1, 0.15)


def _domains(axes: Axes, locus: Locus) -> None:
    lanes = _lanes([(low, high) for low, high in locus.domains])
    for (low, high), lane in zip(locus.domains, lanes, strict=True):
        axes.fill_between([low, high], [-lane - 0.35] * 2, [-lane + 0.35] * 2, color=LINE, ec=RIVAL, lw=0.6)
    axes.set_ylim(-max(lanes) - 0.6, 0.6)


def _elements(axes: Axes, locus: Locus) -> None:
    highest = max(each[2] for each in locus.elements) or 1.0
    width = (locus.span[1] - locus.span[0]) / 700
    for low, high, activity in locus.elements:
        axes.bar((low + high) / 2, activity / highest, max(high - low, width), color=MODEL, lw=0)
    axes.set_ylim(0, 1.05)


def _genes(axes: Axes, locus: Locus, lanes: Sequence[tuple[int, int]]) -> None:
    wanted = {each.gene for each in locus.arcs}
    for number, lane in lanes:
        name, low, high, forward = locus.genes[number]
        colour = INK if name in wanted else RIVAL
        axes.plot([low, high], [-lane, -lane], color=colour, lw=3, solid_capstyle="butt")
        axes.plot(low if forward else high, -lane, ">" if forward else "<", color=colour, ms=6)
        left, right = locus.span
        if left < (low + high) / 2 < right:
            axes.text((low + high) / 2, -lane + 0.18, name, fontsize=7, color=colour, ha="center", va="bottom")
    axes.set_ylim(-max((lane for _, lane in lanes), default=0) - 0.4, 0.85)


def lanes_of(locus: Locus) -> list[tuple[int, int]]:
    """Return (number of a gene, its lane): candidates first; genes that find no place among LANES are left out."""
    room = (locus.span[1] - locus.span[0]) * LETTER
    wanted = {each.gene for each in locus.arcs}
    order = sorted(range(len(locus.genes)), key=lambda n: (locus.genes[n][0] not in wanted, locus.genes[n][1]))
    spans = []
    for number in order:
        name, low, high, _ = locus.genes[number]
        half = max((high - low) / 2, room * len(name) / 2)
        spans.append(((low + high) / 2 - half, (low + high) / 2 + half))
    placed = zip(order, _lanes(spans), strict=True)
    return [(number, lane) for number, lane in placed if lane < LANES or locus.genes[number][0] in wanted]


def _lanes(spans: Sequence[tuple[float, ...]]) -> list[int]:
    """The first lane for each interval in which it touches none before it."""
    taken: list[list[tuple[float, ...]]] = []
    found = []
    for low, high in spans:
        lane = next((n for n, lane in enumerate(taken) if all(high < a or low > b for a, b in lane)), len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((low, high))
        found.append(lane)
    return found
