"""Deletions and insertions that nature made: of yeast from whole genomes of other strains, of human from a VCF."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import mappy

from dnalect import Genome
from dnalect.core import track
from dnalect.genome import open_variants
from studies.data import file_of

# Strains of S. cerevisiae with a whole genome each.
STRAINS = ("SK1", "Y12", "UWOPS034614")
SHORTEST, LONGEST = 50, 20_000
# Alignments that are shorter, or whose place is not sure, are left out; so is what lies this near to their ends.
ALIGNED, SURE, EDGE = 10_000, 50, 500


class Call(NamedTuple):
    """A deletion of [start, end) of a contig, 0-based, or an insertion of bases there (start = end)."""

    contig: str
    start: int
    end: int
    inserted: str = ""

    @property
    def size(self) -> int:
        """Bases lost or gained."""
        return max(self.end - self.start, len(self.inserted))


def yeast_calls(data: Path, genome: Genome) -> list[Call]:
    """Return what any of STRAINS has longer or shorter than the reference, each once."""
    found: dict[Call, None] = {}
    for contig in track(list(genome.names), "aligning strains", "chromosomes"):
        index = mappy.Aligner(seq=genome[contig][:].upper(), preset="asm5")
        for strain in STRAINS:
            path = file_of(data, f"genomes/saccharomyces/{strain}.genome.fa.gz")
            other = next((text for name, text, _ in mappy.fastx_read(str(path)) if name == contig), "")
            for hit in index.map(other.upper()):
                if hit.is_primary and hit.mapq >= SURE and hit.r_en - hit.r_st >= ALIGNED and hit.strand == 1:
                    found |= dict.fromkeys(aligned_calls(contig, hit.r_st, hit.q_st, hit.cigar, other.upper()))
    return sorted(found)


def aligned_calls(contig: str, start: int, at: int, cigar: Sequence[Sequence[int]], query: str) -> Iterator[Call]:
    """Yield the long gaps of an alignment. start, at: where it begins in the reference and in the query."""
    first, end = start, start + sum(length for length, kind in cigar if kind in (0, 2, 7, 8))
    for length, kind in cigar:
        if SHORTEST <= length <= LONGEST and first + EDGE < start < end - EDGE:
            inserted = query[at : at + length]
            if kind == 2:
                yield Call(contig, start, start + length)
            elif kind == 1 and set(inserted) <= set("ACGT"):
                yield Call(contig, start, start, inserted)
        start += length if kind in (0, 2, 7, 8) else 0
        at += length if kind in (0, 1, 7, 8) else 0


def human_calls(data: Path, genome: Genome) -> list[Call]:
    """Return the deletions of 1000 Genomes on chr20:1-2 Mb, symbolic ones and long alleles."""
    found: dict[Call, None] = {}
    (contig,) = genome.names
    with open_variants(str(file_of(data, "variants/1000g_chr20_1-2Mb.vcf.gz")), genome) as file:
        for record in file.records:
            # POS of this file counts from the first base of its slice, END from that of the chromosome.
            start = record.start + 1_000_000
            for allele, event in zip(record.alternates, record.events or [None] * 99, strict=False):
                if allele == "<CN0>" and event and event.end and start + SHORTEST < event.end:
                    found[Call(contig, start + 1, event.end)] = None
                elif allele.isalpha() and len(record.ref) - len(allele) >= SHORTEST:
                    found[Call(contig, start + len(allele), start + len(record.ref))] = None
    return sorted(found)
