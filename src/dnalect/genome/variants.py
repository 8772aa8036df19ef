"""Variants in: VCF or BCF, a TSV with chrom, pos, ref and alt, or a BED whose every base is substituted."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from dnalect.core.errors import TableError
from dnalect.core.numbers import whole_number
from dnalect.core.urls import shown
from dnalect.genome.bcf import open_vcf_lines
from dnalect.genome.fasta import Genome
from dnalect.genome.given import NAMES as NAMES
from dnalect.genome.given import given_records
from dnalect.genome.vcf import Record, VcfHeader, read_header, read_records

Format = Literal["vcf", "tsv", "bed"]
# The path or URL of a file ("-" for stdin), or variants in memory: see `given_records`.
Variants = str | os.PathLike[str] | Iterable[Sequence[Any]] | Any


@dataclass
class VariantFile:
    """An open file of variants: its format, its header (VCF only), its records in order."""

    format: Format
    header: VcfHeader | None
    records: Iterator[Record]


@contextmanager
def open_variants(source: Variants, genome: Genome) -> Iterator[VariantFile]:
    """Open a VCF, BCF, TSV or BED, plain or compressed, a path, a URL or "-" for stdin; or take variants in memory.

    The content decides; only a name that ends in .vcf, .bed or .tsv (and .gz) binds the
    format. Raises InputError or one of its kinds.
    """
    if not isinstance(source, str | os.PathLike):
        yield VariantFile("tsv", None, given_records(source))
        return
    path, source = str(source), shown(source)
    name = source.removesuffix(".gz").removesuffix(".bgz")
    with open_vcf_lines(path, "variant file") as lines:
        first = next(lines, b"")
        rest = chain([first] if first else [], lines)
        if first.startswith(b"##") or name.endswith(".vcf"):
            header = read_header(rest, source)
            at = len(header.meta) + 2
            yield VariantFile("vcf", header, read_records(rest, source, at))
        elif name.endswith(".bed") or (not name.endswith(".tsv") and _looks_like_bed(first)):
            yield VariantFile("bed", None, _bed(rest, source, genome))
        else:
            yield VariantFile("tsv", None, _table(rest, source))


def _looks_like_bed(line: bytes) -> bool:
    columns = line.split(b"\t")
    return line.startswith((b"track", b"browser")) or (
        len(columns) >= 3 and columns[1].strip().isdigit() and columns[2].strip().isdigit()
    )


def _table(lines: Iterator[bytes], source: str) -> Iterator[Record]:
    numbered = enumerate(lines, 1)
    header = [""]
    for _, line in numbered:
        header = line.decode(errors="replace").rstrip("\r\n").lower().split("\t")
        if not line.startswith(b"# "):
            break
    places = {}
    for wanted, names in NAMES.items():
        place = next((header.index(name) for name in names if name in header), None)
        if place is None:
            raise TableError(
                f"{source} is no VCF and no table of variants: a tab-separated header that names "
                f"chrom, pos, ref and alt is needed, and '{wanted}' is missing in {header[:8]}"
            )
        places[wanted] = place
    identifier = header.index("id") if "id" in header else None
    for number, line in numbered:
        columns = line.decode(errors="replace").rstrip("\r\n").split("\t")
        if columns == [""]:
            continue
        try:
            yield Record(
                contig=columns[places["chrom"]],
                start=whole_number(columns[places["pos"]]) - 1,
                identifier=columns[identifier] if identifier is not None else ".",
                ref=columns[places["ref"]],
                alternates=tuple(a for a in columns[places["alt"]].split(",") if a not in ("", ".")),
            )
        except (IndexError, ValueError) as error:
            raise TableError(f"{source}, line {number}: not a variant ({error}): {columns[:6]}") from error


def _bed(lines: Iterator[bytes], source: str, genome: Genome) -> Iterator[Record]:
    """Every substitution of every base of every region, in order; contigs must be known."""
    for number, line in enumerate(lines, 1):
        text = line.decode(errors="replace").rstrip("\r\n")
        if not text or text.startswith(("#", "track", "browser")):
            continue
        columns = text.split("\t")
        try:
            contig, start, end = columns[0], whole_number(columns[1]), whole_number(columns[2])
        except (IndexError, ValueError) as error:
            raise TableError(f"{source}, line {number} is no BED region ({error}): {text[:60]!r}") from error
        if contig not in genome.index:
            raise TableError(
                f"{source}, line {number}: the reference {genome.path} has no contig {contig!r}; "
                f"it has {', '.join(genome.names[:8])}"
            )
        length = int(genome.lengths[genome.index[contig]])
        if not 0 <= start <= end <= length:
            raise TableError(f"{source}, line {number}: {contig}:{start}-{end} does not lie in 0-{length}")
        identifier = columns[3] if len(columns) > 3 and columns[3] else "."
        bases = genome.contig(contig)[start:end].tobytes().decode("ascii").upper()
        for position, base in enumerate(bases, start):
            alternates = tuple(other for other in "ACGT" if other != base)
            yield Record(contig, position, identifier, base, alternates)
