"""What a case found -> its figures.tsv, plots and index.html."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dnalect.core import Figure, made_folder, shown, signed, write_figures
from dnalect.report import Page, Section, plots, write_page
from dnalect.stats import verdict


@dataclass(frozen=True)
class Panel:
    """A section of a page: heading, which figures it shows, what chance would give (NaN: no line), and sentences.

    picture: name of the PNG, without its ending; what is no letter becomes a dash. caption: of the picture.
    """

    heading: str
    part: str
    metric: str
    chance: float
    picture: str
    caption: str
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """How figures are told. rivals: whose bars are grey. panels: those without figures are left out."""

    title: str
    lead: str
    rivals: Sequence[str]
    panels: Sequence[Panel]


def publish(case: Case, figures: Sequence[Figure], out: Path, command: str) -> list[Figure]:
    """Write OUT/figures.tsv, a plot for each panel and OUT/index.html; return the figures with their command."""
    found = [replace(each, command=command) for each in figures]
    made_folder(out)
    write_figures(out / "figures.tsv", found)
    known = {each.part for each in found}
    sections = [forest_section(panel, found, case.rivals, out) for panel in case.panels if panel.part in known]
    write_page(Page(case.title, case.lead, tuple(sections), {"command": command}), out / "index.html")
    return found


def forest_section(panel: Panel, figures: Sequence[Figure], rivals: Sequence[str], out: Path) -> Section:
    """Draw the figures of a panel, best first, as OUT/PICTURE.png and return them with their table."""
    mine = [each for each in figures if (each.part, each.metric) == (panel.part, panel.metric)]
    kept: dict[str, Figure] = {}
    for each in mine:
        kept.setdefault(each.who, each)
    ranked = sorted(kept.values(), key=lambda each: -each.value.mean)
    rows = []
    for each in ranked:
        others = [other for other in mine if other.who == each.who and other.against]
        told = [f"{verdict(other)} ({signed(other.difference.mean)})" for other in others]
        rows.append((each.who, shown(each.value), "; ".join(told) if each.who not in rivals else ""))
    path = out / f"{''.join(c if c.isalnum() else '-' for c in panel.picture)}.png"
    bars = [plots.Bar(each.who, each.value, each.who in rivals) for each in ranked]
    plots.forest(path, [(panel.heading, bars)], panel.metric, panel.chance)
    columns = ("who", "value [95%]", "beside the rivals")
    pictures = ((panel.caption, path.read_bytes()),)
    return Section(panel.heading, panel.sentences, (), columns, tuple(rows), frozenset(columns[1:2]), pictures)
