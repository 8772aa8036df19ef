"""The folder OUT.part: finished pieces of a run that streams, so that a killed one goes on.

kept = kept_beside(options.outputs, "embedding", facts)
with kept.opened():
    for number, chunk in enumerate(chunks):
        data = kept.of(str(number), partial(compute, chunk))
"""

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from hashlib import sha256 as hashed
from pathlib import Path
from typing import Any

from dnalect.core.errors import DnalectError
from dnalect.core.files import sha256
from dnalect.core.interrupts import Stopped
from dnalect.core.reporter import say, warn
from dnalect.core.runs import Run

# A run that is shorter keeps nothing, and leaves nothing behind whatever happens.
SECONDS = 10.0
# Characters of a path; more are text.
LONGEST = 4096
SUFFIX = ".kept"


class Kept:
    """Pieces of a run by their keys; without a folder each is computed when it is asked for.

    They come onto the disk once the run has lasted SECONDS, and from then on as soon as they are there.
    """

    def __init__(
        self,
        folder: Path | None = None,
        what: str = "run",
        facts: Mapping[str, Any] | None = None,
        shared: bool = False,
    ):
        """what: is done, in a word. facts: what pieces depend on. shared: with others of the same run; all stays."""
        self.folder, self.what, self.facts, self.shared = folder, what, dict(facts or {}), shared
        self.run = Run(folder, hashed(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()) if folder else None
        self.waiting: list[tuple[str, bytes]] = []
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

    def of(self, key: str, compute: Callable[[], bytes]) -> bytes:
        """Return a piece, computed unless it was kept."""
        if self.run is None:
            return compute()
        if self.open and (data := self.run.get(f"{key}{SUFFIX}", warn)) is not None:
            return data
        data = compute()
        self.waiting.append((f"{key}{SUFFIX}", data))
        self._flush()
        return data

    def _flush(self) -> None:
        if not (self.open or time.monotonic() - self.begun >= SECONDS):
            return
        assert self.run is not None
        if not self.open:
            self._open()
        for key, data in self.waiting:
            self.run.put(key, data)
        self.waiting.clear()

    def _open(self) -> None:
        assert self.run is not None
        self.stack.enter_context(self.run.alone(self.facts, self.what, _differences, self.shared))
        self.open = True
        if any(self.run.folder.glob(f"*{SUFFIX}")):
            say(f"what was done before is taken from {self.folder}")

    def _told(self) -> str:
        return f"what is done is kept in {self.folder}; the same command goes on from there"


def _differences(there: Any, mine: Mapping[str, Any]) -> str:
    there = there if isinstance(there, dict) else {}
    return ", ".join(key for key in sorted(there.keys() | mine.keys()) if there.get(key) != mine.get(key))


def kept_beside(outputs: Iterable[object], what: str, facts: Callable[[], Mapping[str, Any]]) -> Kept:
    """Return where a run keeps its pieces: beside its first output that is a file; nothing is kept without one."""
    first = next((each for each in outputs if isinstance(each, str) and each != "-"), None)
    return Kept(Path(f"{first}.part"), what, facts()) if first else Kept()


def facts_of_options(options: Any, aside: Collection[str]) -> dict[str, Any]:
    """Return the options of a run as facts, with checksums of those that are files. aside: what changes no piece."""
    told = {each.name: getattr(options, each.name) for each in fields(options) if each.name not in aside}
    files = {name: sha256(Path(value)) for name, value in told.items() if isinstance(value, str) and _is_file(value)}
    return {name: str(value) for name, value in told.items()} | {f"{n} (content)": each for n, each in files.items()}


def _is_file(value: str) -> bool:
    return len(value) < LONGEST and Path(value).is_file()
