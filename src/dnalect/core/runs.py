"""Long work in pieces: each finished one lies whole and sealed in a folder, so that what was killed goes on.

    run = Run(folder, made_of=f"{model} {genome}")
    for chunk, data in run.map(compute, chunks, key=str, executor=pool):
        ...

Any number of processes, on any machine that sees the folder, may work on one run: each piece is computed once.
"""

import fcntl
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import OutputError
from dnalect.core.files import check_parent, made_folder, write_durably
from dnalect.core.stored import sealed, unsealed

PLAN, LOCK = "plan.json", "lock"
Facts = Mapping[str, Any]
Arrays = dict[str, npt.NDArray[Any]]
T = TypeVar("T")
R = TypeVar("R")


class Executor(Protocol):
    """Where pieces are computed: of concurrent.futures, or a client of Dask or Ray with the same method."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Any:
        """Return a future: its `result()` waits."""
        ...


def mapped(function: Callable[[T], R], items: Iterable[T], executor: Executor | None = None) -> Iterator[R]:
    """Yield function(item) in order. executor: None for here. The first error of any item is raised."""
    if executor is None:
        yield from map(function, items)
        return
    for future in [executor.submit(function, item) for item in items]:
        yield future.result()


class Run:
    """A folder of finished pieces, by their keys, which are names of files.

    made_of: what all pieces depend on, such as checksums of model and data and the options. A
    piece of something else, or one that is damaged, counts as missing.
    """

    def __init__(self, folder: Path, made_of: str):
        self.folder, self.made_of = folder, made_of

    def path(self, key: str) -> Path:
        """Return the file of a piece."""
        return self.folder / key

    def get(self, key: str, notify: Callable[[str], None] = lambda _: None) -> bytes | None:
        """Return a finished piece; None where it must be computed (again).

        notify: is told where there is a file that cannot be read, is cut short or changed, or was
        made of something else.
        """
        path = self.path(key)
        try:
            data = unsealed(path.read_bytes(), self._seal(key))
        except FileNotFoundError:
            return None
        except OSError as error:
            notify(f"{path} cannot be read ({error.strerror}); it is made again")
            return None
        if data is None:
            notify(f"{path} is damaged: its checksum is not that of its content; it is made again")
        return data

    def put(self, key: str, data: bytes) -> None:
        """Keep a piece; it is on the disk when this returns. Raises OutputError."""
        made_folder(self.folder)
        write_durably(self.path(key), sealed(data, self._seal(key)))

    def _seal(self, key: str) -> str:
        return f"{self.made_of} {key}"

    @contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """Wait while another process computes this piece; one that is killed gives its claim away."""
        made_folder(self.folder)
        with self.path(f".{key}.lock").open("w") as file:
            # Some network file systems have no locks: there two processes do the same work twice.
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def piece(self, key: str, compute: Callable[[], bytes]) -> bytes:
        """Return a piece, computing and keeping it where it is missing. One process at a time computes it."""
        with self.claim(key):
            if (data := self.get(key)) is None:
                self.put(key, data := compute())
        return data

    def map(
        self,
        function: Callable[[T], bytes],
        items: Iterable[T],
        key: Callable[[T], str],
        executor: Executor | None = None,
    ) -> Iterator[tuple[T, bytes]]:
        """Yield (item, its piece) in order, computing what is missing.

        function, key: with an executor of other processes, both and this run are sent there, and
        what they finish is kept even if this process ends.
        """
        listed = list(items)
        yield from zip(listed, mapped(partial(_piece, self, function, key), listed, executor), strict=True)

    @contextmanager
    def alone(
        self, facts: Mapping[str, Any], what: str, tell: Callable[[Any, Mapping[str, Any]], str], shared: bool = False
    ) -> Iterator[None]:
        """Make the folder, or find it begun with the same facts; nobody else opens it so meanwhile.

        shared: others may open it so, too, for other pieces of the same work.

        facts: what the pieces are made of, for people; they lie in plan.json. what: the work in a
        word, such as "scan". tell: other facts, these facts -> where they differ, in words.
        Raises OutputError where it holds other work, is in use, or is no such folder.
        """
        check_parent(self.folder)
        self._check_ours(what)
        try:
            self.folder.mkdir(exist_ok=True)
            lock = self.path(LOCK).open("a")
        except OSError as error:
            raise OutputError(f"cannot make the folder {self.folder}: {error.strerror}") from error
        with lock:
            self._lock(lock.fileno(), what, shared)
            self._settle(facts, what, tell)
            yield

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    def _check_ours(self, what: str) -> None:
        """Refuse a folder, before anything is written to it, that no such work has made."""
        if not self.folder.is_dir() or self.path(PLAN).exists():
            return
        there = {each.name for each in self.folder.iterdir()}
        if others := {name for name in there if name != LOCK and not name.startswith(f".{PLAN}.")}:
            raise OutputError(
                f"{self.folder} is no folder of a {what}: it holds {min(others)}; move it away, or name another output"
            )

    def _lock(self, handle: int, what: str, shared: bool) -> None:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"another {what} is writing to {self.folder}; wait for it, or name another output"
            ) from None
        except OSError:
            return  # some network file systems have no locks

    def _settle(self, facts: Facts, what: str, tell: Callable[[Any, Facts], str]) -> None:
        """Write the facts, or compare them with those that are there."""
        file = self.path(PLAN)
        try:
            there = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            write_durably(file, (json.dumps(facts, indent=1) + "\n").encode())
            return
        except (OSError, ValueError) as error:
            raise OutputError(f"{file} cannot be read ({error}); delete {self.folder} to begin anew") from error
        if there != facts:
            raise OutputError(
                f"{self.folder} holds an unfinished {what} with another {tell(there, facts)}: give the options of that "
                f"{what} to finish it, or delete {self.folder} to begin anew"
            )


def _piece(run: Run, function: Callable[[T], bytes], key: Callable[[T], str], item: T) -> bytes:
    return run.piece(key(item), lambda: function(item))


def packed(arrays: Mapping[str, npt.NDArray[Any]], compressed: bool = True) -> bytes:
    """Return arrays as the bytes of an npz."""
    out = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(out, **dict(arrays))  # type: ignore[arg-type]
    return out.getvalue()


def unpacked(data: bytes) -> Arrays:
    """Return the arrays of `packed`. Raises ValueError for other bytes."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"no arrays: {error}") from error
