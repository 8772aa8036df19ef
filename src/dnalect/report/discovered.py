"""Candidates of a genome as a page: how well everybody does, whether chances hold, and the first of them."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.figures import Figure, plain, shown, shown_difference
from dnalect.report.page import Page, Section, render
from dnalect.stats.calibration import Bin

SHOWN = 50
Floats = npt.NDArray[np.float64]


def candidates_page(
    title: str,
    lead: str,
    places: Sequence[str],
    scores: Mapping[str, Floats],
    figures: Sequence[Figure],
    bins: Sequence[Bin],
    facts: Mapping[str, str],
) -> str:
    """Return the page as HTML.

    places: of the candidates, the best first. scores: who -> a score of each, the model's chance first. figures: how
    well everybody does. bins: of the model's chances on windows that it did not learn from. facts: how it was made.
    """
    who = next(iter(scores))
    rows = [
        (str(at + 1), place, *(f"{score[at]:.2f}" for score in scores.values()))
        for at, place in enumerate(places[:SHOWN])
    ]
    heads = ("rank", "place", *scores)
    told = (
        f"The chance that {who} gives is calibrated on windows of the labelled genome that it did not learn from, and "
        "holds for another genome as far as elements are as frequent there and look the same.",
    )
    first = Section(f"The first {len(rows)} candidates", told, (), heads, tuple(rows), frozenset(heads[:2]))
    measured = [_measured(figures, part) for part in dict.fromkeys(each.part for each in figures)]
    known = {name: value for name, value in facts.items() if value}
    return render(Page(title, lead, (*measured, _calibrated(bins), first), known))


def _measured(figures: Sequence[Figure], part: str) -> Section:
    mine = [each for each in figures if each.part == part]
    rows = []
    for metric in dict.fromkeys(each.metric for each in mine):
        own = [each for each in mine if each.metric == metric]
        for who in dict.fromkeys(each.who for each in own):
            each = next(figure for figure in own if figure.who == who)
            less = next((shown_difference(figure, 2) for figure in own if figure.against == who), "")
            rows.append((metric, who, shown(each.value, 2), plain(each.chance, 2), less))
    heads = ("measure", "who", "value [95%]", "by chance", "the first less this one")
    return Section(f"How well: {part}", (), (), heads, tuple(rows), frozenset(heads[2:]))


def _calibrated(bins: Sequence[Bin]) -> Section:
    rows = tuple((f"{each.predicted:.2f}", f"{each.observed:.2f}", f"{each.n:,}") for each in bins)
    heads = ("chance that was told", "share that holds an element", "windows")
    return Section("Calibration, on windows held out of the labelled genome", (), (), heads, rows, frozenset(heads))
