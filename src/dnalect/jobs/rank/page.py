"""A ranking as its page shows it."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from dnalect.core.links import links
from dnalect.core.summaries import shares_within, substitution_type
from dnalect.jobs.rank.facts import hits_sentence, provenance, shortened
from dnalect.jobs.rank.ranking import Ranked
from dnalect.report.ranking import HitsView, LocusView, PickView, RankingPage, SourceView

LISTED, LOCI, JOINTS = 20_000, 30, 30
SHOWN = (
    *("class", "gene", "region", "consequence", "tss_distance", "motif", "motif_change", "llr", "percentile"),
    *("allele_count", "allele_frequency"),
)
NAMES = {
    "tss_distance": "nearest TSS",
    "llr": "LLR",
    "allele_count": "AC",
    "allele_frequency": "AF",
    "motif_change": "motif, bits",
}


def page_of(ranked: Ranked) -> RankingPage:
    """Return what the page shows."""
    columns, rows = _rows(ranked)
    options, sources = ranked.options, ranked.evidence
    return RankingPage(
        title=f"Ranking of {Path(ranked.scored.path).name}",
        lead=_lead(ranked),
        notes=ranked.notes,
        sources=[
            SourceView(each.name, each.weight, each.direction, each.origin, int(each.known.sum()), bool(each.model))
            for each in sources
        ],
        regions=ranked.settings.regions if any(each.name == "region" for each in sources) else {},
        pip=options.pip or "",
        picks=[_pick(ranked, number, row) for number, row in enumerate(ranked.picks)],
        variants=len(ranked.scored),
        hits=_hits(ranked),
        loci=_loci(ranked),
        loci_by=ranked.loci.by,
        loci_count=len(set(filter(None, ranked.loci.names))),
        joints=_joints(ranked),
        joints_count=len(ranked.joints),
        columns=columns,
        rows=rows,
        ranked=int((ranked.order.rank > 0).sum()),
        provenance=ranked.scored.provenance | provenance(ranked),
        assembly=_assembly(ranked),
    )


def _assembly(ranked: Ranked) -> str:
    return ranked.scored.provenance.get("assembly", "")


def _lead(ranked: Ranked) -> str:
    options, count = ranked.options, len(ranked.picks)
    size = int((ranked.order.rank > 0).sum())
    text = f"{size:,} of {len(ranked.scored):,} variants are ranked"
    if ranked.loci.grouped:
        text += f", in {len(set(filter(None, ranked.loci.names))):,} loci ({ranked.loci.by})"
    if options.budget:
        text += f"; {count:,} are picked"
        if options.cost is not None:
            text += f", {count:,} x {options.cost:,g} = {count * options.cost:,g}"
    return text + "."


def _pick(ranked: Ranked, number: int, row: int) -> PickView:
    combined = ranked.combined
    contig, position, ref, alt = ranked.scored.keys[row]
    parts = [
        (each.name, float(each.value[row]), float(share), float(part))
        for each, share, part in zip(ranked.evidence, combined.shares[row], combined.contributions[row], strict=True)
        if share > 0
    ]
    calibration = ranked.calibration
    chance = float(calibration.chances[row]) if calibration and calibration.chances is not None else None
    return PickView(
        number=number + 1,
        rank=int(ranked.order.rank[row]),
        place=f"{contig}:{position:,}",
        change=f"{shortened(ref)}>{shortened(alt)}",
        locus=ranked.loci.names[row] if ranked.loci.grouped else "",
        score=float(combined.score[row]),
        parts=parts,
        chance=chance,
        why=ranked.why[number],
        links=links(_assembly(ranked), contig, position, ref, alt, int(ranked.scored.changed[1][row])),
    )


def _hits(ranked: Ranked) -> HitsView | None:
    found = ranked.calibration
    if found is None:
        return None
    expected = found.expected
    return HitsView(
        verdict=found.verdict,
        sentence=hits_sentence(ranked),
        labelled=found.labelled,
        hits=found.hits,
        units=found.units,
        method=found.method,
        losses=dict(found.losses),
        bins=[(each.count, each.predicted, each.observed) for each in found.bins],
        curve=[tuple(row) for row in expected.curve.tolist()] if expected else [],
        rate=found.hits / found.labelled if found.labelled else 0.0,
    )


def _loci(ranked: Ranked) -> list[LocusView]:
    if not ranked.loci.grouped:
        return []
    names, scored = ranked.loci.names, ranked.scored
    picked = Counter(names[row] for row in ranked.picks)
    best = [row for row in ranked.order.order.tolist() if ranked.order.locus_rank[row] == 1]
    views = []
    for row in best[:LOCI]:
        contig, position, ref, alt = scored.keys[row]
        text = f"{contig}:{position:,} {shortened(ref)}>{shortened(alt)}"
        size = int(ranked.order.locus_size[row])
        views.append(LocusView(names[row], size, picked[names[row]], text, float(ranked.combined.score[row])))
    return views


def _joints(ranked: Ranked) -> list[list[str]]:
    rows = []
    for each in ranked.joints[:JOINTS]:
        alleles = " + ".join(
            f"{position:,} {shortened(ref)}>{shortened(alt)}" for _, position, ref, alt in each.near.alleles
        )
        values = (each.joint, sum(each.singles) if each.singles else None, each.interaction)
        numbers = ["" if value is None else f"{value:+.2f}" for value in values]
        rows.append([f"{each.near.alleles[0][0]}: {alleles}", f"{each.near.carriers:,}", *numbers, each.reason])
    return rows


def _rows(ranked: Ranked) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of the table of all variants, the best first; a row ends with the end of what it changes."""
    scored, order, table = ranked.scored, ranked.order, ranked.scored.table
    numbers = {row: number for number, row in enumerate(ranked.picks, 1)}
    own = [name for name in SHOWN if name in scored and table[name].null_count < len(scored)]
    own = [name for name in own if name != (ranked.options.group_by or "")]
    values = {name: table[name].to_pylist() for name in own}
    listed = order.order[:LISTED].tolist()
    grouped = ranked.loci.grouped
    ranked_rows = [row for row in order.order.tolist() if order.rank[row] > 0]
    types = [substitution_type(*scored.keys[row][2:4]) for row in ranked_rows]
    shares = dict(zip(ranked_rows, shares_within(types, Counter(types)), strict=True))
    columns = ["rank", "pick", "contig", "position", "change", *(["locus", "in locus"] if grouped else [])]
    columns += [
        *(["within its type"] if any(types) else []),
        "combined",
        *(NAMES.get(name, name) for name in own),
        *(f"{e.name} value" for e in ranked.evidence),
    ]
    rows = []
    for row in listed:
        contig, position, ref, alt = scored.keys[row]
        place, size = int(order.locus_rank[row]), int(order.locus_size[row])
        within: list[Any] = [ranked.loci.names[row], f"{place:,} of {size:,}" if place else ""] if grouped else []
        cells = [int(order.rank[row]) or None, numbers.get(row), contig, position, f"{shortened(ref)}>{shortened(alt)}"]
        share = shares.get(row)
        within += [None if share is None else _rounded(share, 4)] if any(types) else []
        cells += [*within, _rounded(ranked.combined.score[row]), *(_cell(name, values[name][row]) for name in own)]
        end = max(position, int(scored.changed[1][row]))
        rows.append([*cells, *(_rounded(each.value[row]) for each in ranked.evidence), end])
    return columns, rows


def _cell(name: str, value: Any) -> Any:
    digits = 2 if name == "llr" else 5
    return _rounded(value, digits) if isinstance(value, float) else "" if value is None else value


def _rounded(value: float, digits: int = 3) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
