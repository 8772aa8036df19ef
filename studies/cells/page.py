"""Figures of the study of cells as pictures and a page."""

from collections.abc import Sequence
from pathlib import Path

from dnalect.core import Figure, shown, signed, write_figures
from dnalect.report import Page, Section, plots, write_page
from dnalect.stats import verdict
from studies.cells import fusion, sequence

RIVALS = {
    *(sequence.WORDS, sequence.GC, sequence.DISTANCE, sequence.OTHERS),
    *(fusion.SEQUENCE, fusion.SIGNALS, fusion.LINEAR, fusion.HEADS, fusion.OTHERS),
}
OPEN, ONE, BLOCKS, CELL, BRAIN = (
    *("open in the cell", "open in the one cell and closed in the other"),
    *("held-out blocks", "a held-out cell", "brain cells, learned from the lines"),
)
# Picture -> heading, metric, and its panels: title, task, part.
PICTURES = {
    "sequence": (
        "What a sequence knows of cells",
        "AUROC",
        (
            ("All windows, mean of eight cells", OPEN, "all windows/mean"),
            ("Elements alone, mean of eight cells", OPEN, "elements/mean"),
            ("Open in K562 or in GM12878", ONE, "K562 or GM12878"),
            ("Open in one of two lines, mean of six pairs", ONE, "mean of all pairs of lines"),
        ),
    ),
    "fusion": (
        "Sequence and signals",
        "AUROC",
        (
            ("Held-out blocks, all windows, mean of four lines", BLOCKS, "all windows/mean"),
            ("Held-out blocks, elements alone", BLOCKS, "elements/mean"),
            ("A held-out cell on held-out blocks, all windows", CELL, "all windows/mean"),
            ("A held-out cell on held-out blocks, elements alone", CELL, "elements/mean"),
            ("Brain cells, nothing of which was learned, all windows", BRAIN, "all windows/mean"),
        ),
    ),
    "same-sequence": (
        "The same sequence in two cells",
        "right order",
        (
            ("Held-out blocks", BLOCKS, "same sequence, two cells"),
            ("A held-out cell and another", CELL, "same sequence, the held-out cell and another"),
            ("Two brain cells", BRAIN, "same sequence, two cells"),
        ),
    ),
}


def publish(figures: Sequence[Figure], out: Path, command: str) -> None:
    """Write OUT/figures.tsv, a picture of each question and OUT/index.html."""
    write_figures(out / "figures.tsv", figures)
    sections = []
    for name, (heading, metric, panels) in PICTURES.items():
        found = [(title, _of(figures, task, part, metric)) for title, task, part in panels]
        found = [(title, each) for title, each in found if each]
        if found:
            path = out / f"{name}.png"
            bars = [(title, [_bar(each) for each in _ranked(mine)]) for title, mine in found]
            plots.forest(path, bars, metric, 0.5)
            sections.append(Section(heading, pictures=((f"{metric}, with 95% intervals.", path.read_bytes()),)))
            sections += [_table(title, mine) for title, mine in found]
    missing = [each for each in figures if each.task == "missing signals"]
    if missing:
        sections.append(_table("Missing signals", missing, "part"))
    lead = "Which elements are open in which cells: from sequence, from signals around it, from both."
    write_page(Page("Cells", lead, tuple(sections), {"command": command}), out / "index.html")


def _of(figures: Sequence[Figure], task: str, part: str, metric: str) -> list[Figure]:
    return [each for each in figures if (each.task, each.part, each.metric) == (task, part, metric)]


def _ranked(figures: Sequence[Figure]) -> list[Figure]:
    """Return the figures, one for everybody, best first."""
    kept: dict[str, Figure] = {}
    for each in figures:
        kept.setdefault(each.who, each)
    return sorted(kept.values(), key=lambda each: -each.value.mean)


def _bar(figure: Figure) -> plots.Bar:
    return plots.Bar(figure.who, figure.value, figure.who in RIVALS)


def _table(title: str, figures: Sequence[Figure], by: str = "") -> Section:
    rows = []
    for each in figures if by else _ranked(figures):
        others = [other for other in figures if other.who == each.who and other.against] if not by else [each]
        told = [
            f"{other.against}: {verdict(other)} ({signed(other.difference.mean)})" for other in others if other.against
        ]
        rows.append((*((each.part,) if by else ()), each.who, shown(each.value), "; ".join(told)))
    columns = (*(("signals",) if by else ()), "who", "value [95%]", "beside")
    return Section(title, columns=columns, rows=tuple(rows), right=frozenset(("value [95%]",)))
