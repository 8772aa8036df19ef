"""BED with a label: plain, narrowPeak, broadPeak and bedGraph, as a table whose columns have names."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dnalect.core.errors import InputError
from dnalect.examples.table import Table, of_rows
from dnalect.genome.bed import bed_lines

BED = (
    *("contig", "start", "end", "name", "score", "strand", "thickStart", "thickEnd", "itemRgb"),
    *("blockCount", "blockSizes", "blockStarts"),
)
NARROW_PEAK = (*BED[:6], "signalValue", "pValue", "qValue", "peak")
BROAD_PEAK = NARROW_PEAK[:9]
BED_GRAPH = (*BED[:3], "value")
_ENDINGS = {
    ".narrowpeak": NARROW_PEAK,
    ".broadpeak": BROAD_PEAK,
    ".bedgraph": BED_GRAPH,
    ".bdg": BED_GRAPH,
    ".bed": BED,
}
_FRACTION = re.compile(r"-?\d*\.\d+(e-?\d+)?")
_SHOWN = 200


def is_bed(lines: list[bytes]) -> bool:
    """Whether the first line that is no comment has a contig, a start and an end."""
    try:
        return bool(list(islice(bed_lines(lines, "-"), 1)))
    except InputError:
        return False


def bed(source: str, lines: list[bytes]) -> Table:
    """Return a BED of any kind as a table; its kind is known by the name's ending, else by its columns.

    The label is the value of a bedGraph, the signalValue of peaks, else the name; a BED of
    three columns has none. Starts count from 0. Raises InputError where a line is no BED,
    or has not as many columns as the first.
    """
    found = list(bed_lines(lines, source))
    if not found:
        raise InputError(f"{source} holds no interval: is it a BED?")
    rows = [columns for _, columns in found]
    width = len(rows[0])
    if uneven := [(line, columns) for line, columns in found if len(columns) != width]:
        line, columns = uneven[0]
        raise InputError(f"{source}, line {line} has {len(columns)} columns instead of {width}; mend the line")
    names = _names(source, rows, width)
    label = next((name for name in ("value", "signalValue", "name") if name in names), "")
    mend = "give labels in a fourth column, or take the intervals as positives and add background from the genome"
    return of_rows(source, names, rows, [line for line, _ in found], labels=(label,) if label else (), mend=mend)


def _names(source: str, rows: list[list[str]], width: int) -> tuple[str, ...]:
    suffixes = [each.lower() for each in Path(source).suffixes if each.lower() not in (".gz", ".bgz")]
    known = _ENDINGS.get(suffixes[-1] if suffixes else "", ()) or _guess(rows[:_SHOWN], width)
    return tuple(known[at] if at < len(known) else f"column{at + 1}" for at in range(width))


def _guess(rows: list[list[str]], width: int) -> tuple[str, ...]:
    def fractions(at: int) -> Iterator[bool]:
        return (_FRACTION.fullmatch(row[at]) is not None for row in rows)

    if width == len(BED_GRAPH) and any(fractions(3)):
        return BED_GRAPH
    if width in (len(BROAD_PEAK), len(NARROW_PEAK)) and any(fractions(6)):
        return NARROW_PEAK[:width]
    return BED
