"""What touches what in a genome: loops of a BEDPE or of HiCCUPS, domains of a BED or of Arrowhead, else distance alone.

Positions are 0-based, intervals half-open, as in these files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.core.numbers import whole_number
from dnalect.genome.names import own_name
from dnalect.genome.streams import BOM, open_lines

# How fast contacts fall with distance in mammals, and the distance below which they are not resolved: the power law
# and the least distance of the activity-by-contact model (Fulco 2019; Nasser 2021).
POWER, NEAREST = 0.7, 5_000
# Contacts over what is expected, of a loop whose file doesn't count them: the median of HiCCUPS' loops of GM12878 on
# chr20 and chrX (Rao 2014), 2.51.
TYPICAL = 2.5
# How the columns of counts are called by HiCCUPS of Rao 2014, and by later versions of juicer_tools.
OBSERVED, EXPECTED = ("o", "observed"), ("e_donut", "expecteddonut")

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
SAME, SPLIT, NEITHER = 1, -1, 0


@dataclass(frozen=True)
class Loops:
    """n loops within one contig, in the order of the file.

    starts, ends: (n, 2) of both anchors. enrichment: (n,) observed over expected contacts, NaN where the file doesn't
    count them. names: `contig:start-end=contig:start-end`, 1-based with both ends inside, or what the file calls them.
    """

    starts: Numbers
    ends: Numbers
    enrichment: Floats
    names: tuple[str, ...]

    def joining(self, start: int, end: int, sites: Numbers, slack: int = 0) -> Numbers:
        """Return the loop (m,) that joins [start, end) to each site (m,), -1 where none does.

        One anchor overlaps the interval and the other one holds the site, each widened by `slack` bases. Of several the
        most enriched.
        """
        found = np.full(len(sites), -1, dtype=np.int64)
        near = (self.starts < end + slack) & (self.ends > start - slack)
        best = np.full(len(sites), -np.inf)
        strength = np.nan_to_num(self.enrichment, nan=TYPICAL)
        for loop, side in np.argwhere(near).tolist():
            low, high = self.starts[loop, 1 - side] - slack, self.ends[loop, 1 - side] + slack
            better = (sites >= low) & (sites < high) & (strength[loop] > best)
            found[better], best[better] = loop, strength[loop]
        return found

    def factors(self, loops: Numbers) -> Floats:
        """Return by how much loops (m,) raise a contact: their enrichment, TYPICAL where none is told, 1 for -1."""
        strength = np.append(np.nan_to_num(self.enrichment, nan=TYPICAL), 1.0)
        return strength[loops]


@dataclass(frozen=True)
class Domains:
    """n domains of one contig, which may lie in each other. starts, ends: (n,)."""

    starts: Numbers
    ends: Numbers

    def relations(self, start: int, end: int, sites: Numbers) -> Numbers:
        """Return (m,) of [start, end) and each site (m,): SAME where a domain holds both, SPLIT where one alone.

        NEITHER where no domain holds any of them. A domain holds an interval of which it has a base.
        """
        holds = (self.starts < max(end, start + 1)) & (self.ends > start)
        there = (self.starts[:, None] <= sites) & (sites < self.ends[:, None])
        same = (holds[:, None] & there).any(axis=0)
        split = (holds[:, None] ^ there).any(axis=0)
        return np.where(same, SAME, np.where(split, SPLIT, NEITHER))


def by_distance(distance: Numbers) -> Floats:
    """Return the contact (n,) that distances (n,) alone let expect: 1 up to NEAREST bases, falling with POWER."""
    return np.asarray((np.maximum(np.abs(distance), NEAREST) / NEAREST) ** -POWER)


def read_loops(*paths: str | Path) -> dict[str, Loops]:
    """Read loops of BEDPE files or HiCCUPS lists, plain or gzipped, by contig. Those between two contigs are left out.

    Counts are read where a head names their columns. Raises InputError where a file is none, or has no loop within a
    contig.
    """
    found: dict[str, list[tuple[tuple[int, int], tuple[int, int], float, str]]] = {}
    for path in paths:
        within = False
        for number, names, cells in _rows(path, "file of loops", 6):
            if cells[0] == "." or cells[3] == "." or cells[0] != cells[3]:
                continue
            spans = [_span(path, number, cells[at : at + 3]) for at in (0, 3)]
            anchors = [f"{cells[0]}:{start + 1}-{end}" for start, end in spans]
            told = names.index("name") if "name" in names else 6 if not names else None
            called = cells[told] if told is not None and told < len(cells) else "."
            name = called if called not in (".", "") else "=".join(anchors)
            starts, ends = zip(*spans, strict=True)
            contig = own_name(cells[0], found)
            found.setdefault(contig, []).append((starts, ends, _enrichment(names, cells), name))
            within = True
        if not within:
            raise InputError(
                f"{path} has no loop within a contig: is it a BEDPE (chrom1 start1 end1 chrom2 start2 end2)?"
            )
    return {contig: _loops(rows) for contig, rows in found.items()}


def read_domains(path: str | Path) -> dict[str, Domains]:
    """Read domains of a BED, or of Arrowhead's list, plain or gzipped, by contig. InputError where it is none."""
    found: dict[str, list[tuple[int, int]]] = {}
    for number, _, cells in _rows(path, "file of domains", 3):
        found.setdefault(cells[0], []).append(_span(path, number, cells))
    if not found:
        raise InputError(f"{path} holds no domain: is it a BED?")
    tables = {contig: np.array(rows, dtype=np.int64) for contig, rows in found.items()}
    return {contig: Domains(table[:, 0], table[:, 1]) for contig, table in tables.items()}


def _loops(rows: Sequence[tuple[tuple[int, int], tuple[int, int], float, str]]) -> Loops:
    starts, ends, enrichment, names = zip(*rows, strict=True)
    return Loops(np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64), np.array(enrichment), names)


def _rows(path: str | Path, what: str, width: int) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield (line, names of the columns in small letters, cells); without a head the names are []."""
    names: list[str] = []
    with open_lines(str(path), what) as lines:
        for number, line in enumerate(lines, 1):
            text = line.removeprefix(BOM).decode("utf-8", errors="replace").rstrip("\r\n")
            if not text.strip() or text.startswith(("track", "browser")):
                continue
            cells = text.lstrip("#").split("\t") if "\t" in text else text.lstrip("#").split()
            headed = len(cells) >= width and not cells[1].strip().isdigit() and cells[0] != "."
            if text.startswith("#") or (headed and number == 1):
                # A remark of many words below a head is none.
                if headed and ("\t" in text or not names):
                    names = [cell.strip().lower() for cell in cells]
                continue
            if len(cells) < width:
                raise InputError(
                    f"{path}, line {number}: {width} columns are needed, there are {len(cells)}: {text[:60]!r}"
                )
            yield number, names, cells


def _span(path: str | Path, number: int, cells: Sequence[str]) -> tuple[int, int]:
    try:
        start, end = whole_number(cells[1]), whole_number(cells[2])
    except ValueError as error:
        raise InputError(f"{path}, line {number}: {error}") from error
    if not 0 <= start < end:
        raise InputError(f"{path}, line {number}: {start:,} to {end:,} is no interval")
    return start, end


def _enrichment(names: Sequence[str], cells: Sequence[str]) -> float:
    """Observed over expected contacts, NaN where the file has no such columns or no counts in them."""
    at = [next((names.index(name) for name in known if name in names), len(cells)) for known in (OBSERVED, EXPECTED)]
    try:
        observed, expected = (float(cells[each]) for each in at)
    except (IndexError, ValueError):
        return float("nan")
    return observed / expected if min(observed, expected) > 0 and np.isfinite(observed / expected) else float("nan")
