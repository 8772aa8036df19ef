"""The folder OUT.part: finished chunks of a scan, so that a killed one can go on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dnalect.core.errors import OutputError
from dnalect.core.runs import Run
from dnalect.inference.scan import Ratios
from dnalect.jobs.scan.plan import Chunk, Plan, differences


class ChunkFolder:
    """The float16 log-ratios (n, 4) of a plan's chunks. path: OUT.part, made by `opened`. shared: with other shards."""

    def __init__(self, path: Path, plan: Plan, shared: bool = False):
        self.path, self.plan, self.run, self.shared = path, plan, Run(path, plan.digest), shared

    def finished(self) -> tuple[set[Chunk], int]:
        """Return the chunks that are there and whole, and how many files are damaged."""
        there = [chunk for chunk in self.plan.chunks if self.run.path(_key(chunk)).exists()]
        whole = {chunk for chunk in there if self.run.get(_key(chunk)) is not None}
        return whole, len(there) - len(whole)

    def write(self, chunk: Chunk, data: bytes) -> None:
        """Keep the ratios of a chunk, as `kept` has them; they are on the disk when this returns."""
        self.run.put(_key(chunk), data)

    def read(self, chunk: Chunk) -> Ratios:
        """Return the ratios (n, 4) of a finished chunk. Raises OutputError where they are damaged."""
        data = self.run.get(_key(chunk))
        if data is None:
            raise OutputError(f"{self.run.path(_key(chunk))} was damaged meanwhile; run the same command again")
        return np.frombuffer(data, dtype="<f2").reshape(-1, 4)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder, or find it with the same plan; no second scan can use it meanwhile. Raises OutputError."""

        def differ(there: Any, mine: Mapping[str, Any]) -> str:
            return ", ".join(differences(there, mine))

        with self.run.alone(self.plan.identity, "scan", differ, self.shared):
            yield

    def remove(self) -> None:
        """Delete the folder; the outputs are in place."""
        self.run.remove()


def kept(ratios: Ratios) -> bytes:
    """Return the ratios (n, 4) of a chunk as they are kept."""
    return ratios.astype("<f2").tobytes()


def _key(chunk: Chunk) -> str:
    return f"{chunk.contig}.{chunk.number}.chunk"
