"""Open a file or "-" for reading as lines of bytes, whatever its compression."""

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from dnalect.core.errors import InputError
from dnalect.core.urls import is_url, open_url, shown

GZIP = b"\x1f\x8b"
# What some editors put before UTF-8.
BOM = b"\xef\xbb\xbf"
HEAD = 18
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


@contextmanager
def open_lines(source: str, what: str) -> Iterator[Iterator[bytes]]:
    """Yield the lines of a plain, gzipped or bgzipped file, of one behind a URL, or of stdin for "-".

    what: names the file in messages, e.g. "VCF". Raises InputError where it cannot be
    read, is a folder, or is cut short.
    """
    raw = _open(source, what)
    try:
        buffered = raw if hasattr(raw, "peek") else open(raw.fileno(), "rb", closefd=False)  # noqa: SIM115
        magic: bytes = buffered.peek(HEAD)[:HEAD]
        if magic.startswith(GZIP):
            if source != "-" and not is_url(source):
                check_end(Path(source), magic, what)
            yield _guarded(_Tailed(buffered), is_bgzip(magic), shown(source), what)
        else:
            yield iter(buffered)
    finally:
        if raw is not sys.stdin.buffer:
            raw.close()


def _open(source: str, what: str) -> BinaryIO:
    if source == "-":
        return sys.stdin.buffer
    if is_url(source):
        return open_url(source)
    path = Path(source)
    if path.is_dir():
        raise InputError(f"the {what} {path} is a folder; give a file")
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read the {what} {path}: {error.strerror}") from error


def is_bgzip(head: bytes) -> bool:
    """Return whether a file that begins with these HEAD bytes is bgzipped."""
    return head.startswith(GZIP) and head[3:4] == b"\x04" and head[12:14] == b"BC"


def check_end(path: Path, head: bytes, what: str) -> None:
    """Raise InputError where a bgzip file lacks its end marker: it was cut off between two blocks.

    head: the first HEAD bytes of the file. A pipe is not looked into.
    """
    if not is_bgzip(head) or not path.is_file():
        return
    with path.open("rb") as file:
        file.seek(max(0, os.path.getsize(path) - len(BGZF_END)))
        if file.read() != BGZF_END:
            raise _cut(str(path), what)


def _cut(source: str, what: str) -> InputError:
    name = "standard input" if source == "-" else source
    return InputError(f"the {what} {name} is cut short: its bgzip end marker is missing; copy it again")


class _Tailed:
    """Reads a file and remembers how it ended."""

    def __init__(self, file: BinaryIO):
        self.file = file
        self.tail = b""

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.tail = (self.tail + data)[-len(BGZF_END) :]
        return data


def _guarded(raw: _Tailed, bgzip: bool, source: str, what: str) -> Iterator[bytes]:
    """Yield the lines; a bgzip file that ends without its marker, as a pipe may, is refused after the last."""
    try:
        yield from gzip.GzipFile(fileobj=cast(BinaryIO, raw))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"the {what} {source} is cut short or damaged: {error}") from error
    if bgzip and raw.tail != BGZF_END:
        raise _cut(source, what)
