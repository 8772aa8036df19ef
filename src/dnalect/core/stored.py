"""Files that are checked before they are believed: digests of the content and of what it was made of lie in them."""

import hashlib
import io
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from dnalect.core.errors import InputError

DIGEST = hashlib.sha256().digest_size


def sealed(data: bytes, made_of: str) -> bytes:
    """Return the data with the SHA-256 of `made_of` and of the data after them."""
    return data + _digest(data, made_of)


def unsealed(stored: bytes, made_of: str) -> bytes | None:
    """Return the data of what `sealed` returned; None where a bit differs, or they were made of something else."""
    data = stored[:-DIGEST]
    return data if len(stored) >= DIGEST and stored[-DIGEST:] == _digest(data, made_of) else None


def _digest(data: bytes, made_of: str) -> bytes:
    return hashlib.sha256(f"{len(made_of)} {made_of} ".encode() + data).digest()


def piece_crcs(path: Path, piece: int) -> list[int]:
    """Return the CRC-32 of every `piece` bytes of a file, the last ones perhaps fewer."""
    with path.open("rb") as file:
        return [zlib.crc32(data) for data in iter(lambda: file.read(piece), b"")]


class PieceReader(io.RawIOBase):
    """A file to read from, of which every piece is checked when a byte of it is asked for.

    crcs: of `piece_crcs`, from where they are safe. Raises InputError, now or when it is read,
    where the file is not the one that they were made of.
    """

    def __init__(self, path: Path, crcs: Sequence[int], piece: int):
        super().__init__()
        self.path, self.crcs, self.piece = path, crcs, piece
        self.file = path.open("rb")
        self.size = os.fstat(self.file.fileno()).st_size
        self.at = 0
        self.kept: tuple[int, bytes] = (-1, b"")
        if -(-self.size // piece) != len(crcs):
            self.close()
            raise self._damaged()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: self.size}[whence]
        return self.at

    def read(self, size: int | None = -1) -> bytes:
        end = self.size if size is None or size < 0 else min(self.at + size, self.size)
        parts = []
        while self.at < end:
            number, start = divmod(self.at, self.piece)
            parts.append(self._piece(number)[start : start + end - self.at])
            self.at += len(parts[-1])
        return b"".join(parts)

    def close(self) -> None:
        self.file.close()
        super().close()

    def _piece(self, number: int) -> bytes:
        if self.kept[0] != number:
            self.file.seek(number * self.piece)
            data = self.file.read(self.piece)
            if zlib.crc32(data) != self.crcs[number]:
                raise self._damaged()
            self.kept = number, data
        return self.kept[1]

    def _damaged(self) -> InputError:
        return InputError(f"{self.path} is not what was written there: its checksum differs")
