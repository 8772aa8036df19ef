"""Candidate targets out: a table, and the picture of a locus."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from dnalect import __version__
from dnalect.core.arrow import put_noted, write_noted
from dnalect.core.errors import ConfigError
from dnalect.core.files import written_together
from dnalect.genome.contacts import NEAREST, POWER
from dnalect.genome.names import own_name
from dnalect.jobs.link.options import Options
from dnalect.jobs.link.targets import Linked
from dnalect.jobs.rank.facts import FIRST, shortened
from dnalect.jobs.rank.outputs import kind_of
from dnalect.report.loci import Arc, Locus, draw_locus

# Around what is drawn, as a share of its length, and least bases of it.
MARGIN, SHORTEST = 0.08, 20_000


def write_outputs(linked: Linked, output: str, picture: str | None, at: str | None = None) -> None:
    """Write the table and the picture; all appear under their names, or none. Raises ConfigError or OutputError."""
    options = linked.ground.options
    drawn = locus_of(linked, at) if picture else None
    table = linked.table.replace_schema_metadata(
        {f"dnalect_{name}": value for name, value in (linked.scored.provenance | facts(options)).items()}
    )
    with written_together() as files:
        if output != "-":
            write_noted(table, files.place(Path(output)), kind_of(output))
        if picture and drawn:
            draw_locus(files.place(Path(picture)), drawn, Path(picture).suffix[1:])
        if output == "-":
            put_noted(table, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def draw(linked: Linked, path: Path, at: str | None = None) -> None:
    """Draw the locus of a variant. Raises ConfigError where it is not there or has no gene."""
    draw_locus(path, locus_of(linked, at), path.suffix[1:])


def facts(options: Options) -> dict[str, str]:
    """Return what a reader needs to repeat the table."""
    far = f"max(bases, {NEAREST}) ^ -{POWER}"
    loops = f"; loops times their enrichment, anchors widened by {options.slack} bases" if options.contacts else ""
    domains = f"; times {options.across:g} across a domain's boundary" if options.domains else ""
    found = {
        "link_version": __version__,
        "link_command": options.command,
        "link_effect": options.use or "llr",
        "link_contact": f"{far}{loops}{domains}; genes within {options.far} bases",
        "link_score": "|effect| x share of activity x contact" if options.active else "|effect| x contact",
    }
    return {name: " ".join(value.split()) for name, value in found.items() if value}


def locus_of(linked: Linked, at: str | None = None) -> Locus:
    """Return what to draw of a variant. at: `contig:position`; the first one of the table by default. ConfigError."""
    rows = _rows(linked, at)
    first, ground = rows[0], linked.ground
    contig, scored = first["chrom"], linked.scored
    row = scored.keys.index((contig, first["pos"], first["ref"], first["alt"]))
    start, end = (int(each[row]) for each in linked.spans)
    known = ground.genes_on(contig)
    if known is None or first["gene"] is None:
        raise ConfigError(f"{contig}:{first['pos']} has no gene within reach: there is nothing to draw")
    targets = {each["gene"]: each for each in rows}
    numbers = {name: known.names.index(name) for name in targets}
    sites = [int(known.tss[number]) for number in numbers.values()]
    margin = max(SHORTEST, int(MARGIN * (max(end, *sites) - min(start, *sites))))
    low, high = max(0, min(start, *sites) - margin), max(end, *sites) + margin
    inside = np.flatnonzero((known.starts < high) & (known.ends > low)).tolist()
    loops, domains, elements = ground.loops_on(contig), ground.domains_on(contig), ground.elements_on(contig)
    change = f"{first['ref']}>{first['alt']}"
    return Locus(
        title=f"{first['id'] or ''} {contig}:{first['pos']:,} {change if len(change) < 24 else ''}".strip(),
        contig=own_name(contig, ground.genes),
        span=(low, high),
        variant=(start, end),
        arcs=[
            Arc(name, int(known.tss[numbers[name]]), each["share"], each["evidence"] == "loop")
            for name, each in targets.items()
        ],
        genes=[(known.names[n], int(known.starts[n]), int(known.ends[n]), bool(known.forward[n])) for n in inside],
        loops=[]
        if loops is None
        else _within(np.concatenate([loops.starts, loops.ends], axis=1)[:, [0, 2, 1, 3]], low, high),
        domains=[] if domains is None else _within(np.stack([domains.starts, domains.ends], axis=1), low, high),
        elements=[]
        if elements is None
        else [
            (int(a), int(b), float(c))
            for a, b, c in zip(elements.starts, elements.ends, elements.activity, strict=True)
            if a < high and b > low
        ],
    )


def _within(spans: np.ndarray, low: int, high: int) -> list[tuple[int, ...]]:
    """Rows of positions whose first and last lie on both sides of, or in, [low, high)."""
    return [tuple(map(int, each)) for each in spans if each.min() < high and each.max() > low]


def _rows(linked: Linked, at: str | None) -> list[dict[str, Any]]:
    """The rows of the variant to draw."""
    found = linked.table.to_pylist()
    for row in found:
        row.setdefault("id", None)
    if at is None:
        return [row for row in found if row["rank"] == 1]
    contig, _, position = at.replace(",", "").rpartition(":")
    there = [
        row
        for row in found
        if row["chrom"] in (contig, own_name(contig, {row["chrom"]})) and str(row["pos"]) == position
    ]
    if not there:
        raise ConfigError(f"--at {at}: no variant of the file stands there; give contig:position as in the file")
    return [row for row in there if row["rank"] == there[0]["rank"]]


def first_targets(linked: Linked) -> list[str]:
    """Return a line for how many there are, and one for the first target of each of the first variants."""
    rows = [row for row in linked.table.to_pylist() if row["place"] == 1]
    variants, joined = len(linked.scored), sum(row["evidence"] == "loop" for row in rows)
    lines = [
        f"{variants:,} variants, {len(rows):,} with a gene within reach, {joined:,} joined to their first by a loop"
    ]
    for row in rows[:FIRST]:
        change = f"{shortened(row['ref'])}>{shortened(row['alt'])}"
        score = "" if row["score"] is None else f"{row['score']:.3f}"
        lines.append(f"{row['rank']:>4}  {row['chrom']}:{row['pos']:,} {change}  {score}  {row['gene']}: {row['why']}")
    return lines
