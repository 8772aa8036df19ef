"""A ranking as one self-contained HTML file: the picks with their reasons, what counted, what to expect."""

import json
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from dnalect.core.links import for_page
from dnalect.report.curves import budget_curve, reliability

PAGE = 50
COLOURS = 6


@dataclass(frozen=True)
class SourceView:
    """A source of evidence: its weight, which values count most, where they are from, variants that have it."""

    name: str
    weight: float
    direction: str
    origin: str
    known: int
    model: bool


@dataclass(frozen=True)
class PickView:
    """A picked variant.

    parts: (source, value, share of the weights, contribution). chance: of a hit, or None. links:
    (label, URL) of where to look at it.
    """

    number: int
    rank: int
    place: str
    change: str
    locus: str
    score: float
    parts: list[tuple[str, float, float, float]]
    chance: float | None
    why: str
    links: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class LocusView:
    """A locus: variants with a rank, picks, and its best variant with its score."""

    name: str
    size: int
    picks: int
    best: str
    score: float


@dataclass(frozen=True)
class HitsView:
    """What the labels say.

    bins: (variants, predicted, observed). curve: (picks, expected hits, low, high). rate: base rate.
    """

    verdict: str
    sentence: str
    labelled: int
    hits: int
    units: int
    method: str
    losses: dict[str, float]
    bins: list[tuple[int, float, float]]
    curve: list[tuple[float, ...]]
    rate: float


@dataclass(frozen=True)
class RankingPage:
    """A whole ranking.

    rows: of `columns`, the best first, and the end of what each changes (0-based). assembly: of
    the reference, "" where it isn't known. joints: rows of the table of haplotypes.
    """

    title: str
    lead: str
    notes: list[str]
    sources: list[SourceView]
    regions: dict[str, float]
    pip: str
    picks: list[PickView]
    variants: int
    hits: HitsView | None
    loci: list[LocusView]
    loci_by: str
    loci_count: int
    columns: list[str]
    rows: list[list[Any]]
    ranked: int
    joints: list[list[str]] = field(default_factory=list)
    joints_count: int = 0
    provenance: dict[str, str] = field(default_factory=dict)
    assembly: str = ""


def render(page: RankingPage) -> str:
    """Return the page as HTML. Strings from the user's files are escaped wherever they appear."""
    folder = resources.files("dnalect.report") / "templates"
    names = ("ranking.html.j2", "report.css", "ranking.css", "report.js")
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    colours = {source.name: f"s{at % COLOURS}" for at, source in enumerate(page.sources)}
    hits = page.hits
    look = for_page(page.assembly, (row[page.columns.index("contig")] for row in page.rows))
    return environment.from_string(texts["ranking.html.j2"]).render(
        page=page,
        css=Markup(texts["report.css"] + texts["ranking.css"]),
        js=Markup(texts["report.js"]),
        colours=colours,
        first=[row[: len(page.columns)] for row in page.rows[:PAGE]],
        data=_json({"columns": page.columns, "rows": page.rows, "page": PAGE, "links": look}),
        curve=Markup(budget_curve(hits.curve, hits.rate)) if hits and hits.curve else "",
        reliability=Markup(reliability(hits.bins, hits.rate)) if hits and hits.bins else "",
    )


def _json(value: Any) -> Markup:
    """JSON that cannot end its script element, whatever strings it holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)
