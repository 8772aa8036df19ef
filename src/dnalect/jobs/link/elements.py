"""Active elements of a cell out of its peaks: where they are, and how active."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.genome.bed import bed_lines
from dnalect.genome.levels import HEIGHTS
from dnalect.genome.names import own_name
from dnalect.genome.streams import open_lines

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Elements:
    """n elements of one contig by their start, which share no base. activity: (n,), 0 where a file has no peak."""

    starts: Numbers
    ends: Numbers
    activity: Floats

    def highest(self, starts: Numbers, ends: Numbers) -> Floats:
        """Return the greatest activity (m,) of the elements that intervals (m,) overlap, 0 of none."""
        first = np.searchsorted(self.ends, starts, side="right")
        last = np.searchsorted(self.starts, ends, side="left")
        found = zip(first.tolist(), last.tolist(), strict=True)
        return np.array([self.activity[low:high].max(initial=0) for low, high in found], dtype=np.float64)


def read_elements(paths: Sequence[str]) -> dict[str, Elements]:
    """Return the elements that the peaks of the first file are, by contig.

    Peaks that touch are one. Activity is the geometric mean over the files of the highest signalValue (narrowPeak,
    broadPeak), else score, of a peak that touches the element; 1 where a file has no heights. Raises InputError where a
    file is no BED.
    """
    first, *others = (_read(path) for path in paths)
    found = {}
    for contig, each in first.items():
        heights = [each.activity]
        for other in others:
            peaks = other.get(own_name(contig, other))
            heights.append(peaks.highest(each.starts, each.ends) if peaks else np.zeros(len(each.starts)))
        found[contig] = Elements(each.starts, each.ends, np.prod(heights, axis=0) ** (1 / len(heights)))
    return found


def _read(path: str) -> dict[str, Elements]:
    spans: dict[str, list[tuple[int, int, list[str]]]] = {}
    with open_lines(path, "BED") as lines:
        for _, cells in bed_lines(lines, path):
            spans.setdefault(cells[0], []).append((int(cells[1]), int(cells[2]), cells))
    if not spans:
        raise InputError(f"{path} holds no interval: give a BED of peaks")
    column = next(
        (at for at in HEIGHTS if all(_height(cells, at) > 0 for each in spans.values() for *_, cells in each)), -1
    )
    return {
        contig: _joined([(low, high, _height(cells, column)) for low, high, cells in each])
        for contig, each in spans.items()
    }


def _height(cells: list[str], column: int) -> float:
    """The height of a peak, 1 without a column, NaN where the column holds none."""
    try:
        return float(cells[column]) if column >= 0 else 1.0
    except (IndexError, ValueError):
        return float("nan")


def _joined(peaks: list[tuple[int, int, float]]) -> Elements:
    joined: list[tuple[int, int, float]] = []
    for start, end, height in sorted(peaks):
        if joined and start <= joined[-1][1]:
            low, high, before = joined[-1]
            joined[-1] = low, max(high, end), max(before, height)
        else:
            joined.append((start, end, height))
    starts, ends, heights = zip(*joined, strict=True)
    return Elements(
        np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64), np.array(heights, dtype=np.float64)
    )
