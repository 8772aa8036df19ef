"""The folder OUT.part: finished scores of a scoring run, so that a killed one goes on."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import sha256 as hashed
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dnalect.core.errors import DnalectError
from dnalect.core.files import write_durably
from dnalect.core.interrupts import Stopped
from dnalect.core.records import Score
from dnalect.core.reporter import say, warn
from dnalect.core.runs import Run

# A run that is shorter keeps nothing, and leaves nothing behind whatever happens.
SECONDS = 10.0
Scores = list[list[Score]]
_SCORES = TypeAdapter(Scores)


class KeptScores:
    """Scores by the part of the records that they are of; without a folder they are computed each time.

    They come onto the disk once the run has lasted SECONDS, and from then on as soon as they are there.
    """

    def __init__(self, folder: Path | None = None, facts: Mapping[str, Any] | None = None, shared: bool = False):
        """facts: what the scores depend on. shared: with other shards of the run; all is kept, and stays."""
        self.folder, self.facts, self.shared = folder, dict(facts or {}), shared
        self.run = Run(folder, hashed(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()) if folder else None
        self.waiting: list[tuple[str, bytes]] = []
        self.found = self.put = 0
        self.open = False
        self.stack = ExitStack()
        self.begun = time.monotonic()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Find what an earlier run kept; remove it once this one is done.

        Raises OutputError where it is of another run.
        """
        with self.stack:
            if self.folder and (self.shared or self.folder.exists()):
                self._open()
            try:
                yield
            except KeyboardInterrupt as stop:
                if self.open:
                    raise Stopped(f"interrupted; {self._told()}") from stop
                raise
            except DnalectError:
                if self.open:
                    warn(self._told())
                raise
            if self.open and self.run and not self.shared:
                self.run.remove()

    def of(self, key: str, compute: Callable[[], Scores]) -> Scores:
        """Return the scores of a part, computed unless they were kept."""
        if self.run is None:
            return compute()
        if self.open and (data := self.run.get(key, warn)) is not None and (kept := _read(data)) is not None:
            self.found += 1
            return kept
        scores = compute()
        self.waiting.append((key, _written(scores)))
        self._flush()
        return scores

    def note(self, name: str, data: bytes) -> None:
        """Write a file beside the scores."""
        assert self.folder is not None
        write_durably(self.folder / name, data)

    def _flush(self) -> None:
        if not (self.open or time.monotonic() - self.begun >= SECONDS):
            return
        assert self.run is not None
        if not self.open:
            self._open()
        for key, data in self.waiting:
            self.run.put(key, data)
            self.put += 1
        self.waiting.clear()

    def _open(self) -> None:
        assert self.run is not None
        self.stack.enter_context(self.run.alone(self.facts, "scoring", _differences, self.shared))
        self.open = True
        if any(self.run.folder.glob("*.scores")):
            say(f"what was scored before is taken from {self.folder}")

    def _told(self) -> str:
        return f"what was scored is kept in {self.folder}; the same command goes on from there"


def _differences(there: Any, mine: Mapping[str, Any]) -> str:
    there = there if isinstance(there, dict) else {}
    return ", ".join(key for key in sorted(there.keys() | mine.keys()) if there.get(key) != mine.get(key))


def _written(scores: Scores) -> bytes:
    # Not pydantic's own JSON, which has no NaN.
    return json.dumps(_SCORES.dump_python(scores), separators=(",", ":")).encode()


def _read(data: bytes) -> Scores | None:
    """Return what `_written` wrote, None for what another version of this code did."""
    try:
        return _SCORES.validate_python(json.loads(data))
    except (ValueError, ValidationError):
        return None
