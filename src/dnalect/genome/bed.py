"""BED in: intervals with their strand, by contig name. BED counts from 0 and is half-open, as we do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.core.numbers import whole_number
from dnalect.genome.streams import BOM, open_lines

_HEADS = (b"#", b"track", b"browser")


@dataclass(frozen=True)
class Intervals:
    """Intervals of one contig in the order of the file. forward: False only for strand `-`."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    forward: npt.NDArray[np.bool_]


def read_bed(path: str | Path) -> dict[str, Intervals]:
    """Read a BED of three columns or more, plain or gzipped. Raises InputError where it is none."""
    found: dict[str, list[tuple[int, int, bool]]] = {}
    with open_lines(str(path), "BED") as lines:
        for _, columns in bed_lines(lines, path):
            span = whole_number(columns[1]), whole_number(columns[2])
            found.setdefault(columns[0], []).append((*span, columns[5:6] != ["-"]))
    if not found:
        raise InputError(f"{path} holds no interval: is it a BED?")
    return {name: _intervals(rows) for name, rows in found.items()}


def bed_lines(lines: Iterable[bytes], path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, columns) of the intervals of a BED, lines counted from 1; heads and blank lines are left aside.

    Between the columns are tabs, or in a line without any, spaces.
    path: names the file in messages. Raises InputError for a line that is no interval.
    """
    for number, line in enumerate(lines, 1):
        line = line.removeprefix(BOM) if number == 1 else line
        if line.isspace() or line.startswith(_HEADS):
            continue
        text = line.decode("utf-8", errors="replace").rstrip("\r\n")
        columns = text.split("\t") if "\t" in text else text.split()
        try:
            start, end = whole_number(columns[1]), whole_number(columns[2])
        except (IndexError, ValueError) as error:
            raise InputError(f"{path}, line {number} is no BED line ({error}): {line[:60]!r}") from error
        if not 0 <= start <= end:
            raise InputError(f"{path}, line {number}: the interval {start}-{end} is no BED interval")
        yield number, columns


def _intervals(rows: list[tuple[int, int, bool]]) -> Intervals:
    starts, ends, forward = zip(*rows, strict=True)
    return Intervals(np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64), np.array(forward, dtype=bool))
