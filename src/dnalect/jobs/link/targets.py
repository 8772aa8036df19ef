"""Variants -> their candidate target genes: effect x contact, or effect x activity x contact."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dnalect.core.errors import ConfigError
from dnalect.core.numbers import whole_or_none
from dnalect.core.reporter import track
from dnalect.genome.contacts import NEITHER, SAME, SPLIT, Floats, Numbers
from dnalect.genome.names import own_name
from dnalect.jobs.link.ground import Ground, Reached, open_ground
from dnalect.jobs.link.options import Options
from dnalect.jobs.link.why import Pair, sentence
from dnalect.scored.reader import Scored, read_scored

EFFECT = "llr"
# What a column says of `Domains.relations`.
RELATIONS = {SAME: "same", SPLIT: "split", NEITHER: None}
# A row of the table, by column; what is not there is empty.
Cells = dict[str, Any]
COLUMNS = {
    **{"rank": pa.int64(), "chrom": pa.string(), "pos": pa.int64(), "id": pa.string(), "ref": pa.string()},
    **{"alt": pa.string(), "region": pa.string(), "effect": pa.float64(), "gene": pa.string(), "place": pa.int64()},
    **{"tss_distance": pa.int64(), "contact": pa.float64(), "share": pa.float64(), "evidence": pa.string()},
    **{"loop": pa.string(), "enrichment": pa.float64(), "domain": pa.string(), "activity": pa.float64()},
    **{"abc": pa.float64(), "score": pa.float64(), "reason": pa.string(), "why": pa.string()},
}


@dataclass(frozen=True)
class Linked:
    """table: a row for each variant and gene, the best variants first. ground, scored, spans: what they were made of.

    notes: what not to miss.
    """

    table: pa.Table
    ground: Ground
    scored: Scored
    spans: tuple[Numbers, Numbers]
    notes: list[str]


def link_variants(options: Options) -> Linked:
    """Return the candidate targets of all variants of a file. Raises a DnalectError for unusable input."""
    scored, ground = read_scored(options.scored), open_ground(options)
    if not any(ground.genes_on(contig) for contig in set(scored.contigs)):
        few = ", ".join(list(ground.genes)[:6])
        raise ConfigError(f"{options.annotate} has no gene on a contig of {scored.path}; its contigs are {few}")
    effects, counted = _effects(scored, options.use)
    starts, ends = spans_of(scored)
    names = scored.texts("id") if "id" in scored else [""] * len(scored)
    found: list[tuple[float, list[Cells]]] = []
    for row in track(range(len(scored)), "linking", "variants"):
        head = dict(zip(("chrom", "pos", "ref", "alt"), scored.keys[row], strict=True)) | {"id": names[row] or None}
        found.append(_targets(ground, head, int(starts[row]), int(ends[row]), float(effects[row])))
    order = sorted(range(len(found)), key=lambda at: (-found[at][0], scored.keys[at]))
    cells = [{**each, "rank": rank} for rank, at in enumerate(order, 1) for each in found[at][1]]
    table = pa.Table.from_pylist(cells, pa.schema(list(COLUMNS.items())))
    kept = [name for name in COLUMNS if name not in _empty(ground, scored)]
    return Linked(table.select(kept), ground, scored, (starts, ends), _notes(ground, scored, cells, counted))


def spans_of(scored: Scored) -> tuple[Numbers, Numbers]:
    """Return starts and ends (n,) of what variants change, 0-based half-open; of a symbolic allele, all that it spans.

    Its end is told by the column END, else by SVLEN or structure_size; without one it is the base behind POS.
    """
    starts, ends = (each.copy() for each in scored.changed)
    symbolic = [
        row for row, alt in enumerate(scored.texts("alt")) if alt.startswith("<") and not alt.startswith("<INS")
    ]
    for column, size in (("structure_size", True), ("SVLEN", True), ("END", False)):
        told = scored.texts(column) if symbolic and column in scored else []
        for row in symbolic if told else ():
            number = whole_or_none(told[row].removesuffix(".0").lstrip("-"))
            if number is not None and (end := starts[row] + number if size else number) > starts[row]:
                ends[row] = end
    return starts, ends


def _effects(scored: Scored, use: str | None) -> tuple[Floats, str]:
    """Return the absolute effects (n,), NaN where there is none, and the column they are from; 1 and "" without any."""
    if use is None and (EFFECT not in scored or not np.isfinite(scored.numbers(EFFECT)).any()):
        return np.ones(len(scored)), ""
    column = use or EFFECT
    found = np.abs(scored.numbers(column))
    if not np.isfinite(found).any():
        raise ConfigError(f"{scored.path}: the column {column!r} of --use holds no number")
    return np.where(np.isfinite(found), found, np.nan), column


def _targets(ground: Ground, head: Cells, start: int, end: int, effect: float) -> tuple[float, list[Cells]]:
    """The best score of a variant, -1 without one, and its rows, the best gene first; without a gene one with a reason.

    head: its contig, position, alleles and name.
    """
    contig = head["chrom"]
    known = ground.genes_on(contig)
    region = ground.annotation.annotate(own_name(contig, ground.annotation.spans), start, end)[1]
    head = head | {"region": region or None, "effect": _rounded(effect)}
    reached = ground.reach(contig, start, end)
    if known is None or not len(reached.genes):
        return -1.0, [head | {"reason": "no_gene_on_contig" if known is None else "no_gene_within_reach"}]
    activity, abc = _activity(ground, contig, start, end, reached)
    worth = reached.contact if abc is None else abc
    shares = reached.contact / reached.contact.sum()
    nearest = np.argsort(np.argsort(reached.gaps, kind="stable"))
    rows = []
    best = np.lexsort((reached.gaps, -reached.contact, -worth))[: ground.options.most]
    loops = ground.loops_on(contig)
    for place, at in enumerate(best.tolist(), 1):
        gene, loop, gap = int(reached.genes[at]), int(reached.loops[at]), int(reached.gaps[at])
        behind = int(known.tss[gene]) < start
        signed = gap if behind == bool(known.forward[gene]) else -gap
        relation = RELATIONS[int(reached.relations[at])]
        seen = loops is not None and loop >= 0
        pair = Pair(
            gene=known.names[gene],
            distance=signed,
            nearest=int(nearest[at]) + 1,
            others=len(reached.genes),
            share=float(shares[at]),
            loop=loops.names[loop] if loops is not None and seen else "",
            enrichment=float(loops.enrichment[loop]) if loops is not None and seen else float("nan"),
            domain=relation or "",
            active=None if abc is None else (float(activity), float(abc[at])),
        )
        cells = {
            "gene": pair.gene,
            "place": place,
            "tss_distance": signed,
            "contact": _rounded(reached.contact[at]),
            "share": _rounded(pair.share),
            "evidence": pair.evidence,
            "loop": pair.loop or None,
            "enrichment": _rounded(pair.enrichment),
            "domain": relation,
            "activity": None if abc is None else _rounded(activity),
            "abc": None if abc is None else _rounded(abc[at], 6),
            "score": _rounded(effect * worth[at], 6),
            "reason": None if np.isfinite(effect) else "no_effect",
            "why": sentence(pair),
        }
        rows.append(head | cells)
    return (float(effect * worth[best[0]]) if np.isfinite(effect) else -1.0), rows


def _activity(ground: Ground, contig: str, start: int, end: int, reached: Reached) -> tuple[float, Floats | None]:
    """How active the element is that a variant lies in, and its share (m,) of all activity x contact of each gene."""
    if not ground.elements:
        return np.nan, None
    elements, activity = ground.elements_on(contig), 0.0
    if elements:
        activity = float(elements.highest(np.array([start]), np.array([end]))[0])
    whole = ground.whole(contig)[reached.genes]
    mine = activity * reached.contact
    return activity, np.divide(mine, whole, out=np.zeros(len(mine)), where=whole > 0)


def _rounded(value: float, digits: int = 4) -> float | None:
    return round(float(value), digits) + 0.0 if np.isfinite(value) else None


def _empty(ground: Ground, scored: Scored) -> set[str]:
    """Columns of what was not given."""
    asked = {"loop": ground.loops, "enrichment": ground.loops, "domain": ground.domains}
    asked |= {"activity": ground.elements, "abc": ground.elements}
    return {name for name, given in asked.items() if not given} | ({"id"} if "id" not in scored else set())


def _notes(ground: Ground, scored: Scored, cells: list[Cells], column: str) -> list[str]:
    """What the reader must not miss."""
    notes, contigs = [], set(scored.contigs)
    if not column:
        notes.append(
            f"{scored.path} has no column {EFFECT!r}: ranked by contact alone; --use names a column of effects."
        )
    given: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("--contacts", ground.loops),
        ("--domains", ground.domains),
        ("--active", ground.elements),
    )
    for flag, known in given:
        if known and not any(own_name(contig, known) in known for contig in contigs):
            few = ", ".join(list(known)[:6])
            notes.append(f"{flag} says nothing of the contigs of the variants; it has {few}: is it of this assembly?")
    for reason, words in (
        ("no_gene_on_contig", "lie on contigs without a gene"),
        ("no_gene_within_reach", f"have no gene within {ground.options.far:,} bp"),
        ("no_effect", f"have no number in {column!r}: their genes are listed, without a score"),
    ):
        if count := len({each["rank"] for each in cells if each.get("reason") == reason}):
            notes.append(f"{count:,} of {len(scored):,} variants {words}; they come last.")
    if coding := len({each["rank"] for each in cells if each["region"] == "CDS"}):
        notes.append(f"{coding:,} variants change coding sequence, of which contact says nothing.")
    if ground.elements and (still := len({each["rank"] for each in cells if each.get("activity") == 0})):
        notes.append(f"{still:,} variants lie in no active element: their score is 0.")
    return notes
