"""Genomes of relatives laid on a reference: which base each of them has at each of its positions.

Two forms are read. A folder of FASTA, one file a relative, with a sequence for each contig of the reference and as long
as that: `.` for its base, a letter for another one, `-` where nothing is aligned. Or a MAF, whose first row of each
block is the reference's.
"""

import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import AssemblyError, InputError
from dnalect.core.reporter import say
from dnalect.genome.fasta import Genome
from dnalect.relatives.maf import is_maf, read_maf
from dnalect.tokens.bases import UNKNOWN, encode

FASTA = (".fa", ".fasta", ".fna", ".fa.gz", ".fasta.gz", ".fna.gz")
# What a name of a file ends with beside that of the relative: CBS432.on_S288C.diff.fa.gz.
_STEM = re.compile(r"([^.]+)")
# A relative with fewer letters than this share of the reference's, where both are aligned, is laid on another genome.
LEAST_ALIKE = 0.25

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Alignment:
    """Relatives on a reference.

    names: of the r relatives. laid: contig -> base codes (r, L), 4 where nothing is aligned; contigs that no file has
    are missing. source: what it was read from.
    """

    genome: Genome
    names: tuple[str, ...]
    laid: dict[int, Codes]
    source: Path
    _references: dict[int, Codes] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def checksum(self) -> str:
        """Of what is laid, the same for the same alignment in another form."""
        digest = sha256(self.genome.checksum.encode())
        for contig, bases in sorted(self.laid.items()):
            digest.update(f"{self.genome.names[contig]}".encode())
            digest.update(bases[np.argsort(self.names)].tobytes())
        return digest.hexdigest()[:12]

    def bases(self, contig: int) -> Codes:
        """Return the relatives' bases (r, L) on a contig."""
        if contig in self.laid:
            return self.laid[contig]
        return np.full((len(self.names), int(self.genome.lengths[contig])), UNKNOWN, dtype=np.uint8)

    def reference(self, contig: int) -> Codes:
        """Return the reference's bases (L,) of a contig; those of the last one that was asked for are kept."""
        if contig not in self._references:
            self._references.clear()
            self._references[contig] = encode(self.genome.fetch(contig, 0, int(self.genome.lengths[contig])))
        return self._references[contig]

    def only(self, names: Sequence[str]) -> "Alignment":
        """Return the alignment of some of the relatives, in the order given. InputError for a name that is none."""
        if unknown := [name for name in names if name not in self.names]:
            raise InputError(f"{self.source} has no relative {unknown[0]!r}; it has {', '.join(self.names)}")
        rows = [self.names.index(name) for name in names]
        laid = {contig: bases[rows] for contig, bases in self.laid.items()}
        return Alignment(self.genome, tuple(names), laid, self.source)


def open_alignment(path: str | Path, genome: Genome, contigs: Sequence[int] | None = None) -> Alignment:
    """Read an alignment on a reference: a folder of laid FASTA, or a MAF, plain or gzipped.

    Args:
        path: The folder or file.
        genome: The reference.
        contigs: Numbers of the contigs to read; None for all.

    Returns:
        The relatives, sorted by name of a folder, by first appearance in a MAF. It needs a byte a relative and base.

    Raises:
        InputError: There is none, or it is of no form that is known.
        AssemblyError: It is of another reference.

    Examples:
        >>> import dnalect
        >>> from dnalect.relatives import open_alignment
        >>> files = dnalect.demo_files()
        >>> alignment = open_alignment(files.alignment, dnalect.open_genome(files.reference))
        >>> alignment.names[:2]
        ('CBS432', 'N44')
    """
    where = Path(path)
    wanted = range(len(genome.names)) if contigs is None else sorted(set(contigs))
    if where.is_dir():
        found = _of_folder(where, genome, wanted)
    elif is_maf(where):
        found = Alignment(genome, *read_maf(where, genome, wanted), where)
    else:
        told = "is no MAF and no folder of FASTA" if where.exists() else "does not exist"
        raise InputError(f"the alignment {where} {told}; see docs/relatives.md for what is read")
    _check_reference(found)
    say(f"alignment: {len(found.names)} relatives on {len(found.laid):,} contigs ({', '.join(found.names[:12])})")
    return found


def names_in(folder: str | Path) -> tuple[str, ...]:
    """Return the relatives that a folder of laid FASTA has, without reading them; none of what is no folder."""
    return tuple(_files(Path(folder))[0]) if Path(folder).is_dir() else ()


def _files(folder: Path) -> tuple[dict[str, Path], int]:
    """Return the file of each relative, and how many files there are."""
    found = [each for each in sorted(folder.iterdir()) if each.name.endswith(FASTA)]
    return {named[1]: each for each in found if (named := _STEM.match(each.name))}, len(found)


def _of_folder(folder: Path, genome: Genome, wanted: Sequence[int]) -> Alignment:
    files, count = _files(folder)
    if len(files) < count:
        raise InputError(f"{folder}: two files are of one relative, by their names up to the first dot; rename one")
    if not files:
        raise InputError(f"{folder} holds no FASTA ({', '.join(FASTA[:3])}, gzipped or not): one for each relative")
    contigs: dict[int, Codes] = {}
    for row, path in enumerate(files.values()):
        for number, told in _sequences(path, genome, wanted):
            if number not in contigs:
                contigs[number] = np.full((len(files), int(genome.lengths[number])), UNKNOWN, dtype=np.uint8)
            reference = encode(genome.fetch(number, 0, len(told)))
            contigs[number][row] = np.where(told == ord("."), reference, encode(told))
    return Alignment(genome, tuple(files), contigs, folder)


def _sequences(path: Path, genome: Genome, wanted: Sequence[int]) -> Iterator[tuple[int, Codes]]:
    for name, lines in _records(path):
        number = genome.index.get(name)
        if number is None or number not in wanted:
            continue
        told = np.frombuffer(b"".join(lines), dtype=np.uint8)
        if len(told) != genome.lengths[number]:
            raise AssemblyError(
                f"{path}: {name} has {len(told):,} bases, and {int(genome.lengths[number]):,} in {genome.path.name}: "
                "it is not laid on this reference"
            )
        yield number, told


def _records(path: Path) -> Iterator[tuple[str, list[bytes]]]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        name, lines = "", list[bytes]()
        for line in file:
            if line.startswith(b">"):
                if name:
                    yield name, lines
                name, lines = line[1:].split(maxsplit=1)[0].decode("utf-8", "replace") if line[1:].strip() else "", []
            else:
                lines.append(line.strip())
        if name:
            yield name, lines


def _check_reference(alignment: Alignment) -> None:
    """Refuse an alignment in which a relative is less like the reference than chance would have it."""
    for row, name in enumerate(alignment.names):
        same = both = 0
        for contig, bases in alignment.laid.items():
            reference = alignment.reference(contig)
            known = (bases[row] < UNKNOWN) & (reference < UNKNOWN)
            both, same = both + int(known.sum()), same + int((bases[row] == reference)[known].sum())
        if both and same < LEAST_ALIKE * both + 3 * (both * LEAST_ALIKE) ** 0.5:
            raise AssemblyError(
                f"{alignment.source}: {name} has the base of {alignment.genome.path.name} at {same / both:.0%} of "
                f"{both:,} places, no more often than by chance; is it laid on this reference?"
            )
