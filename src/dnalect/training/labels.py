"""Labels of a genome's bases and windows, read contig by contig as they are asked for.

A base costs one byte for classes and two for every track or signal, on the contigs that were
asked for: the 12 Mb of yeast 12 MB of classes, 24 MB a track. Labelled windows cost a few
bytes each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError, TableError
from dnalect.examples.labelled import Labelled, place, read_labelled
from dnalect.genome.bed import Intervals, read_bed
from dnalect.genome.fasta import Genome
from dnalect.genome.names import own_name
from dnalect.genome.parts import OTHER, PARTS, paint, read_parts
from dnalect.genome.regions import Region
from dnalect.genome.signal import read_signal
from dnalect.training.head_config import HeadConfig

# No class; no answer. Of numbers it is NaN.
HOLE = 255
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
T = TypeVar("T", bound=np.generic)
V = TypeVar("V")


class BaseLabels(Generic[T]):
    """One label a base. read: the number of a contig -> its labels. hole: what stands for none."""

    def __init__(self, genome: Genome, read: Callable[[int], npt.NDArray[T]], hole: T):
        self.genome, self.hole = genome, hole
        self._read = read
        self._contigs: dict[int, npt.NDArray[T]] = {}

    def contig(self, number: int) -> npt.NDArray[T]:
        """Return the labels of a whole contig."""
        if number not in self._contigs:
            self._contigs[number] = self._read(number)
        return self._contigs[number]

    def windows(self, places: Numbers, length: int) -> npt.NDArray[T]:
        """Return the labels of windows (n, length); beyond the ends of a contig there are none.

        places: contig and start of each (n, 2).
        """
        rows = []
        for contig, start in places.tolist():
            labels = self.contig(contig)
            row = np.full(length, self.hole, dtype=labels.dtype)
            low, high = max(start, 0), min(start + length, len(labels))
            row[low - start : max(low, high) - start] = labels[low:high]
            rows.append(row)
        return np.stack(rows)

    def within(self, regions: Sequence[Region]) -> npt.NDArray[T]:
        """Return the labels of all bases of some regions, end to end, holes left out."""
        parts = [self.contig(region.contig)[region.start : region.end] for region in regions]
        return np.concatenate([part[part == part] if part.dtype.kind == "f" else part[part != HOLE] for part in parts])


def class_labels(config: HeadConfig, genome: Genome, data: Path) -> tuple[tuple[str, ...], BaseLabels[np.uint8]]:
    """Return the names of the classes and the class of every base.

    A contig that the GFF does not name has none, unless a BED paints it.
    """
    parts = read_parts(data / config.annotation, config.promoter) if config.annotation else {}
    if parts:
        _check_names(data / config.annotation, parts, genome)
    names = PARTS if config.annotation else ("other",)
    names = (*names, *(name for name in config.bed if name not in names))
    beds = {name: _read_bed(data / file, genome) for name, file in config.bed.items()}
    rest = OTHER if config.annotation else 0

    def read(number: int) -> npt.NDArray[np.uint8]:
        length, name = int(genome.lengths[number]), genome.names[number]
        spans = known_as(name, parts)
        out = np.full(length, HOLE if parts else rest, dtype=np.uint8)
        if spans is not None:
            out = paint(length, spans)
        for label, intervals in beds.items():
            out[_covered(intervals, name, length)] = names.index(label)
        return out

    return names, BaseLabels(genome, read, np.uint8(HOLE))


def bed_labels(file: Path, within: Path | None, genome: Genome) -> BaseLabels[np.float16]:
    """Return 1 for the bases of a BED and 0 for all others, or those others of the BED `within`."""
    yes, looked = _read_bed(file, genome), _read_bed(within, genome) if within else None

    def read(number: int) -> npt.NDArray[np.float16]:
        length, name = int(genome.lengths[number]), genome.names[number]
        out = _covered(yes, name, length).astype(np.float16)
        if looked is not None:
            out[~_covered(looked, name, length)] = np.nan
        return out

    return BaseLabels(genome, read, np.float16(np.nan))


def signal_labels(file: Path, genome: Genome, above: float | None = None) -> BaseLabels[np.float16]:
    """Return the values of a bigWig in half precision; with `above`, 1 where they are greater, else 0."""

    def read(number: int) -> npt.NDArray[np.float16]:
        values = read_signal(file, genome.names[number], int(genome.lengths[number]))
        if above is not None:
            values = np.where(np.isnan(values), values, (values > above).astype(np.float32))
        largest = float(np.finfo(np.float16).max)
        return np.clip(values, -largest, largest).astype(np.float16)

    return BaseLabels(genome, read, np.float16(np.nan))


@dataclass(frozen=True)
class WindowLabels:
    """Labelled windows of a genome, sorted by contig and start.

    contigs, starts, ends (n,). labels (n, K) float32, 0 or 1, NaN where a window has no label
    of a track. found: what was placed, in words, for each track.
    """

    contigs: Numbers
    starts: Numbers
    ends: Numbers
    labels: Floats
    found: tuple[str, ...]

    def near(self, contig: int, start: int, end: int) -> Numbers:
        """Return the numbers of the windows of which at least half lies in [start, end)."""
        low, high = np.searchsorted(self.contigs, [contig, contig + 1])
        starts, ends = self.starts[low:high], self.ends[low:high]
        inside = np.minimum(ends, end) - np.maximum(starts, start)
        return np.asarray(low + np.flatnonzero(2 * inside >= ends - starts), dtype=np.int64)

    def within(self, regions: Sequence[Region]) -> Numbers:
        """Return the numbers of the windows that lie wholly in one of the regions."""
        inside = np.zeros(len(self.starts), dtype=np.bool_)
        for region in regions:
            inside |= (self.contigs == region.contig) & (self.starts >= region.start) & (self.ends <= region.end)
        return np.flatnonzero(inside)


def window_labels(files: Mapping[str, Path], genome: Genome) -> WindowLabels:
    """Place the sequences of every track's table on a genome. files: track -> table.

    A sequence that stands nowhere or at several places has no window. Raises TableError for
    other labels than 0 and 1, for contradictions, and where none of a table can be placed.
    """
    tables = {track: read_labelled(file) for track, file in files.items()}
    everything = tuple({text: None for table in tables.values() for text in table.sequences})
    placed = place(genome, everything)
    starts = zip(placed.contigs.tolist(), placed.starts.tolist(), strict=True)
    at = {everything[row]: place for row, place in zip(placed.rows.tolist(), starts, strict=True)}
    found: dict[tuple[int, int, int], dict[int, int]] = {}
    told = []
    for column, (track, table) in enumerate(tables.items()):
        count = _put(table, at, column, found, files[track])
        if not count:
            raise TableError(
                f"{files[track]}: none of its {len(table.labels):,} sequences stands at one place of "
                f"{genome.path.name}; give a table of this assembly"
            )
        told.append(f"{track}: {count:,} of {len(table.labels):,} sequences placed")
    keys = sorted(found)
    labels = np.full((len(keys), len(files)), np.nan, dtype=np.float32)
    for row, key in enumerate(keys):
        for column, label in found[key].items():
            labels[row, column] = label
    contigs, begins, ends = np.array(keys, dtype=np.int64).reshape(-1, 3).T
    return WindowLabels(contigs, begins, ends, labels, tuple(told))


def _put(
    table: Labelled,
    at: Mapping[str, tuple[int, int]],
    column: int,
    found: dict[tuple[int, int, int], dict[int, int]],
    file: Path,
) -> int:
    """Enter the labels of one track at their places; return how many sequences have one."""
    if (largest := int(table.labels.max())) > 1:
        raise TableError(f"{file}: the labels of a track must be 0 or 1, not {largest}; make a table for each class")
    count = 0
    for text, label in zip(table.sequences, table.labels.tolist(), strict=True):
        if text in at:
            contig, start = at[text]
            if found.setdefault((contig, start, start + len(text)), {}).setdefault(column, label) != label:
                raise TableError(f"{file}: a sequence has both labels: {text[:30]}...; drop it from the table")
            count += 1
    return count


def known_as(name: str, known: Mapping[str, V]) -> V | None:
    """Return what a file knows of a contig, under its name or an alias, or None."""
    return known.get(own_name(name, known))


def _read_bed(file: Path, genome: Genome) -> dict[str, Intervals]:
    intervals = read_bed(file)
    _check_names(file, intervals, genome)
    return intervals


def _check_names(file: Path, known: Mapping[str, object], genome: Genome) -> None:
    if all(known_as(name, known) is None for name in genome.names):
        few = ", ".join(list(known)[:4])
        raise InputError(
            f"{file} names none of the contigs of {genome.path.name} ({', '.join(genome.names[:4])} ...) but {few}; "
            "rename its first column"
        )


def _covered(intervals: Mapping[str, Intervals], name: str, length: int) -> npt.NDArray[np.bool_]:
    out = np.zeros(length, dtype=np.bool_)
    found = known_as(name, intervals)
    if found is not None:
        for start, end in zip(found.starts.tolist(), found.ends.tolist(), strict=True):
            out[start:end] = True
    return out
