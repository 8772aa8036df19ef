"""Predictions of windows as one number a base: a bigWig."""

from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnalect.core.errors import OutputError
from dnalect.genome.bigwig import BigWig
from dnalect.genome.names import ContigNames
from dnalect.workflows.embed.items import Item
from dnalect.workflows.predict.answers import Answers


class Track:
    """Writes one output. Where windows overlap, the bases between two middles are shared out half and half.

    So of tiles each gives its central `step` bases its value, the first and last of a contig
    also those at its ends. column: which output. ordered: windows come contig by contig with
    rising starts, and nothing is held; else all are held, 28 bytes each, and sorted at the end.
    """

    def __init__(self, path: Path, names: ContigNames, column: str, ordered: bool):
        genome = names.genome
        sizes = {number: int(length) for number, length in enumerate(genome.lengths) if length}
        self.numbers = {number: at for at, number in enumerate(sizes)}
        self.file = BigWig(path, {genome.names[number]: length for number, length in sizes.items()})
        self.names, self.column, self.ordered = names, column, ordered
        self.pending = (-1, 0, 0, 0.0)
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
        self._put(*self.pending)
        self.file.finish()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self.file.close()

    def _add(self, contig: int, start: int, end: int, value: float) -> None:
        known, low, high, last = self.pending
        if known == contig and start < high:
            cut = max(low, (start + high) // 2)
            if cut >= end:
                return
            start = high = cut
        self._put(known, low, high, last)
        self.pending = (contig, start, end, value)

    def _put(self, contig: int, start: int, end: int, value: float) -> None:
        if contig >= 0 and start < end:
            self.file.add(contig, start, np.full(end - start, value, dtype=np.float32))
