"""Inputs of `dnalect embed` -> items, one after the other: FASTA, BED, variants, tables of sequences."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dnalect.core.errors import ConfigError, FastaError, InputError, TableError
from dnalect.core.numbers import whole_number
from dnalect.core.records import Reason, Variant
from dnalect.examples.bed import is_bed
from dnalect.examples.fasta import is_fasta
from dnalect.examples.items import PLACES, VECTORS, Cell, Column, Item, Source
from dnalect.examples.kinds import is_hole
from dnalect.examples.read import table_of
from dnalect.examples.rows import LABELS, Wanted, rows_of
from dnalect.examples.table import is_parquet
from dnalect.genome.bed import bed_lines
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.names import ContigNames
from dnalect.genome.streams import open_lines
from dnalect.genome.variants import open_variants
from dnalect.genome.vcf import Record
from dnalect.genome.windows.alleles import Rules, cut_window, resolve
from dnalect.tokens.bases import LETTERS, decode, encode, reverse_complement

PEEKED = 200
# Up to here every whole number is a float of its own.
_EXACT = 1 << 53
_BEDS = (".bed", ".narrowpeak", ".broadpeak")
_BASES = frozenset("ACGTacgt")
# Beside the columns: what an .npz has of its own, and what an .h5ad calls its rows.
_RESERVED = frozenset((*(column.name for column in PLACES), VECTORS, "metadata", "offsets", "_index"))
VARIANT_COLUMNS = (
    *(Column("variant", "text"), Column("pos", "whole")),
    *(Column("ref", "text"), Column("alt", "text"), Column("allele", "text")),
)


@dataclass(frozen=True)
class Tiling:
    """Windows of a FASTA or BED. size, step: bases; of variants, `size` // 2 bases on each side of the alleles."""

    size: int | None = None
    step: int | None = None

    def __post_init__(self) -> None:
        if self.step and not self.size:
            raise ConfigError("--step needs --window, the length of the windows")

    def tiles(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the windows of [start, end): all of `size`, the last one moved back to end with it.

        The whole where no size is set or it is shorter than one window. With a step beyond the
        size, the bases left between windows and at the end belong to none.
        """
        if not self.size or end - start <= self.size:
            yield start, end
            return
        step = self.step or self.size
        last = start
        for last in range(start, end - self.size + 1, step):
            yield last, last + self.size
        if last + self.size < end and step <= self.size:
            yield end - self.size, end


def kind_of(path: str) -> str:
    """Return "fasta", "bed", "variants" or "table", by the content of the file. Raises InputError where it is empty."""
    if is_parquet(path):
        return "table"
    with open_lines(path, "input") as lines:
        head = [line for line in islice(lines, PEEKED) if not line.isspace()]
    if not head:
        raise InputError(f"{path} is empty: give a FASTA, a BED, a VCF or a table of sequences")
    name = path.removesuffix(".gz").removesuffix(".bgz")
    if is_fasta(head):
        return "fasta"
    if head[0].startswith(b"##fileformat=VCF") or name.endswith(".vcf"):
        return "variants"
    if is_bed(head) or (name.lower().endswith(_BEDS) and _like_intervals(head)):
        return "bed"
    named = next((line for line in head if not line.startswith(b"# ")), b"").decode(errors="replace").lower().split()
    return "variants" if {"pos", "ref", "alt"} <= set(named) and "sequence" not in named else "table"


def _like_intervals(head: list[bytes]) -> bool:
    """Whether the first line that is no comment has two whole numbers after a name: a BED, if perhaps a wrong one."""
    first = next((line for line in head if not line.startswith((b"#", b"track", b"browser"))), b"").split()
    return len(first) > 2 and all(cell.lstrip(b"-").isdigit() for cell in first[1:3])


def windows_of(
    path: str, kind: str, genome: Genome | None, tiling: Tiling, labels: Sequence[str] = (), rename: str | None = None
) -> Source:
    """Return the items of a FASTA, a table or a BED. kind: of `kind_of`, not "variants". genome: what places lie on.

    labels: columns of a table to take along. rename: as `ContigNames` has it. Raises ConfigError
    for tiles of a table.
    """
    if kind == "fasta":
        return fasta_source(path, tiling)
    if kind == "table" or genome is None:
        if tiling.size:
            raise ConfigError("--window cuts a FASTA or the intervals of a BED; the sequences of a table stay whole")
        return table_source(path, genome, labels)
    return bed_source(path, genome, ContigNames(genome, rename), tiling)


def fasta_source(path: str, tiling: Tiling) -> Source:
    """Return the records of a FASTA, each whole, with the rest of its header; or windows of them."""
    if tiling.size:
        genome, notes = open_genome(path), list[str]()
        return Source("fasta", _tiled(genome, tiling, notes), notes=notes)
    return Source("fasta", _records(path), (Column("description", "text"),))


def _records(path: str) -> Iterator[Item]:
    """Yield whole records as they are read: names may repeat, and the file may be of any size."""
    name, description, parts = None, "", list[str]()

    def item() -> Item:
        text = "".join(parts)
        return Item(text, name or "", name or "", 0, len(text), ".", (description or None,))

    with open_lines(path, "FASTA") as lines:
        for number, raw in enumerate(lines, 1):
            line = raw.decode("utf-8", errors="replace").strip()
            if line.startswith(">"):
                if name is not None:
                    yield item()
                words = line[1:].split(None, 1)
                if not words:
                    raise FastaError(f"{path}, line {number}: a record without a name; write one after '>'")
                name, description, parts = words[0], words[1] if len(words) > 1 else "", []
            elif strange := set(line) - LETTERS:
                raise FastaError(f"{path}, line {number} is no DNA: it holds {min(strange)!r}")
            elif line:
                parts.append(line)
    if name is not None:
        yield item()


def _tiled(genome: Genome, tiling: Tiling, notes: list[str]) -> Iterator[Item]:
    blank = 0
    for contig, name in enumerate(genome.names):
        for start, end in tiling.tiles(0, int(genome.lengths[contig])):
            text = _fetched(genome, contig, start, end)
            if known(text):
                yield Item(text, f"{name}:{start}-{end}", name, start, end)
            else:
                blank += 1
    if blank:
        notes.append(f"{blank:,} windows without a known base left out")


def bed_source(path: str, genome: Genome, names: ContigNames, tiling: Tiling) -> Source:
    """Return the intervals of a BED, or windows of them; those on strand "-" reverse-complemented.

    Its columns name (4) and score (5) travel as far as the first interval has them.
    """
    with open_lines(path, "BED") as lines:
        width = len(next(iter(bed_lines(lines, path)), (0, [""]))[1])
    columns = (Column("name", "text"), Column("score", "number"))[: max(0, width - 3)]
    notes = list[str]()
    return Source("bed", _intervals(path, genome, names, tiling, len(columns), notes), columns, notes=notes)


def _intervals(
    path: str, genome: Genome, names: ContigNames, tiling: Tiling, width: int, notes: list[str]
) -> Iterator[Item]:
    empty = 0
    with open_lines(path, "BED") as lines:
        for line, cells in bed_lines(lines, path):
            contig, low, high = names.number(cells[0]), whole_number(cells[1]), whole_number(cells[2])
            if contig is None:
                few = ", ".join(genome.names[:6])
                raise InputError(f"{path}, line {line}: the reference has no contig {cells[0]!r}; it has {few}")
            if high > (length := int(genome.lengths[contig])):
                raise InputError(
                    f"{path}, line {line} ends at {high:,}, beyond the {length:,} bases of {cells[0]}; "
                    "give the reference that the BED belongs to"
                )
            empty += low == high
            strand = cells[5] if len(cells) > 5 and cells[5] in ("+", "-") else "."
            more: tuple[Cell, ...] = (*cells[3:4], *map(_number, cells[4:5]))[:width]
            more += (None,) * (width - len(more))
            for start, end in tiling.tiles(low, high) if low < high else ():
                text = _fetched(genome, contig, start, end, strand)
                yield Item(text, f"{cells[0]}:{start}-{end}", cells[0], start, end, strand, more)
    if empty:
        notes.append(f"{empty:,} intervals of no base left out")


def variant_source(path: str, genome: Genome, names: ContigNames, flank: int, longest: int) -> Source:
    """Return two items for each alternate allele: the reference's window and the alternate's, the same flanks around.

    flank: bases on each side of the alleles, fewer at the ends of a contig. longest: most bases
    of an allele. start and end of both are those of the window on the reference. What can't be
    spelled out is left out, and the notes count why.
    """
    notes = list[str]()
    return Source("variants", _alleles(path, genome, names, flank, longest, notes), VARIANT_COLUMNS, notes=notes)


def _alleles(
    path: str, genome: Genome, names: ContigNames, flank: int, longest: int, notes: list[str]
) -> Iterator[Item]:
    reasons: Counter[str] = Counter()
    with open_variants(path, genome) as opened:
        for record in opened.records:
            contig = names.number(record.contig)
            if not record.alternates:
                reasons[Reason.NO_ALTERNATE] += 1
            every = resolve(record, contig, genome, Rules(longest, flank))
            for allele, found in zip(record.alternates, every, strict=True):
                if isinstance(found, Variant):
                    yield from _pair(record, allele, found, genome, flank)
                else:
                    reasons[str(found).partition(":")[0]] += 1
    if reasons:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
        notes.append(f"{sum(reasons.values()):,} alternate alleles left out: {counts}")


def _pair(record: Record, allele: str, variant: Variant, genome: Genome, flank: int) -> Iterator[Item]:
    window = cut_window(variant, genome, flank)
    start = variant.start - window.start
    end = start + len(window.reference)
    named = record.identifier not in ("", ".")
    identifier = record.identifier if named else f"{record.contig}:{record.start + 1}:{record.ref}>{allele}"
    for which, codes in (("ref", window.reference), ("alt", window.alternate)):
        more = (identifier, record.start + 1, record.ref, allele, which)
        yield Item(decode(codes), f"{identifier}:{which}", record.contig, start, end, ".", more)


def table_source(path: str, genome: Genome | None, labels: Sequence[str] = ()) -> Source:
    """Return the rows of a table of sequences with their labels as they stand there; all rows are held.

    labels: columns to take along; by default label, labels, target or y, those that there are.
    Raises TableError where there are no sequences, or places without a reference.
    """
    table = table_of(path)
    wanted = tuple(labels) or tuple(name for name in table.names if name.lower() in LABELS)
    rows = rows_of(table, Wanted(genome, wanted, unlabelled=not wanted))
    typed = {name: _typed(cells) for name, cells in rows.labels.items()}
    if any(rows.parts):
        typed["part"] = ("text", [part or None for part in rows.parts])
    columns = tuple(Column(f"label_{name}" if name in _RESERVED else name, kind) for name, (kind, _) in typed.items())
    if len({column.name for column in columns}) < len(columns):
        raise TableError(f"{path}: two label columns are of one name; rename one of them")
    places = rows.places

    def items() -> Iterator[Item]:
        for row, text in enumerate(rows.sequences):
            more = tuple(cells[row] for _, cells in typed.values())
            place = places.contigs[row], places.starts[row], places.ends[row], places.strands[row]
            yield Item(text, rows.ids[row] or str(row), *place, more)

    return Source("table", items(), columns, len(rows), list(rows.notes))


def known(sequence: str) -> bool:
    """Whether a sequence holds A, C, G or T."""
    return not _BASES.isdisjoint(sequence)


def check_file(path: str) -> None:
    """Raise InputError unless this is a file: an input is read more than once."""
    if path == "-":
        raise InputError("the input cannot be standard input, as it is read more than once; give a file")
    if not Path(path).exists():
        raise InputError(f"cannot read the input {path}: No such file or directory")


def _fetched(genome: Genome, contig: int, start: int, end: int, strand: str = ".") -> str:
    bases = genome.fetch(contig, start, end)
    return decode(reverse_complement(encode(bases))) if strand == "-" else bases.tobytes().decode("ascii")


def _typed(cells: list[str]) -> tuple[str, list[Cell]]:
    """Return the kind of a column of labels and its cells: numbers where all are, None for holes."""
    held = [None if is_hole(cell) else cell for cell in cells]
    numbers = [None if cell is None else _number(cell) for cell in held]
    if any(number is None for number, cell in zip(numbers, held, strict=True) if cell is not None):
        return "text", list(held)
    if all(number is not None and number.is_integer() and abs(number) <= _EXACT for number in numbers):
        return "whole", [int(number or 0) for number in numbers]
    return "number", list(numbers)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
