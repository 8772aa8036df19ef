"""Files that are checked before they are believed: digests of the content and of what it was made of lie in them."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from dnalect.core.errors import OutputError
from dnalect.core.files import written_whole
from dnalect.core.notices import warn

DIGEST = hashlib.sha256().digest_size


def sealed(data: bytes, made_of: str) -> bytes:
    """Return the data with the SHA-256 of `made_of` and of the data after them."""
    return data + _digest(data, made_of)


def unsealed(stored: bytes, made_of: str) -> bytes | None:
    """Return the data of what `sealed` returned; None where a bit differs, or they were made of something else."""
    data = stored[:-DIGEST]
    return data if len(stored) >= DIGEST and stored[-DIGEST:] == _digest(data, made_of) else None


def write_stored(path: Path, data: bytes, made_of: str) -> None:
    """Keep data in a file of the cache, whole, and make its folder.

    made_of: what the data depend on, e.g. checksums of the reference and the model.
    Raises OutputError where it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    with written_whole(path) as temporary:
        temporary.write_bytes(sealed(data, made_of))


def read_stored(path: Path, made_of: str, notify: Callable[[str], None] = warn) -> bytes | None:
    """Return what write_stored kept, or None where it must be made (again).

    None where there is no such file, and, after a notice, where it cannot be read, is cut
    short or changed, or was made of something else.
    """
    try:
        data = unsealed(path.read_bytes(), made_of)
    except FileNotFoundError:
        return None
    except OSError as error:
        notify(f"{path} cannot be read ({error.strerror}); it is made again")
        return None
    if data is None:
        notify(f"{path} is damaged: its checksum is not that of its content; it is made again")
    return data


def _digest(data: bytes, made_of: str) -> bytes:
    return hashlib.sha256(f"{len(made_of)} {made_of} ".encode() + data).digest()
