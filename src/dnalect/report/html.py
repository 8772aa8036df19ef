"""A scoring run as one self-contained HTML file: no network, no other file."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from dnalect.core.files import write_text
from dnalect.core.links import for_page, links
from dnalect.core.measures import Splice
from dnalect.core.records import Reason, Row
from dnalect.core.summaries import Context, FrequencyCheck, Summary
from dnalect.core.views import Explained, View
from dnalect.report import svg
from dnalect.report.tracks import along, heat_map, scale_of

REASONS = {
    "scored": "has a score",
    Reason.REF_MISMATCH: "REF is not the base of this reference: another assembly, or an error in the file",
    Reason.SYMBOLIC: "a symbolic allele whose sequence is not known",
    Reason.BREAKEND: "a breakend of a rearrangement",
    Reason.STAR: "the allele * : the site is deleted by another record",
    Reason.NON_REF: "the placeholder for any other allele, as in a gVCF",
    Reason.NO_ALTERNATE: "ALT is '.', so there is nothing to compare",
    Reason.AMBIGUOUS_BASE: "an allele or the reference holds a letter beside A, C, G, T",
    Reason.TOO_LONG: "the allele does not fit the model's context",
    Reason.OUT_OF_RANGE: "the position lies outside its contig",
    Reason.CONTIG_MISSING: "the reference has no such contig",
    Reason.CONTIG_EDGE: "too few known bases around it",
    Reason.HOMOLOGY: "both sides of a junction share more bases than fit the model's context",
    Reason.NOT_STRUCTURAL: "no structural variant, and only junctions were asked for",
    Reason.NO_GENE: "no gene of the annotation lies there, and splice sites are scored in genes",
    Reason.NO_RELATIVE: "no relative is aligned there, or it is no substitution",
    Reason.COPY: "a long copy of the sequence beside it, which a model only copies",
}
PAGE = 50
LONGEST = 24
# Pixels of a dependency map.
SMALL_MAP = 300
# Left out on a phone, where score, percentile and consequence have to be seen without scrolling.
QUIET = frozenset(
    (
        *("rank", "id", "class", "p(ref)", "spread", "AC", "region", "nearest TSS", "cosine distance, window"),
        "within its type",
    )
)
# Outputs of a predictor that the report lists; tables hold all of them.
OUTPUTS = 4
SPLICED = {4: ("acceptor gain", "acceptor loss", "donor gain", "donor loss"), 2: ("gain", "loss")}


def write_report(summary: Summary, path: Path) -> None:
    """Write the report. Strings from the user's files are escaped wherever they appear."""
    write_text(path, render(summary))


def render(summary: Summary) -> str:
    """Return the report as HTML."""
    folder = resources.files("dnalect.report") / "templates"
    texts = {
        name: (folder / name).read_text(encoding="utf-8") for name in ("report.html.j2", "report.css", "report.js")
    }
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    columns = _columns(summary)
    places = summary.within or [None] * len(summary.top)
    rows = [_cells(n + 1, row, places[n], columns) for n, row in enumerate(summary.top)]
    assembly = summary.provenance.get("assembly", "")
    look = for_page(assembly, (row.contig for row in summary.top))
    listed = [[*cells, _end(row)] for cells, row in zip(rows, summary.top, strict=True)]
    return environment.from_string(texts["report.html.j2"]).render(
        summary=summary,
        css=Markup(texts["report.css"]),
        js=Markup(texts["report.js"]),
        outcomes=_outcomes(summary),
        scored=summary.outcomes.get("scored", 0),
        histograms=_histograms(summary),
        frequency=_frequency(summary.frequency) if summary.frequency else None,
        columns=columns,
        hidden=(hidden := _hidden(summary, columns)),
        first=rows[:PAGE],
        data=_json({"columns": columns, "rows": listed, "page": PAGE, "links": look, "hidden": hidden}),
        contexts=[_context(each, assembly) for each in summary.contexts],
    )


def _end(row: Row) -> int:
    """0-based end of what a row changes, at least its position."""
    return max(row.position, row.span[1] if row.span else 0)


def _context(context: Context, assembly: str) -> dict[str, Any]:
    row = context.row
    found = links(assembly, row.contig, row.position, row.ref, row.alt, _end(row))
    return {
        "row": row,
        "picture": Markup(svg.logo(context)),
        "text": _sentence(row, context.motif),
        "links": found,
        "views": [_view(context, view) for view in context.views],
    }


def _view(context: Context, view: View) -> dict[str, Any]:
    """A view of a context: its lines and heat maps, small, and what its nulls say."""
    start, end = context.row.span or (context.start, context.start)
    place = Explained("", "", context.start, context.bases, (), (start - context.start, end - context.start))
    lines = [track for track in view.tracks if track.kind == "line"]
    found = [along(place, lines, [scale_of(track) for track in lines])] if lines else []
    maps = [track for track in view.tracks if track.kind == "matrix"]
    found += [heat_map(place, track, scale_of(track), SMALL_MAP, told=False) for track in maps]
    return {"title": view.title, "pictures": list(map(Markup, found)), "nulls": [null.text for null in view.nulls]}


def _json(value: Any) -> Markup:
    """JSON that cannot end its script element, whatever strings it holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def _outcomes(summary: Summary) -> list[dict[str, Any]]:
    total = max(1, summary.alternates)
    order = sorted(summary.outcomes.items(), key=lambda item: (item[0] != "scored", -item[1]))
    return [{"name": n, "count": c, "share": c / total, "text": REASONS.get(n, "")} for n, c in order]


def _histograms(summary: Summary) -> list[dict[str, Any]]:
    """SNVs by their scores, other classes, whose scores grow with length, by their percentiles; predicted changes."""
    found = []
    names = ("these variants", "background")
    for kind, (edges, counts) in summary.scores.items():
        background = summary.background.get(kind)
        drawn = int(background[1].sum()) if background else 0
        of, count = f"{kind}: score (nats)", int(counts.sum())
        if kind == "snv" or kind not in summary.percentiles:
            picture = svg.histogram(edges, counts, background[1] if background else None, names, "score (nats)")
        else:
            shares = summary.percentiles[kind]
            of, count = f"{kind}: percentile among its length", int(shares.sum())
            even = np.ones(len(shares), dtype=np.int64)
            picture = svg.histogram(
                np.linspace(0, 1, len(shares) + 1), shares, even, ("these variants", "background"), "percentile"
            )
        found.append({"kind": of, "count": count, "background": drawn, "picture": Markup(picture)})
    for name, (edges, counts, drawn_counts) in summary.changes.items():
        picture = svg.histogram(edges, counts, drawn_counts, names, "predicted change")
        of, drawn = f"predicted change, {name}", int(drawn_counts.sum())
        found.append({"kind": of, "count": int(counts.sum()), "background": drawn, "picture": Markup(picture)})
    return found


def _frequency(check: FrequencyCheck) -> dict[str, Any]:
    edges = np.linspace(0, 1, len(check.common_bins) + 1)
    picture = svg.histogram(
        edges, check.common_bins, check.rare_bins, ("common", "singletons"), "percentile of the score"
    )
    if check.low > 0.5:
        verdict = "Common alleles score higher than singletons, as they should if the scores see selection."
    elif check.high < 0.5:
        verdict = "Common alleles score lower than singletons: on these data the scores point the wrong way."
    else:
        verdict = "The interval holds 0.5: on these data the scores do not tell common alleles from singletons."
    return {"check": check, "picture": Markup(picture), "verdict": verdict}


def _columns(summary: Summary) -> list[str]:
    """What people look for first comes first; of the rest what any row has."""
    rows, llr = summary.top, "llr" in summary.measured
    wanted = {
        "rank": True,
        "contig": True,
        "position": True,
        "change": True,
        "score": llr,
        "percentile": llr,
        "junction": (junction := "junction" in summary.measured),
        "percentile, junction": junction and any(row.score.joined and row.score.joined.percentile for row in rows),
        **dict.fromkeys(("splicing", "of gene", "splice sites"), "splice" in summary.measured),
        "elements": any(row.inside and any(row.inside) for row in rows),
        **dict.fromkeys(_predicted(summary), True),
        "cosine distance, site": "distance" in summary.measured,
        "cosine distance, window": "distance" in summary.measured,
        "influence": "influence" in summary.measured,
        "percentile, influence": any(row.score.influence and row.score.influence.percentiles for row in rows),
        "relatives": (related := "column" in summary.measured),
        "model and relatives": related and llr,
        "percentile, both": any(row.score.column and row.score.column.percentiles for row in rows),
        "within its type": any(each is not None for each in summary.within),
        "gene": summary.annotated,
        "consequence": summary.annotated,
        "motif": any(row.motif for row in rows),
        "flags": any(row.score.flags for row in rows),
        "AF": any(row.af is not None for row in rows),
        "AC": any(row.allele_count is not None for row in rows),
        "p(ref)": llr,
        "spread": any(row.score.members for row in rows),
        "class": True,
        "region": summary.annotated,
        "nearest TSS": summary.annotated,
        "id": any(row.identifier != "." for row in rows),
    }
    return [name for name, there in wanted.items() if there]


def _predicted(summary: Summary) -> list[str]:
    """The columns of the predicted changes of the first outputs."""
    ranked = any(each.percentile is not None for row in summary.top for each in row.score.changes)
    kinds = ("predicted change", "percentile") if ranked else ("predicted change",)
    return [f"{kind}, {name}" for name in _outputs(summary) for kind in kinds]


def _hidden(summary: Summary, columns: list[str]) -> dict[str, str]:
    """Columns that a narrow screen leaves out, and the contig where there is but one, with their classes."""
    hidden = {name: "quiet" for name in columns if name in QUIET}
    return hidden if len({row.contig for row in summary.top}) != 1 else hidden | {"contig": "alone"}


def _outputs(summary: Summary) -> list[str]:
    return [each.name for each in next((row.score.changes for row in summary.top), ())[:OUTPUTS]]


def _cells(rank: int, row: Row, within: float | None, columns: list[str]) -> list[Any]:
    score, distances, influence, joined = row.score, row.score.distances, row.score.influence, row.score.joined
    column = score.column
    values = {
        "rank": rank,
        "contig": row.contig,
        "position": row.position,
        "id": "" if row.identifier == "." else row.identifier,
        "change": f"{_short(row.ref)}>{_short(row.alt)}",
        "class": score.kind,
        "score": _rounded(score.value, 2),
        "percentile": _rounded(score.percentile, 5),
        "junction": _rounded(joined.value, 2) if joined else None,
        "percentile, junction": _rounded(joined.percentile, 5) if joined else None,
        "splicing": _rounded(score.splice.largest, 2) if score.splice else None,
        "of gene": score.splice.gene if score.splice else "",
        "splice sites": _splice_sites(score.splice) if score.splice else "",
        "elements": _touched(row),
        "p(ref)": _rounded(score.ref_prob, 2),
        "spread": _rounded(score.spread, 2),
        "cosine distance, site": _significant(distances.cosine_site) if distances else None,
        "cosine distance, window": _significant(distances.cosine_window) if distances else None,
        "influence": _significant(influence.total) if influence else None,
        "percentile, influence": _rounded(influence.percentiles[1], 5) if influence and influence.percentiles else None,
        "relatives": _rounded(column.value, 2) if column else None,
        "model and relatives": _rounded(column.together, 2) if column else None,
        "percentile, both": _rounded(column.percentiles[-1], 5) if column and column.percentiles else None,
        "within its type": _rounded(within, 4),
        "AC": row.allele_count,
        "AF": _rounded(row.af, 5),
        "gene": row.gene,
        "region": row.region,
        "nearest TSS": row.tss_distance,
        "consequence": " ".join(filter(None, (_worst(row), row.protein))),
        "motif": row.motif.words if row.motif else "",
        "flags": " ".join(score.flags),
    }
    for each in score.changes:
        values[f"predicted change, {each.name}"] = _significant(each.value)
        values[f"percentile, {each.name}"] = _rounded(each.percentile, 5)
    return [values[name] for name in columns]


def _splice_sites(splice: Splice) -> str:
    """What is gained and lost, from 0.01 on, and where."""
    found = zip(SPLICED[len(splice.deltas)], splice.deltas, splice.positions, strict=True)
    return ", ".join(f"{what} {delta:.2f} at {place:+d}" for what, delta, place in found if delta >= 0.005)


def _touched(row: Row) -> str:
    """What a structural variant does to elements, a few of them by name."""
    named = ((what, names) for what, names in row.inside._asdict().items() if names) if row.inside else ()
    few = ((what, ", ".join(names[:3]), len(names) - 3) for what, names in named)
    return "; ".join(f"{what} {first}" + (f" and {more:,} more" if more > 0 else "") for what, first, more in few)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, digits) + 0.0  # no -0.0


def _significant(value: float) -> float:
    """Distances span many powers of ten."""
    return float(f"{value:.3g}")


def _short(allele: str) -> str:
    return allele if len(allele) <= LONGEST else f"{allele[:10]}…({len(allele):,})"


def _sentence(row: Row, motif: str) -> str:
    score = row.score
    predicted = "".join(f", predicted change of {each.name} {each.value:+.3g}" for each in score.changes[:OUTPUTS])
    text = f"{_short(row.ref)}>{_short(row.alt)}{predicted}, score {_rounded(score.value, 2):.2f}"
    if score.percentile is not None:
        text += f", percentile {score.percentile:.3%}"
    if score.ref_prob is not None:
        text += f", p(ref) {score.ref_prob:.2f}"
    if row.gene:
        text += f", {row.gene} ({row.region})"
    if row.consequence:
        text += f", {_worst(row)}" + (f" {row.protein}" if row.protein else "")
    if motif:
        text += f", {motif}"
    if row.span and (size := row.span[1] - row.span[0]) > 1:
        text += f"; {row.span[0] + 1:,}-{row.span[1]:,} ({size:,} bp)"
    return text


def _worst(row: Row) -> str:
    """The most severe consequence as people say it."""
    return row.consequence.partition("&")[0].removesuffix("_variant").replace("_", " ")
