"""Open a file or "-" for reading as lines of bytes, whatever its compression."""

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dnalect.core.errors import InputError

GZIP = b"\x1f\x8b"
# What some editors put before UTF-8.
BOM = b"\xef\xbb\xbf"
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


@contextmanager
def open_lines(source: str, what: str) -> Iterator[Iterator[bytes]]:
    """Yield the lines of a plain, gzipped or bgzipped file, or of stdin for "-".

    what: names the file in messages, e.g. "VCF". Raises InputError where it cannot be
    read, is a folder, or is cut short.
    """
    raw = _open(source, what)
    try:
        buffered = raw if hasattr(raw, "peek") else open(raw.fileno(), "rb", closefd=False)  # noqa: SIM115
        magic: bytes = buffered.peek(18)[:18]
        if magic[:2] == GZIP:
            if magic[3:4] == b"\x04" and magic[12:14] == b"BC":
                _check_end(source, what)
            yield _guarded(gzip.GzipFile(fileobj=buffered), source, what)
        else:
            yield iter(buffered)
    finally:
        if raw is not sys.stdin.buffer:
            raw.close()


def _open(source: str, what: str) -> BinaryIO:
    if source == "-":
        return sys.stdin.buffer
    path = Path(source)
    if path.is_dir():
        raise InputError(f"the {what} {path} is a folder; give a file")
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read the {what} {path}: {error.strerror}") from error


def _check_end(source: str, what: str) -> None:
    """A bgzip file that lacks its end marker was cut off between two blocks."""
    path = Path(source)
    if source == "-" or not path.is_file():
        return
    with path.open("rb") as file:
        file.seek(max(0, os.path.getsize(path) - len(BGZF_END)))
        if file.read() != BGZF_END:
            raise InputError(f"the {what} {path} is cut short: its bgzip end marker is missing; copy it again")


def _guarded(file: gzip.GzipFile, source: str, what: str) -> Iterator[bytes]:
    try:
        yield from file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"the {what} {source} is cut short or damaged: {error}") from error
