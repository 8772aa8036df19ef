"""MAF: blocks of aligned rows, the reference's first. What stands in no column of the reference is left out."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import AssemblyError, InputError
from dnalect.genome.fasta import Genome
from dnalect.genome.names import own_name
from dnalect.tokens.bases import UNKNOWN, encode

Codes = npt.NDArray[np.uint8]
# Letters of a genome that differ from a MAF's row of it, beyond which it is another genome's.
MOST_OTHER = 0.01
_COMPLEMENT = np.array([3, 2, 1, 0, UNKNOWN], dtype=np.uint8)


class MafRow(NamedTuple):
    """A line `s`. start: 0-based, on its strand. text: its bases with gaps."""

    species: str
    contig: str
    start: int
    strand: str
    length: int
    text: bytes


def is_maf(path: Path) -> bool:
    """Whether a file is a MAF, plain or gzipped: by its name, or by its first line."""
    if not path.is_file():
        return False
    if path.name.endswith((".maf", ".maf.gz")):
        return True
    with _opened(path) as file:
        try:
            return bool(file.read(5) == b"##maf")
        except OSError:
            return False


def read_maf(path: Path, genome: Genome, wanted: Sequence[int]) -> tuple[tuple[str, ...], dict[int, Codes]]:
    """Return the names of the other species (r), and contig -> base codes (r, L).

    Where two blocks, or two rows of a block, have a base for the same place, the first one counts. Raises InputError
    for a file that is none, AssemblyError for one of another reference.
    """
    rows: dict[str, int] = {}
    parts: dict[int, dict[int, Codes]] = {}
    same = both = blocks = 0
    for block in _blocks(path):
        first, *others = block
        number = genome.index.get(own_name(first.contig, genome.index))
        blocks += 1
        if number is None or number not in wanted:
            continue
        text = np.frombuffer(first.text, dtype=np.uint8)
        columns = np.flatnonzero(text != ord("-"))
        start, codes = _placed(first, text[columns])
        if first.length != genome.lengths[number]:
            raise AssemblyError(
                f"{path}: {first.species}.{first.contig} has {first.length:,} bases, and "
                f"{int(genome.lengths[number]):,} in {genome.path.name}: it is an alignment on another assembly"
            )
        reference = encode(genome.fetch(number, start, start + len(codes)))
        known = (reference < UNKNOWN) & (codes < UNKNOWN)
        both, same = both + int(known.sum()), same + int((reference == codes)[known].sum())
        for other in others:
            if len(other.text) != len(first.text):
                raise InputError(f"{path}: rows of the block at {first.contig}:{start + 1:,} differ in length")
            if other.species == first.species:
                continue
            row = rows.setdefault(other.species, len(rows))
            laid = parts.setdefault(row, {})
            if number not in laid:
                laid[number] = np.full(int(genome.lengths[number]), UNKNOWN, dtype=np.uint8)
            theirs = _placed(first, np.frombuffer(other.text, dtype=np.uint8)[columns])[1]
            into = laid[number][start : start + len(theirs)]
            into[into == UNKNOWN] = theirs[into == UNKNOWN]
    _check(path, genome, blocks, both, same)
    contigs = sorted({number for laid in parts.values() for number in laid})
    nothing = {number: np.full(int(genome.lengths[number]), UNKNOWN, dtype=np.uint8) for number in contigs}
    return tuple(rows), {n: np.stack([parts[row].get(n, nothing[n]) for row in rows.values()]) for n in contigs}


def _placed(first: MafRow, text: Codes) -> tuple[int, Codes]:
    """The start of a block on the forward strand of the reference, and a row's codes there."""
    codes = encode(text)
    if first.strand == "+":
        return first.start, codes
    return first.length - first.start - len(text), _COMPLEMENT[codes[::-1]]


def _check(path: Path, genome: Genome, blocks: int, both: int, same: int) -> None:
    if not blocks:
        raise InputError(f"{path} holds no block of a MAF (lines that begin with `a` and `s`)")
    if not both:
        raise InputError(f"{path} has no base on any contig that is asked for ({', '.join(genome.names[:4])} ...)")
    if same < (1 - MOST_OTHER) * both:
        raise AssemblyError(
            f"{path}: its first rows have the base of {genome.path.name} at {same / both:.1%} of {both:,} places: the "
            "reference must be the first row of each block, and of this assembly"
        )


def _blocks(path: Path) -> Iterator[list[MafRow]]:
    rows: list[MafRow] = []
    with _opened(path) as file:
        try:
            for number, line in enumerate(file, 1):
                if line.startswith(b"s"):
                    rows.append(_row(line, path, number))
                elif not line.strip() or line.startswith(b"a"):
                    if rows:
                        yield rows
                    rows = []
        except (EOFError, OSError) as error:
            raise InputError(f"{path} can't be read to its end: {error}") from error
    if rows:
        yield rows


def _row(line: bytes, path: Path, number: int) -> MafRow:
    try:
        _, source, start, size, strand, length, text = line.split()
        species, _, contig = source.decode().partition(".")
        row = MafRow(species, contig or species, int(start), strand.decode(), int(length), text)
        bases = len(text) - text.count(b"-")
        if row.strand not in "+-" or bases != int(size) or not 0 <= row.start <= row.length - bases:
            raise ValueError("its start, size or strand is not that of its bases")
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}, line {number:,} is no row of a MAF: {error}") from error
    return row


def _opened(path: Path):  # type: ignore[no-untyped-def]
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
