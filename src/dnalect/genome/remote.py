"""A FASTA behind a URL with its index beside it: only those bases are fetched that somebody asks for.

The bases come in pieces, which stay in the cache; each is checked when it is read from there.
"""

import hashlib
import struct
import tempfile
import zlib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import FastaError, InputError
from dnalect.core.files import cache_folder
from dnalect.core.runs import Run
from dnalect.core.urls import Remote, fetched
from dnalect.genome.packed import PIECE, Bases
from dnalect.genome.streams import GZIP, HEAD, is_bgzip
from dnalect.tokens.bases import LETTERS

# Pieces of one request.
MOST = 32
_LETTERS = np.zeros(256, dtype=np.bool_)
_LETTERS[list(map(ord, LETTERS))] = True


@dataclass(frozen=True)
class Entry:
    """A contig of a .fai. length, width: bases of the contig and of a line. stride: bytes of a line with its end.

    offset: of its first base, in bytes of the unpacked file.
    """

    name: str
    length: int
    offset: int
    width: int
    stride: int

    def byte(self, base: int) -> int:
        """Return where a base lies in the unpacked file."""
        return self.offset + base // self.width * self.stride + base % self.width


class RemoteBases(Bases):
    """Bases that are fetched in pieces of PIECE as they are asked for, into a file that nobody else sees."""

    def __init__(self, remote: Remote, entries: list[Entry], blocks: list[tuple[int, int]]):
        """blocks: of a bgzip file, where each begins, packed and unpacked, and where the last ends; else none."""
        self.remote, self.entries, self.blocks = remote, entries, blocks
        self.starts = [unpacked for _, unpacked in blocks]
        self.offsets = [0, *accumulate(each.length for each in entries)]
        folder = cache_folder() / "genomes"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.truncate(self.offsets[-1])
            super().__init__(np.memmap(file, dtype=np.uint8, mode="r+", shape=(self.offsets[-1],)))
        self.unchecked = np.ones(-(-self.offsets[-1] // PIECE), dtype=np.bool_)
        made_of = f"{remote.shown} {remote.identity}"
        self.pieces = Run(folder / f"{hashlib.sha256(made_of.encode()).hexdigest()[:24]}.pieces", made_of)

    def settle(self, touched: npt.NDArray[np.int64]) -> None:
        """Fetch pieces, those that lie together at once."""
        missing = []
        for number in touched.tolist():
            if (data := self.pieces.get(str(number)) if self.remote.identity else None) is None:
                missing.append(number)
            else:
                self._fill(number, np.frombuffer(data, dtype=np.uint8))
        for run in _runs(missing):
            found = self._bases(run[0] * PIECE, min((run[-1] + 1) * PIECE, len(self)))
            for at, number in enumerate(run):
                piece = found[at * PIECE : (at + 1) * PIECE]
                if self.remote.identity:
                    self.pieces.put(str(number), piece.tobytes())
                self._fill(number, piece)

    def _fill(self, number: int, piece: npt.NDArray[np.uint8]) -> None:
        self.stored[number * PIECE : (number + 1) * PIECE] = piece

    def _bases(self, low: int, high: int) -> npt.NDArray[np.uint8]:
        found, at = [], low
        while at < high:
            contig = bisect_right(self.offsets, at) - 1
            entry, first = self.entries[contig], at - self.offsets[contig]
            last = min(entry.length, high - self.offsets[contig])
            found.append(self._of_contig(entry, first, last))
            at += last - first
        return np.concatenate(found)

    def _of_contig(self, entry: Entry, first: int, last: int) -> npt.NDArray[np.uint8]:
        low, high = entry.byte(first), entry.byte(last - 1) + 1
        text = np.frombuffer(self._unpacked(low, high) if self.blocks else self.remote.read(low, high), dtype=np.uint8)
        bases = text[_LETTERS[text]]
        if len(bases) != last - first:
            raise FastaError(
                f"{self.remote.shown}: {entry.name} is not where its index says; `samtools faidx` makes the index anew"
            )
        return bases

    def _unpacked(self, low: int, high: int) -> bytes:
        """Return bytes of the unpacked file, out of the blocks that hold them."""
        first = bisect_right(self.starts, low) - 1
        after = bisect_left(self.starts, high, first + 1)
        data = self.remote.read(self.blocks[first][0], self.blocks[after][0])
        text = bytearray()
        try:
            while data:
                block = zlib.decompressobj(wbits=31)
                text += block.decompress(data)
                data = block.unused_data
        except zlib.error as error:
            raise FastaError(f"{self.remote.shown} is damaged, or is not what its .gzi is of: {error}") from error
        return bytes(text[low - self.starts[first] : high - self.starts[first]])


def open_indexed(url: str) -> tuple[list[Entry], RemoteBases] | Path:
    """Return the contigs of a FASTA behind a URL and its bases; where there is no index, a whole copy.

    Raises FastaError for an index that is none, InputError where the URL can't be read.
    """
    remote = Remote(url)
    if not remote.ranges or remote.size is None:
        return fetched(url, remote)
    head = remote.read(0, min(HEAD, remote.size))
    wanted = [".fai", ".gzi"] if is_bgzip(head) else [".fai"]
    if head.startswith(GZIP) and not is_bgzip(head):
        return fetched(url, remote, ", as gzip packs it; of what bgzip packs, with its index, parts are read")
    indexes = []
    for suffix in wanted:
        if (index := _there(_beside(remote.url, suffix))) is None:
            return fetched(url, remote, f", as no {suffix} can be read beside it; `samtools faidx` makes one")
        indexes.append(index.read(0, index.size) if index.ranges and index.size else fetched(index.url).read_bytes())
    entries = _entries(indexes[0], remote.shown)
    return entries, RemoteBases(remote, entries, _blocks(indexes[1], remote) if len(indexes) > 1 else [])


def identity(remote: Remote) -> str:
    """Return what stands for the checksums of contigs that nobody has read: of address, size and tag."""
    return hashlib.md5(f"{remote.shown} {remote.identity}".encode(), usedforsecurity=False).hexdigest()


def _there(url: str) -> Remote | None:
    try:
        return Remote(url)
    except InputError:
        return None


def _beside(url: str, suffix: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path + suffix))


def _entries(data: bytes, name: str) -> list[Entry]:
    found = []
    for line in data.decode(errors="replace").splitlines():
        columns: list[Any] = line.split("\t")
        try:
            entry = Entry(columns[0], *map(int, columns[1:5]))
        except (ValueError, TypeError) as error:
            raise FastaError(f"{name}.fai is no index of a FASTA: {line[:60]!r}") from error
        if not (0 <= entry.length and 0 < entry.width < entry.stride) and entry.length:
            raise FastaError(f"{name}.fai is no index of a FASTA: {line[:60]!r}")
        found.append(entry)
    if not sum(each.length for each in found) or len({each.name for each in found}) < len(found):
        raise FastaError(f"{name}.fai names no contig with a base, or one twice")
    return found


def _blocks(data: bytes, remote: Remote) -> list[tuple[int, int]]:
    count = len(data) // 8
    numbers = struct.unpack(f"<{count}Q", data[: 8 * count])
    if not numbers or count != 1 + 2 * numbers[0] or len(data) % 8:
        raise FastaError(f"{remote.shown}.gzi is no index of bgzip; `samtools faidx` makes one")
    # The end of the file ends the last block, wherever that is unpacked.
    return [(0, 0), *zip(numbers[1::2], numbers[2::2], strict=True), (remote.size or 0, 1 << 62)]


def _runs(numbers: list[int]) -> list[list[int]]:
    """Numbers that follow one another, at most MOST together."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1 and len(runs[-1]) < MOST:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
