"""GFF3 or GTF in: the gene, the kind of region and the nearest TSS of a position.

One of the places that know that GFF counts from 1 with the end included.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.core.numbers import whole_number
from dnalect.genome.promoters import UPSTREAM, promoter_spans
from dnalect.genome.streams import open_lines

# The first class that covers a position names its region.
CLASSES = (
    ("CDS", ("CDS",)),
    ("UTR", ("five_prime_UTR", "three_prime_UTR", "UTR", "5UTR", "3UTR")),
    ("ncRNA", ("tRNA", "rRNA", "ncRNA", "snRNA", "snoRNA", "miRNA", "lnc_RNA", "tmRNA")),
    ("exon", ("exon",)),
    ("mobile element", ("mobile_element", "LTR", "transposable_element", "LTR_retrotransposon")),
    ("intron", ("gene", "pseudogene")),
    ("promoter", ("promoter",)),
    ("centromere", ("centromere",)),
    ("telomere", ("telomere",)),
    ("origin", ("rep_origin", "origin_of_replication", "ARS")),
)
GENES = ("gene", "pseudogene", "ncRNA_gene")

_CONTROLS = dict.fromkeys(range(32), " ")

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """Intervals of one class on one contig, joined where they touch; sorted."""

    starts: Positions
    ends: Positions

    def overlaps(self, start: int, end: int) -> bool:
        at = int(np.searchsorted(self.ends, start, side="right"))
        return at < len(self.starts) and int(self.starts[at]) < end


@dataclass(frozen=True)
class Genes:
    """Genes of one contig, sorted by start. forward: whether on the + strand."""

    starts: Positions
    ends: Positions
    longest: int
    forward: npt.NDArray[np.bool_]
    names: tuple[str, ...]
    tss: Positions
    by_tss: Positions


@dataclass(frozen=True)
class Annotation:
    """What a GFF knows, by contig name."""

    spans: dict[str, dict[str, Spans]]
    genes: dict[str, Genes]

    def annotate(self, contig: str, start: int, end: int) -> tuple[str, str, int | None]:
        """Return (gene, region, distance to the nearest TSS) of [start, end), 0-based.

        Of an insertion (start = end) the base behind it counts.
        gene: one that overlaps, else the one whose promoter it is, else that of the nearest TSS.
        region: the first of CLASSES that overlaps, "promoter" up to UPSTREAM bases before a TSS, else "intergenic".
        distance: negative upstream of the TSS in the direction of its gene.
        An unknown contig gives ("", "", None).
        """
        if contig not in self.genes:
            return "", "", None
        end = max(end, start + 1)
        genes = self.genes[contig]
        nearest = _nearest(genes, start)
        distance = None
        if nearest is not None:
            distance = (start - int(genes.tss[nearest])) * (1 if genes.forward[nearest] else -1)
        region = next((name for name, spans in self.spans[contig].items() if spans.overlaps(start, end)), "intergenic")
        gene = _overlapping(genes, start, end)
        if region in ("intergenic", "origin") and (downstream := _promoter_of(genes, start)) is not None:
            region, gene = "promoter", downstream
        gene = nearest if gene is None else gene
        return ("" if gene is None else genes.names[gene]), region, distance


def _nearest(genes: Genes, start: int) -> int | None:
    if not len(genes.tss):
        return None
    ordered = genes.tss[genes.by_tss]
    at = int(np.searchsorted(ordered, start))
    near = [n for n in (at - 1, at) if 0 <= n < len(ordered)]
    return int(genes.by_tss[min(near, key=lambda n: abs(int(ordered[n]) - start))])


def _promoter_of(genes: Genes, start: int) -> int | None:
    """The gene whose TSS lies nearest downstream, in whose promoter the position is."""
    low, high = np.searchsorted(genes.tss[genes.by_tss], [start - UPSTREAM, start + UPSTREAM + 1])
    near = genes.by_tss[low:high]
    first, end = promoter_spans(genes.tss[near], genes.forward[near])
    near = near[(first <= start) & (start < end)]
    return int(near[np.abs(genes.tss[near] - start).argmin()]) if len(near) else None


def _overlapping(genes: Genes, start: int, end: int) -> int | None:
    low, high = np.searchsorted(genes.starts, [start - genes.longest, end])
    found = np.flatnonzero(genes.ends[low:high] > start)
    return int(low + found[0]) if len(found) else None


def open_annotation(path: str | Path, *also: Callable[["Row"], None]) -> Annotation:
    """Read a GFF3 or GTF, plain or gzipped. also: called with every line. Raises InputError where it is none."""
    classes = {kind: name for name, kinds in CLASSES for kind in kinds}
    spans: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    genes: dict[str, list[tuple[int, int, bool, str]]] = defaultdict(list)
    for row in read_gff(path):
        for take in also:
            take(row)
        if row.kind in classes:
            spans[row.contig][classes[row.kind]].append((row.start, row.end))
        if row.kind in GENES:
            name = gene_name(parse_attributes(row.attributes))
            genes[row.contig].append((row.start, row.end, row.strand != "-", name))
    if not spans:
        raise InputError(f"{path} holds no gene, CDS or exon line: is it a GFF3 or GTF?")
    order = [name for name, _ in CLASSES]
    return Annotation(
        {c: {name: _join(found[name]) for name in order if name in found} for c, found in spans.items()},
        {c: _genes(genes[c]) for c in spans},
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a GFF: 0-based half-open, phase "0", "1", "2" or ".", attributes as text."""

    contig: str
    kind: str
    start: int
    end: int
    strand: str
    phase: str
    attributes: str


def read_gff(path: str | Path) -> Iterator[Row]:
    """Yield the lines of a GFF3 or GTF, plain or gzipped, up to a ##FASTA part. InputError where one is none."""
    with open_lines(str(path), "GFF") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith(b"##FASTA"):
                break
            if line.startswith(b"#") or line.isspace():
                continue
            columns = line.decode("utf-8", errors="replace").rstrip("\r\n").split("\t")
            try:
                start, end = whole_number(columns[3]) - 1, whole_number(columns[4])
                row = Row(columns[0], columns[2], start, end, columns[6], columns[7], columns[8])
            except (IndexError, ValueError) as error:
                raise InputError(_no_gff(path, number, columns)) from error
            if not 0 <= start < end:
                raise InputError(f"{path}, line {number}: a feature from {start + 1:,} to {end:,} is none")
            yield row


def _no_gff(path: str | Path, number: int, columns: list[str]) -> str:
    """Say what is wrong with a line, and what the file is if it looks like something else."""
    text = " ".join(columns)
    shown = text if len(text) <= 60 else f"{text[:60]}..."
    message = f"{path}, line {number} is no line of a GFF3 or GTF: {shown!r}"
    if len(columns) >= 3 and columns[1].isdigit() and columns[2].isdigit():
        return f"{message}. It looks like a BED, which names no genes, exons and CDS; give a GFF3 or GTF"
    if text.startswith(">"):
        return f"{message}. It looks like a FASTA; give a GFF3 or GTF"
    if len(columns) >= 8 and columns[1].isdigit():
        return f"{message}. It looks like a VCF; give a GFF3 or GTF"
    return f"{message}; nine columns with tabs between are needed"


def parse_attributes(text: str) -> dict[str, str]:
    """Return key -> value of GFF3 `key=value`, with %XX decoded, or GTF `key "value"`; the last of a repeated key."""
    found = {}
    for entry in text.split(";"):
        entry = entry.strip()
        gtf = "=" not in entry.partition(' "')[0]
        key, mark, value = entry.partition(" " if gtf else "=")
        if mark:
            value = value.strip().strip('"')
            # A tab or line end in a name would break every table that it is written to.
            found[key] = value if gtf or "%" not in value else unquote(value).translate(_CONTROLS)
    return found


def gene_name(found: dict[str, str]) -> str:
    """Return a gene's short name of its attributes, else its locus tag or ID, else ""."""
    keys = ("gene", "Name", "gene_name", "locus_tag", "gene_id", "ID")
    return next((found[key] for key in keys if found.get(key)), "")


def _join(found: list[tuple[int, int]]) -> Spans:
    joined: list[list[int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    table = np.array(joined, dtype=np.int64)
    return Spans(table[:, 0], table[:, 1])


def _genes(found: list[tuple[int, int, bool, str]]) -> Genes:
    found = sorted(found)
    starts = np.array([g[0] for g in found], dtype=np.int64)
    ends = np.array([g[1] for g in found], dtype=np.int64)
    forward = np.array([g[2] for g in found], dtype=bool)
    tss = np.where(forward, starts, ends - 1)
    longest = int((ends - starts).max()) if len(found) else 0
    return Genes(starts, ends, longest, forward, tuple(g[3] for g in found), tss, np.argsort(tss, kind="stable"))
