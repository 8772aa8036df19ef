"""bigWig out, one value a base, in memory that does not grow with the genome.

Written here because libBigWig keeps a whole contig and every zoom record in memory when it
closes a file: gigabytes a track for a human genome. The layout is that of Kent et al. 2010,
"BigWig and BigBed"; all numbers are little-endian, positions 0-based and half-open.
"""

import struct
import zlib
from array import array
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
import numpy.typing as npt

MAGIC, TREE_MAGIC, INDEX_MAGIC = 0x888FFC26, 0x78CA8C91, 0x2468ACE0
FIXED_STEP = 3
# Values and zoom records of one compressed block.
VALUES, RECORDS = 4096, 512
BRANCHES = 256
REDUCTIONS = tuple(64 * 4**n for n in range(8))

ZOOM = np.dtype("u4,u4,u4,u4,f4,f4,f4,f4").newbyteorder("<")
LEAF = np.dtype("u4,u4,u4,u4,u8,u8").newbyteorder("<")
BRANCH = np.dtype("u4,u4,u4,u4,u8").newbyteorder("<")
# A zoom record before it is written: bin start, known bases, lowest, highest, sum, sum of squares.
BINS = ("start", "count", "low", "high", "sum", "squares")
Bins = npt.NDArray[np.float64]


class _Blocks:
    """Compressed blocks in a file, and where each of them lies: chrom, start, end, offset, size."""

    def __init__(self, file: IO[bytes]):
        self.file = file
        self.spans = array("Q")
        self.largest = 0

    def __len__(self) -> int:
        return len(self.spans) // 5

    def add(self, chrom: int, start: int, end: int, data: bytes) -> None:
        packed = zlib.compress(data)
        self.spans.extend((chrom, start, end, self.file.tell(), len(packed)))
        self.largest = max(self.largest, len(data))
        self.file.write(packed)

    def leaves(self, shift: int = 0) -> np.ndarray:
        table = np.frombuffer(self.spans, dtype=np.uint64).reshape(-1, 5)
        out = np.zeros(len(table), dtype=LEAF)
        for name, column in zip(LEAF.names or (), (0, 1, 0, 2, 3, 4), strict=True):
            out[name] = table[:, column]
        out["f4"] += shift
        return out


class _Zoom:
    """One zoom level: summaries of `reduction` bases, aligned to multiples of it."""

    def __init__(self, reduction: int, folder: Path):
        self.reduction = reduction
        self.blocks = _Blocks(TemporaryFile(dir=folder))  # noqa: SIM115
        self.pending: Bins = np.empty((0, len(BINS)))
        self.records = 0

    def add(self, bins: Bins) -> Bins:
        """Take finer bins in, in order; return those of this level that are complete."""
        merged = _merge(np.concatenate([self.pending, bins]), self.reduction)
        self.pending = merged[-1:]
        return merged[:-1]

    def rest(self) -> Bins:
        """Return what is pending at the end of a contig."""
        rest, self.pending = self.pending, self.pending[:0]
        return rest

    def write(self, chrom: int, length: int, bins: Bins) -> None:
        for low in range(0, len(bins), RECORDS):
            part = bins[low : low + RECORDS]
            rows = np.zeros(len(part), dtype=ZOOM)
            ends = np.minimum(part[:, 0] + self.reduction, length)
            for name, column in zip(ZOOM.names or (), (chrom, part[:, 0], ends, *part[:, 1:].T), strict=True):
                rows[name] = column
            self.blocks.add(chrom, int(part[0, 0]), int(ends[-1]), rows.tobytes())
            self.records += len(rows)


class BigWig:
    """Writes one track: `add` in order, then `finish`, and `close` whatever happened.

    path: of the file, which is made at once and whole after `finish`. contigs: names and
    lengths, in the order in which values will come.
    """

    def __init__(self, path: Path, contigs: Mapping[str, int]):
        self.lengths = list(contigs.values())
        self.files = ExitStack()
        self.file = self.files.enter_context(path.open("wb"))
        longest = max(self.lengths, default=0)
        self.zooms = [_Zoom(reduction, path.parent) for reduction in REDUCTIONS if reduction < longest]
        for zoom in self.zooms:
            self.files.enter_context(zoom.blocks.file)
        self.tree_at = 64 + 24 * len(self.zooms) + 40
        tree = _name_tree(contigs, self.tree_at)
        self.data_at = self.tree_at + len(tree)
        self.file.write(b"\0" * self.tree_at + tree + b"\0" * 8)
        self.blocks = _Blocks(self.file)
        self.chrom = -1
        self.total = np.array([[0, 0, np.inf, -np.inf, 0, 0]])

    def add(self, chrom: int, start: int, values: npt.NDArray[np.float32]) -> None:
        """Write the values (n,) of the bases [start, start + n) of a contig, given by its number.

        Contigs and positions must come in ascending order. NaN: the base has no value.
        """
        if chrom != self.chrom:
            self._end_contig()
            self.chrom = chrom
        known = np.isfinite(values)
        edges = np.flatnonzero(np.diff(known, prepend=False, append=False)).reshape(-1, 2)
        for low, high in edges.tolist():
            for at in range(low, high, VALUES):
                part = values[at : min(at + VALUES, high)]
                head = (chrom, start + at, start + at + len(part), 1, 1, FIXED_STEP, 0, len(part))
                data = struct.pack("<5I2BH", *head) + part.astype("<f4").tobytes()
                self.blocks.add(chrom, head[1], head[2], data)
        if len(edges):
            self._summarise(np.flatnonzero(known) + start, values[known].astype(np.float64))

    def _summarise(self, positions: npt.NDArray[np.int64], values: Bins) -> None:
        ones = np.ones_like(values)
        bins = _merge(np.stack([positions, ones, values, values, values, values**2], axis=1), REDUCTIONS[0])
        self.total = _merge(np.concatenate([self.total, bins]), 1 << 40)
        for zoom in self.zooms:
            bins = zoom.add(bins)
            zoom.write(self.chrom, self.lengths[self.chrom], bins)

    def _end_contig(self) -> None:
        bins: Bins = np.empty((0, len(BINS)))
        for zoom in self.zooms:
            complete = zoom.add(bins) if len(bins) else bins
            bins = np.concatenate([complete, zoom.rest()])
            zoom.write(self.chrom, self.lengths[self.chrom], bins)

    def close(self) -> None:
        """Close all files; a second call does nothing."""
        self.files.close()

    def finish(self) -> None:
        """Complete the file: indexes, zoom levels, header."""
        self._end_contig()
        out = self.file
        index_at = out.tell()
        out.write(_index(self.blocks.leaves(), index_at, VALUES))
        heads = b""
        for zoom in self.zooms:
            at = out.tell()
            out.write(struct.pack("<I", zoom.records))
            zoom.blocks.file.seek(0)
            while piece := zoom.blocks.file.read(1 << 20):
                out.write(piece)
            heads += struct.pack("<2I2Q", zoom.reduction, 0, at, out.tell())
            out.write(_index(zoom.blocks.leaves(at + 4), out.tell(), RECORDS))
        out.write(struct.pack("<I", MAGIC))
        largest = max(each.largest for each in (self.blocks, *(zoom.blocks for zoom in self.zooms)))
        summary_at = self.tree_at - 40
        out.seek(0)
        places = (self.tree_at, self.data_at, index_at, 0, 0, 0, summary_at, max(largest, 1), 0)
        out.write(struct.pack("<I2H3Q2H2QIQ", MAGIC, 4, len(self.zooms), *places) + heads)
        _, count, *rest = self.total[0]
        out.write(struct.pack("<Q4d", int(count), *(rest if count else (0.0,) * 4)))
        out.seek(self.data_at)
        out.write(struct.pack("<Q", len(self.blocks)))


def _merge(bins: Bins, reduction: int) -> Bins:
    """Join bins (n, 6), sorted by start, that lie in the same multiple of `reduction`."""
    if not len(bins):
        return bins
    starts = bins[:, 0] // reduction * reduction
    first = np.flatnonzero(np.diff(starts, prepend=-1))
    out = np.empty((len(first), len(BINS)))
    out[:, 0] = starts[first]
    for column, join in ((1, np.add), (2, np.minimum), (3, np.maximum), (4, np.add), (5, np.add)):
        out[:, column] = join.reduceat(bins[:, column], first)
    return out


def _name_tree(contigs: Mapping[str, int], at: int) -> bytes:
    """The B+ tree from names, sorted as bytes, to (number, length)."""
    items = sorted((name.encode(), n, length) for n, (name, length) in enumerate(contigs.items()))
    width = max((len(name) for name, _, _ in items), default=1)
    head = struct.pack("<4I2Q", TREE_MAGIC, BRANCHES, width, 8, len(items), 0)
    leaves = [name.ljust(width, b"\0") + struct.pack("<2I", n, length) for name, n, length in items]
    return head + _tree(leaves, width, at + len(head))


def _tree(leaves: list[bytes], key: int, at: int) -> bytes:
    """Nodes of a tree, the root first; an inner item is the key of its first leaf and an offset."""
    levels = [leaves]
    while len(levels[-1]) > BRANCHES:
        levels.append([item[:key] for item in levels[-1][::BRANCHES]])
    out = b""
    for depth, items in reversed(list(enumerate(levels))):
        nodes = [items[low : low + BRANCHES] for low in range(0, max(1, len(items)), BRANCHES)]
        size = sum(4 + len(node) * (key + 8) for node in nodes)
        below = at + len(out) + size
        for number, node in enumerate(nodes):
            if depth:
                step = 4 + BRANCHES * (key + 8)
                first = number * BRANCHES
                node = [k + struct.pack("<Q", below + (first + n) * step) for n, k in enumerate(node)]
            out += struct.pack("<2BH", not depth, 0, len(node)) + b"".join(node)
    return out


def _index(leaves: np.ndarray, at: int, items: int) -> bytes:
    """The R tree over blocks that are sorted and don't overlap. at: offset of the index."""
    levels = [leaves]
    while len(levels[-1]) > BRANCHES:
        below = levels[-1]
        first = np.arange(0, len(below), BRANCHES)
        last = np.minimum(first + BRANCHES, len(below)) - 1
        level = np.zeros(len(first), dtype=BRANCH)
        for name, source in (("f0", first), ("f1", first), ("f2", last), ("f3", last)):
            level[name] = below[name][source]
        levels.append(level)
    ends = [leaves[0][n] if n < 2 else leaves[-1][n] for n in range(4)] if len(leaves) else [0] * 4
    out = [struct.pack("<2IQ4IQ2I", INDEX_MAGIC, BRANCHES, len(leaves), *ends, at, items, 0)]
    at += len(out[0])
    for depth, level in reversed(list(enumerate(levels))):
        nodes = [level[low : low + BRANCHES] for low in range(0, max(1, len(level)), BRANCHES)]
        at += sum(4 + node.nbytes for node in nodes)
        if depth:
            width = (LEAF if depth == 1 else BRANCH).itemsize
            level["f4"] = at + np.arange(len(level)) * (4 + BRANCHES * width)
        for node in nodes:
            out.append(struct.pack("<2BH", not depth, 0, len(node)) + node.tobytes())
    return b"".join(out)
