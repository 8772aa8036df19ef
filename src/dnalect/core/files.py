"""Outputs that appear whole or not at all, checksums, and the cache folder."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dnalect.core.errors import OutputError


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


def check_writable(path: Path) -> None:
    """Raise OutputError unless a file could be made at this path."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file")
    check_parent(path)


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


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` on success, else remove it.

    Two runs that write the same file don't disturb each other: the last one to finish wins.
    Raises OutputError where the folder is missing or not writable, or the disk is full.
    """
    check_writable(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
        for index in temporary.parent.glob(f"{temporary.name}.*"):
            index.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_durably(path: Path, data: bytes) -> None:
    """Write a file that is whole and on the disk when this returns, whatever happens after.

    The temporary name is `path` and ".tmp": for folders with one writer. Raises OutputError.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync(path.parent)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


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
