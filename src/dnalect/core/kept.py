"""The folder OUT.part: finished pieces of a run that streams, so that a killed one goes on.

kept = kept_beside(options.outputs, "embedding", facts)
with kept.opened():
    for chunk, vectors in kept.stream(((str(n), each.texts, each) for n, each in enumerate(chunks)), compute, form):
        ...
"""

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from hashlib import sha256 as hashed
from pathlib import Path
from typing import Any, Generic, TypeVar

from dnalect.core.engines import Pool, in_order
from dnalect.core.errors import DnalectError
from dnalect.core.files import sha256
from dnalect.core.interrupts import Stopped
from dnalect.core.reporter import say, warn
from dnalect.core.runs import Run
from dnalect.core.urls import cleaned, is_url

# A run that is shorter keeps nothing, and leaves nothing behind whatever happens.
SECONDS = 10.0
# Characters of a path; more are text.
LONGEST = 4096
SUFFIX = ".kept"
W = TypeVar("W")
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Form(Generic[R]):
    """How results become bytes and come back. unpack: raises ValueError for bytes that are none."""

    pack: Callable[[R], bytes]
    unpack: Callable[[bytes], R]


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
        """Return a piece, computed here unless it was kept."""
        return self._begun(key, None, lambda _: compute(), Form(bytes, bytes), None)()

    def stream(
        self,
        pieces: Iterable[tuple[str, W, T]],
        compute: Callable[[W], R],
        form: Form[R],
        pool: Pool | None = None,
        first_alone: bool = False,
    ) -> Iterator[tuple[T, R]]:
        """Yield (about, result) of each piece, in order, computed here or by workers unless it was kept.

        pieces: the key of each, what it is computed from, and what the caller wants back with its result. pool: whose
        workers compute bytes as `form` packs them; pieces are then asked for ahead of what is yielded.
        first_alone: see `in_order`.
        """
        begun = ((about, self._begun(key, work, compute, form, pool)) for key, work, about in pieces)
        yield from in_order(begun, pool.ahead if pool else 1, first_alone)

    def _begun(self, key: str, work: W, compute: Callable[[W], R], form: Form[R], pool: Pool | None) -> Callable[[], R]:
        if self.run and self.open and (data := self.run.get(f"{key}{SUFFIX}", warn)) is not None:
            with suppress(ValueError, KeyError):  # of another state of this code
                found = form.unpack(data)
                return lambda: found
        if pool:
            result = pool.begin(work)
            return lambda: form.unpack(self._kept(key, result()))
        return lambda: self._computed(key, compute(work), form)

    def _computed(self, key: str, result: R, form: Form[R]) -> R:
        if self.run:
            self._kept(key, form.pack(result))
        return result

    def _kept(self, key: str, data: bytes) -> bytes:
        if self.run:
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
    facts = {name: cleaned(str(value)) for name, value in told.items()}
    return facts | {f"{name} (content)": each for name, each in files.items()}


def _is_file(value: str) -> bool:
    return len(value) < LONGEST and not is_url(value) and Path(value).is_file()
