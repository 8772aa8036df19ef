"""Which locus a variant belongs to: an interval of a BED, or the text of columns."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.numbers import whole_number
from dnalect.genome.names import own_name
from dnalect.genome.streams import open_lines
from dnalect.scored.reader import Scored

BEDS = (".bed", ".bed.gz")
# A gene farther away than this many bases is no locus of a variant between genes.
FARTHEST = 10_000
_OUTSIDE = frozenset(("intergenic", "origin", "centromere", "telomere", "mobile element"))


@dataclass(frozen=True)
class Loci:
    """names: the locus of every variant (n), "" where it lies in none. by: what they are, in words.

    far: how many lie in none because every gene is too far away.
    """

    names: list[str]
    by: str
    far: int = 0

    @property
    def grouped(self) -> bool:
        """Whether there is more than the one locus of a file that wasn't grouped."""
        return bool(self.by)


def loci_of(scored: Scored, group_by: str | None, farthest: int = FARTHEST) -> Loci:
    """Return the loci of the variants.

    group_by: a BED (a name that ends in .bed or .bed.gz), whose fourth column names the
    intervals; or columns of the file with commas between them, whose texts are joined; None
    puts all variants into one. farthest: with the column gene, variants between genes lie in no
    locus if the nearest TSS is more bases away. Raises ConfigError for a column that isn't there.
    """
    if group_by is None:
        return Loci(["all"] * len(scored), "")
    if group_by.endswith(BEDS):
        return Loci(_intervals(scored, group_by), f"intervals of {Path(group_by).name}")
    columns = [part.strip() for part in group_by.split(",") if part.strip()]
    missing = [name for name in columns if name not in scored]
    if missing or not columns:
        hint = "; give --annotate GFF" if set(missing) & {"gene", "region"} else ""
        raise ConfigError(
            f"--group-by takes a BED file or columns of the file: {group_by!r} is neither{hint}. "
            f"The columns are {', '.join(scored.table.column_names)}"
        )
    texts = zip(*(scored.texts(name) for name in columns), strict=True)
    names = [" ".join(parts) if all(parts) else "" for parts in texts]
    if not any(names):
        raise ConfigError(f"the column {columns[0]!r} of --group-by is empty")
    far = _far(scored, farthest) if "gene" in columns else []
    far = [row for row in far if names[row]]
    for row in far:
        names[row] = ""
    return Loci(names, " and ".join(columns), len(far))


def _far(scored: Scored, farthest: int) -> list[int]:
    """Rows between genes whose nearest TSS is farther away than this."""
    if "region" not in scored or "tss_distance" not in scored:
        return []
    distances = scored.numbers("tss_distance").tolist()
    return [
        row
        for row, (region, distance) in enumerate(zip(scored.texts("region"), distances, strict=True))
        if region in _OUTSIDE and abs(distance) > farthest
    ]


def _intervals(scored: Scored, path: str) -> list[str]:
    """The first interval, by start, that holds a changed base."""
    table = _read(path)
    names = {contig: own_name(contig, table) for contig in set(scored.contigs)}
    arrays = {
        contig: (np.array([start for start, _, _ in rows]), np.maximum.accumulate([end for _, end, _ in rows]))
        for contig, rows in table.items()
    }
    starts, ends = scored.changed
    out = []
    for row, contig in enumerate(scored.contigs):
        found = ""
        if (name := names[contig]) in table:
            lows, reached = arrays[name]
            first = int(np.searchsorted(reached, starts[row], side="right"))
            last = int(np.searchsorted(lows, ends[row], side="left"))
            found = next((text for _, end, text in table[name][first:last] if end > starts[row]), "")
        out.append(found)
    if not any(out):
        raise InputError(
            f"no variant of {scored.path} lies in an interval of {path}: do both name their contigs alike?"
        )
    return out


def _read(path: str) -> dict[str, list[tuple[int, int, str]]]:
    """Intervals by contig, sorted by start: (start, end, name)."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    with open_lines(path, "BED") as lines:
        for number, line in enumerate(lines, 1):
            text = line.decode("utf-8", errors="replace").rstrip("\r\n")
            if not text.strip() or text.startswith(("#", "track", "browser")):
                continue
            columns = text.split("\t")
            try:
                contig, start, end = columns[0], whole_number(columns[1]), whole_number(columns[2])
            except (IndexError, ValueError) as error:
                raise InputError(
                    f"{path}, line {number} is no BED line (contig, start and end, with tabs between): {text[:60]!r}"
                ) from error
            if not 0 <= start <= end:
                raise InputError(f"{path}, line {number}: an interval must start at 0 or later and not after its end")
            name = columns[3].strip() if len(columns) > 3 and columns[3].strip() else f"{contig}:{start + 1}-{end}"
            found.setdefault(contig, []).append((start, end, name))
    if not found:
        raise InputError(f"{path} holds no interval: is it a BED?")
    return {contig: sorted(rows) for contig, rows in found.items()}
