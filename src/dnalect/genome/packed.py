"""A packed genome in the cache: one file, memory-mapped, and each piece checked when it is first read.

The file is the bases, one byte each, then the facts (names, lengths, checksums, one CRC-32 a
piece, and what the FASTA looked like) sealed with their own digest, then the length of those.
Checking a piece at a time costs a run only what it reads; of a human genome that is read whole,
under a second.
"""

import hashlib
import json
import os
import stat
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import FastaError
from dnalect.core.reporter import warn
from dnalect.core.stored import piece_crcs, sealed, unsealed

FORMAT = "dnalect packed genome 2"
PIECE = 1 << 18
SAMPLES, SAMPLE = 32, 4096
TAIL = 8
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Facts:
    """What is known of a packed genome. source: of `fingerprint`. crcs: CRC-32 of each PIECE of bases."""

    source: str
    names: list[str]
    lengths: list[int]
    checksums: list[str]
    crcs: list[int]


class Bases:
    """All bases of a genome as ASCII bytes, contig after contig.

    stored: (n,) uint8. crcs: of each piece of what is stored; None for bases that need no
    check. again: packs the FASTA anew, for a piece that fails.
    """

    def __init__(self, stored: Bytes, crcs: list[int] | None = None, again: Callable[[], "Bases"] | None = None):
        # A plain array: slices of a memmap cost more.
        self.stored, self.crcs, self.again = stored.view(np.ndarray), crcs or [], again
        self.unchecked = np.ones(len(self.crcs), dtype=np.bool_)

    def __len__(self) -> int:
        return len(self.stored)

    def span(self, low: int, high: int) -> Bytes:
        """Return the bases of [low, high), a view."""
        if self.unchecked[low // PIECE : (high - 1) // PIECE + 1].any():
            self.check(np.array([low]), np.array([high]))
        return self.stored[low:high]

    def check(self, lows: npt.NDArray[np.int64], highs: npt.NDArray[np.int64]) -> None:
        """Check every piece that holds a base of any [low, high), unless it was before."""
        if not self.unchecked.any() or not len(lows):
            return
        count = len(self.unchecked)
        first, last = (np.clip(at // PIECE, 0, count - 1) for at in (lows, highs - 1))
        depth = np.bincount(first, minlength=count + 1) - np.bincount(last + 1, minlength=count + 1)
        touched = np.flatnonzero((np.cumsum(depth)[:count] > 0) & self.unchecked)
        self.settle(touched)
        self.unchecked[touched] = False

    def settle(self, touched: npt.NDArray[np.int64]) -> None:
        """See to it that pieces, by their numbers, are as they should be."""
        if any(self._crc(number) != self.crcs[number] for number in touched.tolist()):
            self._pack_again()
            self.settle(touched)

    def _crc(self, number: int) -> int:
        return zlib.crc32(self.stored[number * PIECE : (number + 1) * PIECE].data)

    def _pack_again(self) -> None:
        if self.again is None:
            raise FastaError("a packed genome in the cache changes while it is read; is its disk in order?")
        fresh = self.again()
        if fresh.crcs != self.crcs:
            raise FastaError("the FASTA was changed while it was read; run again")
        self.stored, self.again = fresh.stored, None


def fingerprint(path: Path) -> str:
    """Return what tells a FASTA from another: path, size, times, inode and a sample of its content, hashed.

    Raises FastaError where it cannot be read, or is a folder, a pipe or a device.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise FastaError(f"the reference {path} is a folder; give the FASTA file")
        if not stat.S_ISREG(status.st_mode):
            raise FastaError(f"the reference {path} is a pipe or a device; write it to a file, and give that")
        places = (path.resolve(), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        digest = hashlib.sha256("\0".join(map(str, places)).encode(errors="surrogateescape"))
        with path.open("rb") as file:
            for at in np.linspace(0, max(0, status.st_size - SAMPLE), SAMPLES).astype(np.int64).tolist():
                file.seek(at)
                digest.update(file.read(SAMPLE))
    except OSError as error:
        raise FastaError(f"cannot read the reference {path}: {error.strerror}") from error
    return digest.hexdigest()


def crcs_of(file: Path) -> list[int]:
    """Return the CRC-32 of each piece of a file."""
    return piece_crcs(file, PIECE)


def tail_of(facts: Facts) -> bytes:
    """Return what follows the bases in the file."""
    text = sealed(json.dumps(asdict(facts)).encode(), FORMAT)
    return text + len(text).to_bytes(TAIL, "little")


def read_packed(path: Path, source: str) -> Facts | None:
    """Return the facts of a packed genome; None where it must be packed (again).

    source: the FASTA's fingerprint now. A damaged file is told of on stderr, one of an older
    state of the FASTA is not. The bases are not read: see `Bases`.
    """
    try:
        facts = _facts(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        warn(f"the packed genome {path} cannot be read ({error.strerror}); the FASTA is packed again")
        return None
    if facts is None:
        warn(f"the packed genome {path} is damaged; the FASTA is packed again")
        return None
    return facts if facts.source == source else None


def _facts(path: Path) -> Facts | None:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < TAIL:
            return None
        file.seek(size - TAIL)
        length = int.from_bytes(file.read(TAIL), "little")
        if length > size - TAIL:
            return None
        file.seek(size - TAIL - length)
        text = unsealed(file.read(length), FORMAT)
    if text is None:
        return None
    told: dict[str, Any] = json.loads(text)
    facts = Facts(**told)
    return facts if sum(facts.lengths) == size - TAIL - length else None
