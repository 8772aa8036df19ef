"""Levels of a signal along a genome: a bigWig, or the peaks of a BED, as means over bins around places.

Files of different cells and laboratories have different units, so that a level says how high a value is in its file.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.genome.bed import bed_lines
from dnalect.genome.bigwig_reader import BigWigReader
from dnalect.genome.names import own_name
from dnalect.genome.streams import open_lines

BIGWIGS = (".bw", ".bigwig")
# Columns of a BED that say how high a peak is: signalValue of narrowPeak and broadPeak, else score.
HEIGHTS = (6, 4)
# Bases of a bigWig that are read at once.
STRETCH = 1 << 24
Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
# Of positions: the sum of the values before each.
Sums = Callable[[Numbers], Floats]


class Levels:
    """A bigWig, or a BED of peaks, plain or gzipped.

    Of a BED the level of a base is the share of the file's peaks that are not higher than the one that covers it, 0
    outside of peaks; where peaks have no height, 1. How high they are say signalValue (narrowPeak, broadPeak) or score.
    Of a bigWig it is log(1 + value / mean), the mean being that of all bases with a value; other bases count as 0.
    contigs: those that the file has. Raises InputError where the file is neither, or damaged.
    """

    def __init__(self, path: str | Path):
        self.path, self._sums = Path(path), dict[str, Sums]()
        self.big = self.path.suffix.lower() in BIGWIGS
        if self.big:
            with BigWigReader(path) as file:
                self.contigs = dict.fromkeys(file.contigs)
            self._mean = self._mean_of_all()
        else:
            peaks = _peaks(path)
            self.contigs = dict.fromkeys(peaks)
            self._sums = {name: _before(*each) for name, each in peaks.items()}

    def around(self, contig: str, middles: Numbers, window: int, bins: int) -> Singles | None:
        """Return the levels (n, bins) of windows around positions of a contig, None where the file lacks the contig.

        middles: (n,) 0-based. Bases beyond the ends of the contig count as 0.
        """
        name = own_name(contig, self.contigs)
        if name not in self.contigs:
            return None
        if name not in self._sums:
            # Of a bigWig the last contig alone is held: rows come contig by contig.
            self._sums = {name: self._values_before(name)}
        low = np.asarray(middles)[:, None] - window // 2
        edges = low + np.arange(bins + 1) * window // bins
        found = np.diff(self._sums[name](edges), axis=1) * bins / window
        return np.asarray(np.log1p(found.clip(0) / self._mean) if self.big else found, dtype=np.float32)

    def _mean_of_all(self) -> float:
        total = known = 0.0
        with BigWigReader(self.path) as file:
            for name, length in file.contigs.items():
                for start in range(0, length, STRETCH):
                    values = file.values(name, start, min(length, start + STRETCH))
                    total += float(np.nansum(values, dtype=np.float64))
                    known += int(np.isfinite(values).sum())
        if not total > 0:
            raise InputError(f"{self.path} has no value above 0: there is nothing to read in it")
        return total / known

    def _values_before(self, name: str) -> Sums:
        with BigWigReader(self.path) as file:
            values = file.values(name, 0, file.contigs[name])
        sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(values), dtype=np.float64)])
        return lambda at: np.asarray(sums[at.clip(0, len(values))])


def _peaks(path: str | Path) -> dict[str, tuple[Numbers, Numbers, Floats]]:
    """Return contig -> starts, ends and levels of its peaks."""
    rows: list[tuple[str, int, int]] = []
    cells: list[list[str]] = []
    with open_lines(str(path), "BED") as lines:
        for _, columns in bed_lines(lines, path):
            rows.append((columns[0], int(columns[1]), int(columns[2])))
            cells.append(columns)
    if not rows:
        raise InputError(f"{path} holds no interval: give a bigWig (.bw), or a BED of peaks")
    levels, found = _levels(cells), dict[str, list[int]]()
    for row, (contig, _, _) in enumerate(rows):
        found.setdefault(contig, []).append(row)
    spans = np.array([each[1:] for each in rows], dtype=np.int64)
    return {contig: (spans[at, 0], spans[at, 1], levels[at]) for contig, at in found.items()}


def _levels(cells: list[list[str]]) -> Floats:
    """Return how high peaks are among all of their file (n,), in (0, 1]; equal ones are equally high."""
    for column in HEIGHTS:
        try:
            heights = np.array([float(each[column]) for each in cells])
        except (IndexError, ValueError):
            continue
        if np.isfinite(heights).all() and len(np.unique(heights)) > 1:
            return np.asarray(np.searchsorted(np.sort(heights), heights, side="right") / len(heights))
    return np.ones(len(cells))


def _before(starts: Numbers, ends: Numbers, levels: Floats) -> Sums:
    """Return the sums of the levels before positions; where peaks overlap, their sum counts up to 1."""
    at = np.concatenate([starts, ends])
    order = np.argsort(at, kind="stable")
    edges, steps = at[order], np.concatenate([levels, -levels])[order]
    heights = np.cumsum(steps)[:-1].clip(0, 1)
    sums = np.concatenate([[0.0], np.cumsum(heights * np.diff(edges))])
    return lambda where: np.asarray(np.interp(where, edges, sums))
