"""FASTA in: plain, bgzipped or gzipped, packed once into the cache, then memory-mapped.

The packed form keeps one byte a base exactly as written (case and IUPAC codes included),
contig after contig, so that thousands of windows are one numpy gather.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import FastaError, InputError, UnknownContig
from dnalect.core.files import cache_folder
from dnalect.core.nearest import did_you_mean
from dnalect.core.reporter import warn
from dnalect.core.urls import is_url
from dnalect.genome.contig import Contig
from dnalect.genome.packed import Bases, Facts, fingerprint, read_packed
from dnalect.genome.packing import pack
from dnalect.genome.remote import Entry, RemoteBases, identity, open_indexed
from dnalect.tokens.bases import LETTERS

N_BYTE = ord("N")
_PLAIN = frozenset("ACGTNacgtn")


@dataclass(frozen=True, repr=False, eq=False)
class Genome:
    """A reference, whose contigs slice like text: `genome["chrI"][100:110]`, 0-based half-open, in its own case.

    Attributes:
        path: The FASTA.
        names: Contigs in the order of the file (the word after ">").
        lengths: Their lengths in bases, (contigs,) int64.
        checksums: MD5 of each upper-case contig, as SAM's M5; of one that is fetched as it is sliced, of address,
            size and tag of the file instead.
        bases: All bases as ASCII bytes, contig after contig.

    Examples:
        >>> import dnalect
        >>> genome = dnalect.open_genome({"a": "ACGTACGT", "b": "TTGG"})
        >>> genome.names, len(genome["a"]), genome["a"][2:6], "c" in genome
        (('a', 'b'), 8, 'GTAC', False)
        >>> genome.fetch("b", 2, 6).tobytes()
        b'GGNN'
    """

    path: Path
    names: tuple[str, ...]
    lengths: npt.NDArray[np.int64]
    checksums: tuple[str, ...]
    bases: Bases

    @property
    def packed(self) -> npt.NDArray[np.uint8]:
        """All bases as ASCII bytes, contig after contig: of a large genome, rather ask for what is needed."""
        return self.bases.span(0, len(self.bases))

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each contig starts in `packed`."""
        return np.concatenate([[0], np.cumsum(self.lengths)[:-1]]).astype(np.int64)

    @cached_property
    def index(self) -> dict[str, int]:
        """Contig name -> its number."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def checksum(self) -> str:
        """Hex SHA-256 over names, lengths and checksums: the identity of the reference."""
        text = "".join(
            f"{n}\t{length}\t{m}\n" for n, length, m in zip(self.names, self.lengths, self.checksums, strict=True)
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def __repr__(self) -> str:
        few = ", ".join(self.names[:4]) + (" ..." if len(self.names) > 4 else "")
        return f"Genome({self.path.name}: {few}; {int(self.lengths.sum()):,} bases)"

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.index

    def __getitem__(self, name: str) -> Contig:
        """Return a contig, which slices like a str. Raises UnknownContig, a KeyError, with the nearest name."""
        number = self.number(name)
        return Contig(name, self.bases, int(self.offsets[number]), int(self.lengths[number]))

    def number(self, name: str) -> int:
        """Return the number of a contig. Raises UnknownContig, a KeyError, with the nearest name."""
        if name not in self.index:
            few = ", ".join(self.names[:8]) + (" ..." if len(self.names) > 8 else "")
            hint = did_you_mean(name, self.names) if isinstance(name, str) else ""
            raise UnknownContig(f"{self.path} has no contig {name!r}; it has {few}.{hint}")
        return self.index[name]

    def contig(self, name: str) -> npt.NDArray[np.uint8]:
        """Return one contig as ASCII bytes (a view). Raises UnknownContig, a KeyError, where there is none."""
        number = self.number(name)
        start = int(self.offsets[number])
        return self.bases.span(start, start + int(self.lengths[number]))

    def fetch(self, contig: int | str, start: int, end: int) -> npt.NDArray[np.uint8]:
        """Return the bases of [start, end), 0-based half-open, as ASCII bytes (end - start,), N beyond the ends.

        Args:
            contig: Its number or its name.
            start: Of the first base; may be negative.
            end: After the last base; may be beyond the contig.

        Raises:
            UnknownContig: There is no contig of this name.
        """
        if isinstance(contig, str):
            contig = self.number(contig)
        length = int(self.lengths[contig])
        if 0 <= start < end <= length:
            offset = int(self.offsets[contig])
            return self.bases.span(offset + start, offset + end).copy()
        out = np.full(max(0, end - start), N_BYTE, dtype=np.uint8)
        low, high = max(start, 0), min(end, length)
        if low < high:
            offset = int(self.offsets[contig])
            out[low - start : high - start] = self.bases.span(offset + low, offset + high)
        return out

    def windows(
        self, contigs: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], length: int
    ) -> npt.NDArray[np.uint8]:
        """Return n windows of `length` bases as ASCII bytes (n, length), N beyond the ends.

        Args:
            contigs: Numbers of the contigs (n,).
            starts: 0-based, may be negative (n,).
            length: Bases of each.
        """
        positions = starts[:, None] + np.arange(length)
        ends = self.lengths[contigs][:, None]
        beyond = (positions < 0) | (positions >= ends)
        offsets = self.offsets[contigs]
        positions += offsets[:, None]
        np.clip(positions, 0, len(self.bases) - 1, out=positions)
        self.bases.check(offsets + starts, offsets + starts + length)
        out: npt.NDArray[np.uint8] = self.bases.stored[positions]
        out[beyond] = N_BYTE
        return out


# What stands for a genome: a FASTA, an open genome, sequences by name, or one sequence of A, C, G, T and N.
Reference = str | os.PathLike[str] | Genome | Mapping[str, str]


def open_genome(reference: Reference) -> Genome:
    """Open a FASTA (plain, .gz of either kind), packing it into the cache the first time.

    What the cache has is taken if it is of this FASTA, and checked. Of one behind a URL with its index beside it
    (.fai, and .gzi where it is bgzipped), what is sliced is fetched.

    Args:
        reference: Its path or URL; an open genome is returned as it is; a dict of sequences by name, or one
            sequence as text (its contig is then called "sequence"), becomes a genome in memory.

    Returns:
        The genome; nothing of it is read before it is sliced.

    Raises:
        FastaError: The file is missing, empty, no FASTA, cut short, or names a contig twice.
        InputError: It is something else.

    Examples:
        >>> import dnalect
        >>> genome = dnalect.open_genome(dnalect.demo_files().reference)
        >>> genome["chrI"][10_000:10_020]
        'GAATGAATCGGATATACTAT'
    """
    if isinstance(reference, Genome):
        return reference
    if isinstance(reference, Mapping):
        return genome_of(reference)
    if not isinstance(reference, str | os.PathLike):
        raise InputError(
            f"a reference is the path of a FASTA, an open genome, or sequences by name, not {type(reference).__name__}"
        )
    if is_sequence(reference):
        return genome_of({"sequence": str(reference)})
    if is_url(reference):
        found = open_indexed(os.fspath(reference))
        return _remote(*found) if isinstance(found, tuple) else open_genome(found)
    path = Path(reference)
    source = fingerprint(path)
    place = f"{path.resolve()}\0{path.stat().st_size}".encode(errors="surrogateescape")
    kept = cache_folder() / "genomes" / f"{hashlib.sha256(place).hexdigest()[:24]}.packed"
    facts = read_packed(kept, source) or pack(path, kept, source)
    return Genome(
        path=path,
        names=tuple(facts.names),
        lengths=np.array(facts.lengths, dtype=np.int64),
        checksums=tuple(facts.checksums),
        bases=_bases(kept, facts, partial(_again, path, kept)),
    )


def is_sequence(text: object) -> bool:
    """Whether a text is bases (A, C, G, T, N) and not the name of a file that is there."""
    return (
        isinstance(text, str)
        and bool(text)
        and _PLAIN.issuperset(text)
        and not (len(text) < 256 and Path(text).exists())
    )


def genome_of(sequences: Mapping[str, str]) -> Genome:
    """Return sequences as the contigs of a genome in memory. Raises FastaError for what is no DNA, or none."""
    for name, text in sequences.items():
        if not isinstance(text, str) or not LETTERS.issuperset(text):
            raise FastaError(f"the sequence {name!r} is no DNA: give a text of A, C, G, T and N")
    if not any(sequences.values()):
        raise FastaError("there is no sequence: give at least one base")
    packed = np.frombuffer("".join(sequences.values()).encode("ascii"), dtype=np.uint8)
    lengths = np.array([len(text) for text in sequences.values()], dtype=np.int64)
    sums = (hashlib.md5(text.upper().encode(), usedforsecurity=False).hexdigest() for text in sequences.values())
    return Genome(Path("sequences in memory"), tuple(map(str, sequences)), lengths, tuple(sums), Bases(packed))


def _bases(kept: Path, facts: Facts, again: Callable[[], Bases] | None) -> Bases:
    return Bases(np.memmap(kept, dtype=np.uint8, mode="r", shape=(sum(facts.lengths),)), facts.crcs, again)


def _remote(entries: list[Entry], bases: RemoteBases) -> Genome:
    lengths = np.array([each.length for each in entries], dtype=np.int64)
    known = (identity(bases.remote),) * len(entries)
    return Genome(Path(bases.remote.shown), tuple(each.name for each in entries), lengths, known, bases)


def _again(path: Path, kept: Path) -> Bases:
    warn(f"the packed genome {kept} is damaged; {path} is packed again")
    return _bases(kept, pack(path, kept, fingerprint(path)), None)


def contig_numbers(genome: Genome, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the numbers of the named contigs; UnknownContig names the first that is missing."""
    return np.array([genome.number(name) for name in names], dtype=np.int64)


def joined(genomes: Sequence[Genome]) -> Genome:
    """Return several references as one, in memory. Raises FastaError where two have a contig of the same name."""
    names = tuple(name for genome in genomes for name in genome.names)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FastaError(f"the contig {twice[0]} is in several of the references")
    return Genome(
        path=genomes[0].path,
        names=names,
        lengths=np.concatenate([genome.lengths for genome in genomes]),
        checksums=tuple(checksum for genome in genomes for checksum in genome.checksums),
        bases=Bases(np.concatenate([genome.packed for genome in genomes])),
    )
