"""Outputs that appear whole or not at all, checksums, and the cache folder."""

import fcntl
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from dnalect.core.errors import ModelError, OutputError


def cache_folder() -> Path:
    """Return the cache: $DNALECT_CACHE, else $XDG_CACHE_HOME/dnalect, else ~/.cache/dnalect."""
    if named := os.environ.get("DNALECT_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "dnalect"


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path, largest: int = 1 << 24) -> dict[str, Any]:
    """Read a JSON object. Raises ModelError where the file is missing, too large or no object."""
    try:
        if path.stat().st_size > largest:
            raise ModelError(f"{path} is too large to be what its name says")
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is no JSON: {error}") from error
    if not isinstance(raw, dict):
        raise ModelError(f"{path} must hold a JSON object")
    return raw


def check_writable(path: Path) -> None:
    """Raise OutputError unless a file could be made at this path."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is a pipe or a device; give the name of a file")
    check_parent(path)


# In a folder that is an input, only these may be written over: what a run writes there, and no model is made of.
_WRITTEN = (".tsv", ".tsv.gz", ".vcf", ".vcf.gz", ".npz", ".h5ad", ".bed", ".bw", ".html", "_mqc.json", ".png", ".svg")


def check_outputs(
    outputs: Iterable[str | Path | None], inputs: Iterable[object], folders: Iterable[str | Path] = ()
) -> None:
    """Raise OutputError for an output that can't be written, is named twice, or would replace an input.

    outputs: files; folders: that get files of their own. inputs: files and folders; what leads
    to none, such as the name of a model, an open genome, None or "-", is left aside. The same
    is what one path, a link of either kind, or a disk that takes a for A leads to.
    """
    given = [Path(each) for each in inputs if isinstance(each, str | os.PathLike) and str(each) != "-"]
    given = [each for each in given if _identity(each) is not None]
    held = {key for each in given for key in _inputs_in(each)} - {None}
    seen: set[str] = set()
    for output in outputs:
        if output is None or str(output) == "-":
            continue
        path = Path(output)
        if _identity(path) in held:
            raise OutputError(f"{path} is an input; write to another name")
        if (name := str(_resolved(path)).casefold()) in seen:
            raise OutputError(f"{path} is named twice as an output")
        seen.add(name)
        check_writable(path)
    for folder in map(Path, folders):
        for each in given:
            if _resolved(folder) in (_resolved(each), *_resolved(each).parents):
                raise OutputError(f"the folder {folder} is an input, or holds the input {each}; give another folder")


def _inputs_in(path: Path) -> Iterator[object]:
    """The identity of a file; of a folder, those of the files that it is made of."""
    if not path.is_dir():
        yield _identity(path)
        return
    with suppress(OSError):
        yield from (_identity(each) for each in path.iterdir() if not each.name.endswith(_WRITTEN))


def _identity(path: Path) -> object:
    """What tells an existing file or folder from all others; something unique to this call for a device."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return object() if stat.S_ISCHR(status.st_mode) else (status.st_dev, status.st_ino)


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links is a RuntimeError until Python 3.13
        raise OutputError(f"{path} leads nowhere: {error}") from error


def check_parent(path: Path) -> None:
    """Raise OutputError unless something could be made beside this path."""
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist; make it first")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"the folder {path.parent} is not writable")


def made_folder(path: str | Path) -> Path:
    """Make a folder, with those above it, unless it is there; return it. Raises OutputError."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    return folder


def check_folder(folder: Path) -> None:
    """Raise OutputError unless a folder is there and can be written to, or can be made."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"cannot make the folder {folder}: it is a file")
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise OutputError(f"the folder {there} is not writable, so {folder} cannot be made or filled")


class Together:
    """Files that appear under their names together: ask for a temporary name of each, see `written_together`."""

    def __init__(self) -> None:
        self.new: dict[Path, Path] = {}
        self.dropped: list[Path] = []

    def place(self, path: Path) -> Path:
        """Return an empty temporary file beside `path`, which gets that name in the end.

        It has the mode that `path` has, of a new one what the umask leaves. Raises OutputError
        where the folder is missing or not writable.
        """
        check_writable(path)
        temporary = _beside(path, ".part")
        try:
            # Not mkstemp: its files are for their owner alone.
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            self.new[path] = temporary
            with suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        except OSError as error:
            raise _cannot(path, error) from error
        return temporary

    def drop(self, path: Path) -> None:
        """Have a file that would no longer be true removed, if it is there, before the new ones appear."""
        self.dropped.append(path)

    def finish(self) -> None:
        """Rename all, in the order of `place`; where one can't be, all is as it was. Raises OutputError."""
        places = [*self.dropped, *self.new]
        # A single rename can't be half done.
        several = len(places) > 1
        there, kept = {path for path in places if path.exists()}, dict[Path, Path]()
        done: list[Path] = []
        path = Path()
        try:
            with _alone({each.parent for each in places} if several else set()):
                for path in there if several else ():
                    with suppress(OSError):  # a file system without hard links
                        os.link(path, old := _beside(path, ".old"))
                        kept[path] = old
                for path in self.dropped:
                    path.unlink(missing_ok=True)
                    done.append(path)
                for path, temporary in self.new.items():
                    os.replace(temporary, path)
                    done.append(path)
        except BaseException as error:
            for each in reversed(done):
                with suppress(OSError):
                    if each in kept:
                        os.replace(kept.pop(each), each)
                    elif each not in there:
                        each.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise _cannot(path, error) from error
            raise
        finally:
            _remove(kept.values())

    def discard(self) -> None:
        """Remove what was not renamed."""
        _remove(self.new.values())


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    # Short enough for any file system, whatever the name.
    return path.with_name(f".{os.fsdecode(os.fsencode(path.name)[:180])}.{secrets.token_hex(4)}{suffix}")


def _cannot(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {path}: {error.strerror or error}")


@contextmanager
def _alone(folders: Iterable[Path]) -> Iterator[None]:
    """No other run puts files that belong together into these folders meanwhile."""
    with ExitStack() as stack:
        for folder in sorted({each.resolve() for each in folders}):
            with suppress(OSError):  # some network file systems have no locks
                handle = os.open(folder, os.O_RDONLY)
                stack.callback(os.close, handle)
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def written_together() -> Iterator[Together]:
    """Yield a `Together`, whose files appear under their names when the block ends well; else none does.

    Two runs that write the same files don't disturb each other: the last one to finish wins.
    Raises OutputError where a file can't be written, or the disk is full.
    """
    files = Together()
    try:
        try:
            yield files
        except OSError as error:
            if not files.new:
                raise
            names = ", ".join(map(str, files.new))
            if isinstance(error, BrokenPipeError):
                raise OutputError(f"standard output was closed before the end, so {names} was not written") from error
            raise OutputError(f"cannot write {names}: {error.strerror or error}") from error
        files.finish()
    finally:
        files.discard()


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` on success, else remove it: see `Together`."""
    with written_together() as files:
        yield files.place(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_durably(path: Path, data: bytes) -> None:
    """Write a file that is whole and on the disk when this returns, whatever happens after. Raises OutputError."""
    with written_whole(path) as temporary:
        temporary.write_bytes(data)
        _sync(temporary)
    with suppress(OSError):  # some file systems can't sync a folder
        _sync(path.parent)


def sync(path: Path) -> None:
    """Have the system put a file, or a folder with all that it holds, on the disk."""
    for each in sorted(path.rglob("*")) if path.is_dir() and not path.is_symlink() else ():
        _sync(each)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
