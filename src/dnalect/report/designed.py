"""Designs as a page: what everybody says of them beside their rivals, how they were found, what is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure as Picture

from dnalect.core.figures import Figure, plain, shown, shown_difference
from dnalect.report import plots
from dnalect.report.page import Page, Section, render

SHOWN, MOTIFS, PANELS = 50, 20, 4
DESIGN, JUDGE, BITS = "design", "judge ", "bits"
# Columns of the table that figures are not made of.
_LISTED = ("edits", "gc", "longest_run")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """The one goal: label, and the best value after each call by who looked for it."""

    label: str
    best: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Front:
    """The first two goals: labels, the values (n, K) of all that were asked for, and of the best, by who."""

    labels: tuple[str, str]
    values: Mapping[str, Floats]
    best: Mapping[str, Floats]


def designs_page(
    lead: str,
    rows: Sequence[Mapping[str, Any]],
    figures: Sequence[Figure],
    found: Curve | Front,
    goals: Sequence[str],
    sites: Sequence[tuple[str, str, Mapping[str, float]]],
    facts: Mapping[str, str],
    notes: Sequence[str] = (),
) -> str:
    """Return the page as HTML.

    rows: a sequence each. figures: of the groups, side by side. found: how they were found. goals: columns of what was
    to be reached. sites: factor, motif and the share of each group that has a site. facts: how it was made. notes: what
    must not be missed.
    """
    measured = [each.metric for each in figures]
    judges = [name for name in dict.fromkeys(measured) if name.startswith(JUDGE)]
    others = judges or [name for name in (BITS,) if name in measured and name not in goals]
    sections = [_compared(figures, judges, notes), _pictures(found, rows, [*goals, *others])]
    sections += [_content(sites)] if sites else []
    sections.append(_listed([row for row in rows if row["origin"] == DESIGN], list(dict.fromkeys(measured))))
    return render(Page("Designed sequences", lead, tuple(sections), dict(facts)))


def _compared(figures: Sequence[Figure], judges: Sequence[str], notes: Sequence[str]) -> Section:
    alone = (
        "Nobody judged these designs but the predictors that they were made for, which are no evidence: a search finds "
        "their errors, too. Name another predictor with --judge."
    )
    missed = tuple(notes) if judges else (alone, *notes)
    table = []
    for metric in dict.fromkeys(each.metric for each in figures):
        mine = [each for each in figures if each.metric == metric]
        for who in dict.fromkeys(each.who for each in mine):
            own = next(each for each in mine if each.who == who)
            less = next((shown_difference(each, 2) for each in mine if each.against == who), "")
            table.append((metric, who, f"{own.n:,}", shown(own.value, 2), less))
    heads = ("measure", "who", "sequences", "mean [95%]", "designs minus it [95%]")
    told = (
        "Means over the best of each, by the predictors that the designs were made for; every rival had as many calls. "
        "Intervals are over these sequences, and say nothing of another model or an assay.",
    )
    return Section("Designs beside their rivals", told, missed, heads, tuple(table), frozenset(heads[2:]))


def _pictures(found: Curve | Front, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Section:
    told = "how they were found, not calibrated" + (", probabilities as log-odds" if isinstance(found, Front) else "")
    pictures = [(told, _drawn(lambda path: search_picture(found, path)))]
    pictures += [("what is said of them", _drawn(lambda path: strips(rows, columns, path)))]
    return Section("The search, and the judges", pictures=tuple(pictures))


def _drawn(draw: Any) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        draw(path)
        return path.read_bytes()


def search_picture(found: Curve | Front, path: Path) -> None:
    """Draw the best by call, or the values of two goals with the fronts."""

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        plots.clean(axes)
        axes.grid(color=plots.LINE, lw=0.5)
        if isinstance(found, Curve):
            for name, best in found.best.items():
                colour = _colour(name, found.best)
                axes.plot(np.arange(1, len(best) + 1), best, color=colour, lw=1.8, label=name)
            axes.set_xlabel("sequences that the predictors read", fontsize=9)
            axes.set_ylabel(f"best {found.label}", fontsize=9)
        else:
            # The designs last, so that they lie on top.
            for name in reversed([*found.values]):
                colour, values, best = _colour(name, found.values), found.values[name], found.best[name]
                axes.scatter(values[:, 0], values[:, 1], s=4, color=colour, alpha=0.25, lw=0)
                axes.scatter(best[:, 0], best[:, 1], s=26, color=colour, edgecolor="white", lw=0.6, label=name)
            axes.set_xlabel(found.labels[0], fontsize=9)
            axes.set_ylabel(found.labels[1], fontsize=9)
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))

    plots.save(path, 6.6, 3.8, draw)


def strips(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], path: Path) -> None:
    """Draw the values of each group in some columns, a dot a sequence, panels side by side."""
    groups = list(dict.fromkeys(row["origin"] for row in rows))
    shown_columns = list(columns)[:PANELS]

    def draw(figure: Picture) -> None:
        panels = figure.subplots(1, len(shown_columns), squeeze=False)[0]
        for axes, column in zip(panels, shown_columns, strict=True):
            plots.clean(axes)
            axes.grid(axis="y", color=plots.LINE, lw=0.5)
            for at, name in enumerate(groups):
                values = np.array([row[column] for row in rows if row["origin"] == name], dtype=np.float64)
                beside = at + 0.5 * (np.arange(len(values)) / max(1, len(values) - 1) - 0.5)
                axes.scatter(beside, values, s=14, color=_colour(name, groups), alpha=0.8, lw=0)
                axes.hlines(values.mean(), at - 0.35, at + 0.35, color=plots.INK, lw=1.2)
            axes.set_xticks(range(len(groups)), groups, fontsize=8)
            axes.set_title(column, fontsize=9, loc="left", color=plots.INK)

    plots.save(path, max(4.0, 3.2 * len(shown_columns)), 3.8, draw)


def _colour(name: str, among: Any) -> str:
    return plots.MODEL if name == DESIGN else plots.COLOURS[1 + list(among).index(name) % (len(plots.COLOURS) - 1)]


def _content(sites: Sequence[tuple[str, str, Mapping[str, float]]]) -> Section:
    groups = list(sites[0][2])
    heads = ("factor", "motif", *groups)
    rows = tuple(
        (factor, motif, *(f"{shares[name]:.0%}" for name in groups)) for factor, motif, shares in sites[:MOTIFS]
    )
    told = (
        f"The share of each that has a site (p at most 0.0001 on either strand), of {len(sites):,} motifs those in "
        "which the designs differ most from their rivals.",
    )
    return Section("Motifs", told, (), heads, rows, frozenset(groups))


def _listed(rows: Sequence[Mapping[str, Any]], measured: Sequence[str]) -> Section:
    heads = ("name", "sequence", *(name for name in dict.fromkeys([*measured, *_LISTED])))
    table = tuple(tuple(_cell(row[name]) for name in heads) for row in rows[:SHOWN])
    first = f"The first {SHOWN} designs" if len(rows) > SHOWN else "The designs"
    return Section(first, (), (), heads, table, frozenset(heads[2:]))


def _cell(value: Any) -> str:
    return plain(value, 2) if isinstance(value, float) else str(value)
