"""bigWig in, checked: no offset, size or count of a file is believed before it fits the file.

Read here because the libraries end the process, or abort, on files that are cut or garbled. The
layout is that of Kent et al. 2010 (see `bigwig`), in either order of bytes; zoom levels are not read.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.genome.bigwig import FIXED_STEP, INDEX_MAGIC, MAGIC, TREE_MAGIC

BED_MAGIC = 0x8789F2EB
BED_GRAPH, VARIABLE_STEP = 1, 2
# Bytes of a name, contigs, and bytes of a block once it is unpacked (65,535 items of 12 bytes): more is no real file.
LONGEST_NAME, MOST_CONTIGS, LARGEST_BLOCK = 1 << 12, 1 << 23, 1 << 20
# Levels of a tree: of real ones there are a handful, and a garbled one may lead back to itself.
DEEPEST = 16
# Nodes and blocks that are kept, for variants that lie side by side.
KEPT = 1024
Values = npt.NDArray[np.float32]
Fields = list[tuple[str, str]]


class BigWigReader:
    """An open bigWig. contigs: name -> length in bases, in the order of the file's tree.

    Raises InputError where the file can't be read, is no bigWig, is cut short or damaged, then
    or when values are read.
    """

    def __init__(self, path: str | Path):
        self.path = path
        if not Path(path).is_file():
            raise InputError(f"cannot read the bigWig {path}: no such file")
        try:
            self.file: IO[bytes] = open(path, "rb")  # noqa: SIM115
            self.size = os.fstat(self.file.fileno()).st_size
        except OSError as error:
            raise InputError(f"cannot read the bigWig {path}: {error.strerror}") from error
        try:
            self._begin()
        except BaseException:
            self.file.close()
            raise

    def __enter__(self) -> "BigWigReader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.file.close()

    def _begin(self) -> None:
        head = self._at(0, 64, "its header")
        self.order = next((o for o in "<>" if struct.unpack(f"{o}I", head[:4])[0] in (MAGIC, BED_MAGIC)), "")
        if not self.order:
            raise InputError(f"{self.path} is no bigWig")
        magic, _, _, names, _, index, _, _, _, _, unpacked, _ = struct.unpack(f"{self.order}I2H3Q2H2QIQ", head)
        if magic == BED_MAGIC:
            raise InputError(f"{self.path} is a bigBed, and a bigWig is needed")
        if unpacked > LARGEST_BLOCK:
            raise self._damaged("its blocks are too large")
        self.packed, self.index = bool(unpacked), index + 48
        self.kept: dict[tuple[int, int], Any] = {}
        self.numbers: dict[str, int] = {}
        self.contigs: dict[str, int] = {}
        self._read_names(names)
        if self._unpack("I", index, "its index")[0] != INDEX_MAGIC:
            raise self._damaged("it has no index")

    def _read_names(self, at: int) -> None:
        magic, _, width, value, count, _ = self._unpack("4I2Q", at, "its contigs")
        if magic != TREE_MAGIC or not 0 < width <= LONGEST_NAME or value != 8 or count > MOST_CONTIGS:
            raise self._damaged("its list of contigs is none")
        kinds = [("name", f"S{width}"), ("number", "u4"), ("length", "u4")]
        for leaf in self._leaves(at + 32, kinds, [("name", f"S{width}"), ("child", "u8")], MOST_CONTIGS):
            for name, number, length in leaf.tolist():
                self.contigs[text := name.decode("utf-8", errors="replace")] = length
                self.numbers[text] = number
        if len(self.contigs) != count:
            raise self._damaged("contigs are missing in its list")

    def values(self, contig: str, start: int, end: int) -> Values:
        """Return the values (end - start,) of [start, end), 0-based half-open; NaN where there is none."""
        out: Values = np.full(max(0, end - start), np.nan, dtype=np.float32)
        number = self.numbers[contig]
        for data in self._blocks(number, start, end):
            of, low, _, step, span, kind, _, count = struct.unpack(f"{self.order}5I2BH", data[:24])
            if of != number:
                raise self._damaged("a block is of another contig than the index says")
            rows, starts, ends = self._rows(data[24:], kind, count, (low, step, span))
            starts, ends = np.clip(starts, start, end) - start, np.clip(ends, start, end) - start
            lengths = ends - starts
            if (lengths < 0).any() or lengths.sum() > len(out):
                raise self._damaged("its intervals overlap, or end before they begin")
            places = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
            out[places] = np.repeat(rows, lengths)
        return out

    def _rows(self, data: bytes, kind: int, count: int, told: tuple[int, int, int]) -> tuple[Any, Any, Any]:
        """Return values, starts and ends (count,) of a block. told: its start, step and span."""
        word = {BED_GRAPH: 12, VARIABLE_STEP: 8, FIXED_STEP: 4}.get(kind, 0)
        if not word or len(data) < word * count:
            raise self._damaged("a block is shorter than it says, or of an unknown kind")
        words = np.frombuffer(data, dtype=f"{self.order}u4", count=count * word // 4).astype(np.uint32)
        table = words.reshape(count, word // 4)
        rows = table[:, -1].copy().view(np.float32)
        low, step, span = told
        starts = low + step * np.arange(count, dtype=np.int64) if kind == FIXED_STEP else table[:, 0].astype(np.int64)
        return rows, starts, table[:, 1].astype(np.int64) if kind == BED_GRAPH else starts + span

    def _blocks(self, number: int, start: int, end: int) -> Iterator[bytes]:
        """Yield the blocks that may hold a value of a span."""
        span: list[tuple[str, str]] = [("c0", "u4"), ("b0", "u4"), ("c1", "u4"), ("b1", "u4")]
        places = [*span, ("at", "u8"), ("size", "u8")]
        first, last = (number << 32) + start, (number << 32) + end
        for leaf in self._leaves(self.index, places, [*span, ("child", "u8")], self.size // 24 + 1, (first, last)):
            for row in leaf[["at", "size"]].tolist():
                if row not in self.kept:
                    self._keep(row, self._block(*row))
                yield self.kept[row]

    def _keep(self, key: tuple[int, int], value: Any) -> None:
        if len(self.kept) >= KEPT:
            self.kept.clear()
        self.kept[key] = value

    def _block(self, at: int, size: int) -> bytes:
        if not 0 < size <= 2 * LARGEST_BLOCK:
            raise self._damaged("the size of a block is impossible")
        data = self._at(at, size, "a block")
        if self.packed:
            unpacker = zlib.decompressobj()
            try:
                data = unpacker.decompress(data, LARGEST_BLOCK)
            except zlib.error as error:
                raise self._damaged(str(error)) from error
            if not unpacker.eof:
                raise self._damaged("a block is cut short, or too large")
        if len(data) < 24:
            raise self._damaged("a block is cut short")
        return data

    def _leaves(
        self, root: int, leaf: Fields, branch: Fields, most: int, wanted: tuple[int, int] | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the items of a tree's leaves, in order, and a node at a time.

        leaf, branch: names and types of what an item has there. most: items that there can be.
        wanted: (contig << 32) + base, first and behind the last, that the span of an item must meet.
        """
        left, seen = [(root, 0)], 0
        while left:
            at, depth = left.pop()
            is_leaf, items = self._node(at, leaf, branch)
            seen += len(items)
            if depth > DEEPEST or seen > 2 * most + LARGEST_BLOCK:
                raise self._damaged("a tree in it has no end")
            if wanted is not None:
                starts, ends = ((items[c].astype(np.int64) << 32) + items[b] for c, b in (("c0", "b0"), ("c1", "b1")))
                items = items[(starts < wanted[1]) & (ends > wanted[0])]
            if is_leaf:
                yield items
            else:
                left += [(child, depth + 1) for child in items["child"].tolist()[::-1]]

    def _node(self, at: int, leaf: Fields, branch: Fields) -> tuple[bool, np.ndarray]:
        if (at, -1) not in self.kept:
            is_leaf, _, count = self._unpack("2BH", at, "a tree")
            kinds = [
                (name, kind if kind[0] == "S" else self.order + kind) for name, kind in (leaf if is_leaf else branch)
            ]
            kind = np.dtype(kinds)
            data = self._at(at + 4, count * kind.itemsize, "a tree")
            self._keep((at, -1), (bool(is_leaf), np.frombuffer(data, dtype=kind)))
        found: tuple[bool, np.ndarray] = self.kept[at, -1]
        return found

    def _unpack(self, form: str, at: int, what: str) -> tuple[int, ...]:
        form = f"{self.order}{form}"
        return struct.unpack(form, self._at(at, struct.calcsize(form), what))

    def _at(self, at: int, size: int, what: str) -> bytes:
        if at + size > self.size:
            raise self._damaged(f"{what} would lie beyond its end")
        try:
            self.file.seek(at)
            data = self.file.read(size)
        except OSError as error:
            raise InputError(f"cannot read the bigWig {self.path}: {error.strerror}") from error
        if len(data) < size:
            raise self._damaged(f"{what} would lie beyond its end")
        return data

    def _damaged(self, why: str) -> InputError:
        return InputError(f"{self.path} is no bigWig, or is cut short or damaged: {why}")
