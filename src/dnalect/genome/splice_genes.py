"""Genes for splice scores: where each is transcribed, and its exon boundaries. From SpliceAI's table, or a GFF."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import TableError
from dnalect.core.numbers import whole_number
from dnalect.genome.fasta import Genome
from dnalect.genome.names import own_name
from dnalect.genome.streams import open_lines
from dnalect.genome.transcripts import Transcript

HEADER = ("#NAME", "CHROM", "STRAND", "TX_START", "TX_END", "EXON_START", "EXON_END")


@dataclass(frozen=True)
class SpliceGene:
    """A gene by one transcript: [start, end) of a contig, 0-based.

    exons: the first and the last base of each, 0-based.
    """

    name: str
    forward: bool
    start: int
    end: int
    exons: tuple[tuple[int, int], ...] = ()

    @cached_property
    def boundaries(self) -> npt.NDArray[np.int64]:
        """First and last bases of exons, ascending, 0-based."""
        return np.unique(np.array([*chain.from_iterable(self.exons)], dtype=np.int64))

    def nearest(self, position: int) -> int | None:
        """Return how far behind a base the nearest boundary lies, the one before it where two are as near."""
        if not len(self.boundaries):
            return None
        distances = self.boundaries - position
        return int(distances[np.abs(distances).argmin()])


# Without an annotation both strands are read, and nothing is hidden.
STRANDS = (SpliceGene("+", True, 0, 1 << 62), SpliceGene("-", False, 0, 1 << 62))


class SpliceGenes:
    """The genes of a file, by contig, in its order."""

    def __init__(self, genes: Iterable[tuple[str, SpliceGene]]):
        self.by_contig: dict[str, list[SpliceGene]] = defaultdict(list)
        for contig, gene in genes:
            self.by_contig[contig].append(gene)
        self._spans: dict[str, npt.NDArray[np.int64]] = {}

    def at(self, genome: Genome, contig: int, position: int) -> list[SpliceGene]:
        """Return the genes of a base, 0-based, in the order of the file."""
        name = own_name(genome.names[contig], self.by_contig)
        genes = self.by_contig.get(name, [])
        if name not in self._spans:
            self._spans[name] = np.array([(each.start, each.end) for each in genes], dtype=np.int64).reshape(-1, 2)
        spans = self._spans[name]
        return [genes[n] for n in np.flatnonzero((spans[:, 0] <= position) & (position < spans[:, 1])).tolist()]

    def covers(self, genome: Genome) -> bool:
        """Whether some contig of a reference has genes."""
        return any(own_name(name, self.by_contig) in self.by_contig for name in genome.names)


def is_gene_table(path: str | Path) -> bool:
    """Whether a file, plain or gzipped, begins as SpliceAI's tables of genes do."""
    with open_lines(str(path), "annotation") as lines:
        return next(iter(lines), b"").decode(errors="replace").split()[: len(HEADER)] == [*HEADER]


def read_gene_table(path: str | Path) -> SpliceGenes:
    """Read a table as SpliceAI's package ships it: tab-separated, HEADER, starts 0-based and ends included.

    Raises TableError that names the line at fault.
    """
    found = []
    with open_lines(str(path), "annotation") as lines:
        for number, line in enumerate(lines, 1):
            if number == 1 or not line.strip():
                continue
            found.append(_row(line.decode(errors="replace").rstrip("\r\n").split("\t"), f"{path}, line {number}"))
    return SpliceGenes(found)


def _row(cells: list[str], where: str) -> tuple[str, SpliceGene]:
    try:
        name, contig, strand, start, end, starts, ends = cells
        if strand not in ("+", "-"):
            raise ValueError(f"the strand is {strand!r}")
        begins, ends_at = ([whole_number(part) for part in text.split(",") if part] for text in (starts, ends))
        exons = tuple((begin, last - 1) for begin, last in zip(begins, ends_at, strict=True))
        return contig, SpliceGene(name, strand == "+", whole_number(start), whole_number(end), exons)
    except ValueError as error:
        raise TableError(f"{where} is no gene of such a table, {' '.join(HEADER)} ({error})") from error


def genes_of(transcripts: dict[str, list[Transcript]]) -> SpliceGenes:
    """Return each gene by the transcript that the file names as the one to show, else by that which codes for most."""
    found = []
    for contig, each in transcripts.items():
        chosen: dict[tuple[str, bool], Transcript] = {}
        for transcript in each:
            key = transcript.gene, transcript.forward
            chosen[key] = max((transcript, chosen.get(key, transcript)), key=_worth)
        found += [(contig, _gene(transcript)) for transcript in sorted(chosen.values(), key=lambda t: (t.start, t.end))]
    return SpliceGenes(found)


def _worth(transcript: Transcript) -> tuple[bool, int, int, str]:
    exonic = sum(end - start for start, end in transcript.exons)
    return transcript.chosen, transcript.coding_length, exonic, transcript.name


def _gene(transcript: Transcript) -> SpliceGene:
    exons = tuple((start, end - 1) for start, end in transcript.exons)
    return SpliceGene(transcript.gene, transcript.forward, transcript.start, transcript.end, exons)
