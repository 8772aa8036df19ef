"""A FASTA, plain or compressed -> its packed form in the cache."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from dnalect.core.errors import FastaError, InputError, OutputError
from dnalect.core.files import written_whole
from dnalect.core.reporter import phase
from dnalect.genome.packed import Facts, crcs_of, tail_of
from dnalect.genome.streams import GZIP, HEAD, check_end
from dnalect.tokens.bases import LETTERS

BLOCK = 1 << 23
_LETTERS = frozenset(map(ord, LETTERS))


def pack(path: Path, kept: Path, source: str) -> Facts:
    """Write the packed form of a FASTA to `kept`. source: its fingerprint. Raises FastaError where it can't."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(kept) as temporary:
            with temporary.open("wb") as out:
                lengths, checksums = _write(path, out)
            facts = Facts(source, list(lengths), list(lengths.values()), checksums, crcs_of(temporary))
            with temporary.open("ab") as out:
                out.write(tail_of(facts))
    except OSError as error:
        raise FastaError(f"cannot pack {path} into the cache {kept.parent}: {error.strerror}") from error
    except OutputError as error:
        raise FastaError(f"cannot pack {path} into the cache: {error}") from error
    return facts


def _write(path: Path, out: IO[bytes]) -> tuple[dict[str, int], list[str]]:
    """Write all bases; return the lengths by name, and the checksums."""
    lengths: dict[str, int] = {}
    digests: list[str] = []
    last = ""
    digest = hashlib.md5(usedforsecurity=False)
    for name, piece in _pieces(path):
        if name is not None:
            if lengths:
                digests.append(digest.hexdigest())
            if name in lengths:
                raise FastaError(f"{path}: the contig {name} occurs twice; names must be unique")
            last = name
            lengths[last] = 0
            digest = hashlib.md5(usedforsecurity=False)
        out.write(piece)
        digest.update(piece.upper())
        lengths[last] += len(piece)
    if not sum(lengths.values()):
        raise FastaError(f"{path} holds no sequence")
    return lengths, [*digests, digest.hexdigest()]


def _pieces(path: Path) -> Iterator[tuple[str | None, bytes]]:
    """Yield (name, b"") at every header and (None, bases) for the sequence that follows."""
    with path.open("rb") as probe:
        magic = probe.read(HEAD)
    try:
        check_end(path, magic, "reference")
    except InputError as error:
        raise FastaError(str(error)) from error
    named = False
    rest = b""
    with path.open("rb") as raw, phase(f"reading {path.name}", path.stat().st_size, "bytes") as bar:
        file = cast("IO[bytes]", gzip.open(raw) if magic.startswith(GZIP) else raw)  # noqa: SIM115
        try:
            while block := file.read(BLOCK):
                bar.update(raw.tell() - bar.done)
                text = rest + block
                cut = text.rfind(b"\n") + 1
                rest = text[cut:]
                for name, bases in _records(path, text[:cut]):
                    named = _check(path, name, bases, named)
                    yield name, bases
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FastaError(f"{path} is cut short or damaged: {error}") from error
        for name, bases in _records(path, rest):
            named = _check(path, name, bases, named)
            yield name, bases


def _records(path: Path, text: bytes) -> Iterator[tuple[str | None, bytes]]:
    at = 0
    while at < len(text):
        if text.startswith(b">", at):
            end = text.find(b"\n", at)
            end = len(text) if end < 0 else end
            words = text[at + 1 : end].split(None, 1)
            if not words:
                raise FastaError(f"{path} has a record without a name")
            yield words[0].decode("utf-8", errors="replace"), b""
            at = end + 1
        else:
            end = text.find(b"\n>", at)
            end = len(text) if end < 0 else end
            if bases := text[at:end].translate(None, b" \t\r\n"):
                yield None, bases
            at = end + 1


def _check(path: Path, name: str | None, bases: bytes, named: bool) -> bool:
    if name is None and not named:
        raise FastaError(f"{path} is no FASTA: its first record does not begin with '>'")
    if strange := set(bases) - _LETTERS:
        raise FastaError(f"{path} is no DNA FASTA: it holds the byte {bytes([min(strange)])!r}")
    return True
