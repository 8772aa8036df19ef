"""The folder OUT.part: finished chunks, each on the disk whole, so that a killed scan can go on.

A chunk file is its float16 log-ratios (n, 4) and the SHA-256 of these, of the plan and of
the chunk's place; so what is cut short, damaged, or of another plan is never taken for it.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from dnalect.core.errors import OutputError
from dnalect.core.files import check_parent, write_durably
from dnalect.inference.scan import Ratios
from dnalect.jobs.scan.plan import Chunk, Plan, differences

DIGEST = 32
PLAN, LOCK = "plan.json", "lock"


class ChunkFolder:
    """Reads and writes the chunks of a plan. path: OUT.part, made by `opened`."""

    def __init__(self, path: Path, plan: Plan):
        self.path, self.plan = path, plan

    def finished(self) -> tuple[set[Chunk], int]:
        """Return the chunks that are there and whole, and how many files are damaged."""
        there = [chunk for chunk in self.plan.chunks if self._file(chunk).exists()]
        whole = {chunk for chunk in there if self._content(chunk) is not None}
        return whole, len(there) - len(whole)

    def write(self, chunk: Chunk, ratios: Ratios) -> None:
        """Keep the ratios (n, 4) of a chunk; they are on the disk when this returns."""
        data = ratios.astype("<f2").tobytes()
        write_durably(self._file(chunk), data + self._digest(chunk, data))

    def read(self, chunk: Chunk) -> Ratios:
        """Return the ratios (n, 4) of a finished chunk. Raises OutputError where they are damaged."""
        data = self._content(chunk)
        if data is None:
            raise OutputError(f"{self._file(chunk)} was damaged meanwhile; run the same command again")
        return np.frombuffer(data, dtype="<f2").reshape(-1, 4)

    def _content(self, chunk: Chunk) -> bytes | None:
        try:
            stored = self._file(chunk).read_bytes()
        except OSError:
            return None
        data = stored[:-DIGEST]
        good = len(data) == 8 * len(chunk) and stored[-DIGEST:] == self._digest(chunk, data)
        return data if good else None

    def _file(self, chunk: Chunk) -> Path:
        return self.path / f"{chunk.contig}.{chunk.number}.chunk"

    def _digest(self, chunk: Chunk, data: bytes) -> bytes:
        place = f"{self.plan.digest} {chunk.contig} {chunk.number} "
        return hashlib.sha256(place.encode() + data).digest()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder, or find it with the same plan; no second scan can use it meanwhile.

        Raises OutputError where it holds another scan, is in use, or is no such folder.
        """
        check_parent(self.path)
        self._check_ours()
        try:
            self.path.mkdir(exist_ok=True)
            lock = (self.path / LOCK).open("a")
        except OSError as error:
            raise OutputError(f"cannot make the folder {self.path}: {error.strerror}") from error
        with lock:
            _lock(lock.fileno(), self.path)
            self._settle()
            yield

    def remove(self) -> None:
        """Delete the folder; the outputs are in place."""
        shutil.rmtree(self.path)

    def _check_ours(self) -> None:
        """Refuse a folder, before anything is written to it, that no scan has made."""
        if not self.path.is_dir() or (self.path / PLAN).exists():
            return
        if others := {each.name for each in self.path.iterdir()} - {LOCK, f"{PLAN}.tmp"}:
            raise OutputError(
                f"{self.path} is no folder of a scan: it holds {min(others)}; move it away, or name another output"
            )

    def _settle(self) -> None:
        """Write the plan, or compare with the one that is there."""
        file, mine = self.path / PLAN, self.plan.identity
        try:
            there = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            write_durably(file, (json.dumps(mine, indent=1) + "\n").encode())
            return
        except (OSError, ValueError) as error:
            raise OutputError(f"{file} cannot be read ({error}); delete {self.path} to begin anew") from error
        if there != mine:
            other = ", ".join(differences(there if isinstance(there, dict) else {}, mine))
            raise OutputError(
                f"{self.path} holds an unfinished scan with another {other}: give the options of that scan to "
                f"finish it, or delete {self.path} to begin anew"
            )


def _lock(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OutputError(f"another scan is writing to {path}; wait for it, or name another output") from None
    except OSError:
        return  # some network file systems have no locks
