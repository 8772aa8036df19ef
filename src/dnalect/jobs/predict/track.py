"""Predictions of windows as one number a base: a bigWig."""

from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnalect.core.errors import OutputError
from dnalect.examples.items import Item
from dnalect.genome.bigwig import BigWig
from dnalect.genome.names import ContigNames
from dnalect.jobs.predict.answers import Answers

# Bases that are written at once.
SPAN = 1 << 16
# Of bases that have one value: start, end, start + end of their window, value.
Part = tuple[int, int, int, float]


class Track:
    """Writes one output: each base has the value of that window over it whose middle is nearest, the later of two.

    So of tiles each gives its central `step` bases its value, the first and last of a contig
    also those at its ends. column: which output. ordered: windows of one length come contig by
    contig with rising starts, and nothing is held; else all are held, 28 bytes each, and sorted at the end.
    """

    def __init__(self, path: Path, names: ContigNames, column: str, ordered: bool):
        genome = names.genome
        sizes = {number: int(length) for number, length in enumerate(genome.lengths) if length}
        self.numbers = {number: at for at, number in enumerate(sizes)}
        self.file = BigWig(path, {genome.names[number]: length for number, length in sizes.items()})
        self.names, self.column, self.ordered = names, column, ordered
        self.contig = -1
        # Parts side by side that a later window may take bases of, and parts that await writing.
        self.open: list[Part] = []
        self.done: list[Part] = []
        self.held = (array("q"), array("q"), array("q"))
        self.values = array("f")

    def write(self, items: Sequence[Item], answers: Answers) -> None:
        """Take windows and their predictions. Raises OutputError for an item without a place."""
        for item, value in zip(items, answers.numbers[self.column].tolist(), strict=True):
            contig = self.names.number(item.contig) if item.start >= 0 else None
            if contig is None:
                raise OutputError(f"a bigWig has no room for {item.id}, which has no place on the reference")
            if value != value or item.start == item.end:
                continue
            if self.ordered:
                self._add(self.numbers[contig], item.start, item.end, value)
                continue
            for held, number in zip(self.held, (self.numbers[contig], item.start, item.end), strict=True):
                held.append(number)
            self.values.append(value)

    def finish(self) -> None:
        """Write what is held, and the end of the file."""
        contigs, starts, ends = self.held
        for row in np.lexsort((ends, starts, contigs)).tolist():
            self._add(contigs[row], starts[row], ends[row], self.values[row])
        self._end_contig()
        self.file.finish()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self.file.close()

    def _add(self, contig: int, start: int, end: int, value: float) -> None:
        if contig != self.contig:
            self._end_contig()
            self.contig = contig
        kept: list[Part] = []
        reach, twice = start, start + end
        for low, high, other, known in self.open:
            # No later window begins before this one.
            self._put((low, min(high, start), other, known))
            first, after = _nearer(twice, other, max(low, start), min(high, end))
            for part in ((max(low, start), first, other, known), (first, after, twice, value)):
                _join(kept, part)
            _join(kept, (after, high, other, known))
            reach = max(reach, high)
        _join(kept, (reach, end, twice, value))
        settled = len(kept) - 1 if self.ordered else 0
        for part in kept[:settled]:
            self._put(part)
        self.open = kept[settled:]

    def _put(self, part: Part) -> None:
        low, high, middle, value = part
        if low >= high:
            return
        if self.done and (self.done[-1][1] < low or high - self.done[0][0] > SPAN):
            self._write()
        for at in range(low, high, SPAN):
            self.done.append((at, min(at + SPAN, high), middle, value))
            if high - at > SPAN:
                self._write()

    def _write(self) -> None:
        if self.done:
            lengths = [high - low for low, high, _, _ in self.done]
            values = np.array([value for *_, value in self.done], dtype=np.float32)
            self.file.add(self.contig, self.done[0][0], np.repeat(values, lengths))
        self.done = []

    def _end_contig(self) -> None:
        for part in self.open:
            self._put(part)
        self._write()
        self.open = []


def _nearer(twice: int, other: int, low: int, high: int) -> tuple[int, int]:
    """Return which bases [first, after) of [low, high) lie nearer to a middle than to another, or as near.

    twice, other: the two middles, doubled.
    """
    high = max(low, high)
    if twice > other:
        return min(max(low, (twice + other + 1) // 4), high), high
    return low, high if twice == other else min(max(low, (twice + other + 2) // 4), high)


def _join(parts: list[Part], part: Part) -> None:
    """Append a part unless it has no base; to the last part where that is of the same window."""
    low, high, middle, value = part
    if low >= high:
        return
    if parts and parts[-1][1:] == (low, middle, value):
        low = parts.pop()[0]
    parts.append((low, high, middle, value))
