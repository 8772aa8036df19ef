"""Genomes of the study of elements, by distance in the tree, and what elements their own annotations know."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import Genome, open_genome
from dnalect.genome import Intervals, Region, own_name, read_bed, read_coding
from studies.alike.places import PEAKS, ROSSI
from studies.data import file_of
from studies.worth.refseq import stranded_genes

UPSTREAM = 500
# In human few windows hold an element: those within so many bases of promoters are looked at.
AROUND = 5_000
PROMOTERS, CODING, BOUND, CTCF = "promoters", "coding sequence", "bound sites", "CTCF peaks"
# Proteins whose summits are bound sites: general regulatory factors, whose motifs are long and clear.
FACTORS = ("Abf1", "Cbf1", "Rap1", "Reb1")
_REFSEQ = {
    "human": ("genomes/human_hg19_refseq/RefSeq{}.chr20_chrX.bed.gz",),
    "fly": ("genomes/fly_dm3_refseq/RefSeq{}.chr2R.bed.gz",),
}
Elements = dict[int, Intervals]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Kind:
    """A genome of the study. apart: how far from the labelled one. gff, refseq or tss: what names its genes."""

    name: str
    apart: str
    fasta: str
    gff: str = ""
    refseq: str = ""
    tss: str = ""

    def genome(self, data: Path) -> Genome:
        """Return the genome. Raises InputError where its file is missing."""
        return open_genome(file_of(data, self.fasta))

    def elements(self, data: Path, genome: Genome) -> dict[str, Elements]:
        """Return kind of element -> its intervals by contig."""
        if self.gff:
            return _of_coding(file_of(data, self.gff), genome)
        if self.refseq:
            return _of_refseq(data, _REFSEQ[self.refseq][0], genome)
        return _of_transcripts(file_of(data, self.tss), genome)


YEAST = Kind("S. cerevisiae", "itself, held out", "genomes/yeast_S288C.fa.gz", "genomes/yeast_S288C.gff.gz")
OTHERS = (
    Kind(
        *("S. paradoxus", "the nearest species", "genomes/saccharomyces/CBS432.genome.fa.gz"),
        "genomes/saccharomyces/CBS432.all_feature.gff.gz",
    ),
    Kind(
        *(
            "S. mikatae, chrI",
            "the same genus",
            "genomes/yeasts_chrI/SmikIFO1815_1_GCF_947241705.1_Smik-IFO1815_genomic.fna.gz",
        ),
        "genomes/yeasts_chrI/SmikIFO1815_1.gff.gz",
    ),
    Kind(
        *(
            "S. kudriavzevii, chrI",
            "the same genus",
            "genomes/yeasts_chrI/SkudIFO1802_1_GCF_947243775.1_Skud-IFO1802_genomic.fna.gz",
        ),
        "genomes/yeasts_chrI/SkudIFO1802_1.gff.gz",
    ),
    Kind(
        *("S. arboricola", "the same genus", "genomes/saccharomyces/Sarb.genome.fa.gz"),
        "genomes/saccharomyces/Sarb.protein_coding_gene.gff.gz",
    ),
    Kind(
        "S. pombe",
        "the same phylum",
        "genomes/S_pombe.ASM294v2.fa.gz",
        tss="genomes/S_pombe_transcripts_adjusted_tss.bed",
    ),
    Kind("Z. tritici", "the same phylum", "genomes/zymoseptoria_tritici.fa.gz", "genomes/zymoseptoria_tritici.gff.gz"),
    Kind("U. maydis", "another phylum of fungi", "genomes/ustilago_maydis.fa.gz", "genomes/ustilago_maydis.gff3.gz"),
    Kind("D. melanogaster, chr2R", "an animal", "genomes/fly_chr2R_dm3.fa.gz", refseq="fly"),
    Kind("H. sapiens, chr20", "an animal", "genomes/human_chr20_GRCh37.fa.gz", refseq="human"),
)
HUMAN = Kind("H. sapiens, chr20", "itself, held out", "genomes/human_chr20_GRCh37.fa.gz", refseq="human")
HUMAN_X = Kind(
    "H. sapiens, chrX:1-70 Mb", "another chromosome", "genomes/human_chrX_1-70Mb_GRCh37.fa.gz", refseq="human"
)


def near(genome: Genome, elements: Elements) -> list[Region]:
    """Return the bases within 5 kb of elements, joined."""
    spans = [
        Region(number, max(0, low - AROUND), min(int(genome.lengths[number]), high + AROUND))
        for number, each in elements.items()
        for low, high in zip(each.starts.tolist(), each.ends.tolist(), strict=True)
    ]
    joined: list[Region] = []
    for each in sorted(spans):
        last = joined[-1] if joined else None
        if last is not None and last.contig == each.contig and each.start <= last.end:
            joined[-1] = Region(last.contig, last.start, max(last.end, each.end))
        else:
            joined.append(each)
    return joined


def _of_coding(path: Path, genome: Genome) -> dict[str, Elements]:
    """Coding parts, and the 500 bases before each start codon that are on its strand."""
    coding = read_coding(path)
    found: dict[str, Elements] = {PROMOTERS: {}, CODING: {}}
    for number, name in enumerate(genome.names):
        genes = coding.get(own_name(name, coding), [])
        if not genes:
            continue
        starts = np.array([gene.positions[0] for gene in genes], dtype=np.int64)
        forward = np.array([gene.forward for gene in genes], dtype=bool)
        found[PROMOTERS][number] = _before(starts, forward)
        spans = [span for gene in genes for span in _runs(np.sort(gene.positions))]
        found[CODING][number] = _intervals(spans)
    return found


def _of_refseq(data: Path, pattern: str, genome: Genome) -> dict[str, Elements]:
    exons, genes, starts, ends = (
        read_bed(file_of(data, pattern.format(kind))) for kind in ("Exon", "Gene", "TSS", "TES")
    )
    found: dict[str, Elements] = {PROMOTERS: {}, CODING: {}}
    for number, contig in enumerate(genome.names):
        if (name := own_name(contig, genes)) not in genes:
            continue
        known = stranded_genes(genes[name], starts[name], ends[name])
        tss = np.where(known.forward, known.starts, known.ends - 1)
        found[PROMOTERS][number] = _before(tss, known.forward)
        found[CODING][number] = exons[name]
    return found


def _of_transcripts(path: Path, genome: Genome) -> dict[str, Elements]:
    """The 500 bases before measured starts of transcription; the file knows no coding parts."""
    known, found = read_bed(path), dict[int, Intervals]()
    for number, contig in enumerate(genome.names):
        if (name := own_name(contig, known)) in known:
            each = known[name]
            found[number] = _before(np.where(each.forward, each.starts, each.ends - 1), each.forward)
    return {PROMOTERS: found}


def bound_sites(data: Path, genome: Genome) -> Elements:
    """Return the summits of FACTORS in S. cerevisiae (Rossi 2021), chrI to chrXIV."""
    spans: dict[int, list[tuple[int, int]]] = {}
    with gzip.open(file_of(data, ROSSI), "rt", encoding="utf-8") as file:
        for line in file:
            contig, start, end, name, *_ = line.split("\t")
            if name in FACTORS and contig in genome.index:
                spans.setdefault(genome.index[contig], []).append((int(start), int(end)))
    return {number: _intervals(each) for number, each in spans.items()}


def ctcf_peaks(data: Path, genome: Genome) -> Elements:
    """Return the peaks of CTCF in the first cell type of the folder."""
    known, found = read_bed(sorted((data / PEAKS).glob("ChIPseq.*.CTCF.conservative.*"))[0]), dict[int, Intervals]()
    for number, contig in enumerate(genome.names):
        if (name := own_name(contig, known)) in known:
            found[number] = known[name]
    return found


def _before(tss: Numbers, forward: npt.NDArray[np.bool_]) -> Intervals:
    low = np.maximum(np.where(forward, tss - UPSTREAM, tss + 1), 0)
    high = np.maximum(np.where(forward, tss, tss + 1 + UPSTREAM), low)
    return Intervals(low, high, forward)


def _runs(positions: Numbers) -> list[tuple[int, int]]:
    """Half-open runs of sorted positions."""
    cuts = np.flatnonzero(np.diff(positions) > 1) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(positions, cuts)]


def _intervals(spans: list[tuple[int, int]]) -> Intervals:
    low, high = np.array(sorted(spans), dtype=np.int64).reshape(-1, 2).T
    return Intervals(low, high, np.ones(len(low), dtype=bool))
