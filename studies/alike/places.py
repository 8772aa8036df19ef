"""Kinds of places of yeast and human, as windows with a label: nothing else of the annotation is looked at."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import Genome, open_genome
from dnalect.genome import CodingSequence, Intervals, own_name, read_bed, read_coding, read_gff, sound_genes
from dnalect.tokens import encode
from studies.data import file_of
from studies.worth.profiles import Sites, gene_landmarks, trna_starts
from studies.worth.refseq import ENDS, EXONS, GENES, ISLANDS, STARTS, stranded_genes
from studies.worth.species import HUMAN, YEAST
from studies.worth.splice import splice_sites

ROSSI = "annotation/rossi2021_chexmix_peaks_chrI-XIV.bed.gz"
PEAKS = "tracks/hg19_chr20_X/factornet"
# General regulatory factors and others with a clear motif, and the most occupied sites of each that are taken.
YEAST_FACTORS = ("Abf1", "Cbf1", "Fkh1", "Mcm1", "Rap1", "Reb1", "Swi4", "Ume6")
# Bases before the start codon, in whose middle a promoter's window lies, and of a gene that has a middle.
BEFORE, LONG = 150, 900
# Another factor's site this near would make one window of two labels.
NEAR = 100

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Places:
    """Sites with labels on one genome. task: what the labels are. contig, at (n,): numbers and 0-based positions."""

    task: str
    genome: Genome
    contig: Numbers
    at: Numbers
    label: tuple[str, ...]

    def windows(self, size: int) -> list[str]:
        """Return the `size` bases around each site, N beyond the ends of a contig."""
        starts = self.at - size // 2
        found = [self.genome.fetch(c, s, s + size) for c, s in zip(self.contig.tolist(), starts.tolist(), strict=True)]
        return [each.tobytes().decode("ascii").upper() for each in found]


def drawn(task: str, genome: Genome, sites: Mapping[str, Sequence[tuple[int, int]]], each: int, margin: int) -> Places:
    """Return at most `each` sites of every kind, at random, `margin` bases or more from the ends of their contig.

    sites: label -> (contig, position).
    """
    rng, rows = np.random.default_rng(1), list[tuple[int, int, str]]()
    for label, found in sites.items():
        kept = [(c, at) for c, at in sorted(set(found)) if margin <= at < int(genome.lengths[c]) - margin]
        some = rng.permutation(len(kept))[:each]
        rows += [(*kept[at], label) for at in np.sort(some).tolist()]
    contigs, ats, labels = zip(*rows, strict=True)
    return Places(task, genome, np.array(contigs), np.array(ats), tuple(labels))


def yeast_places(data: Path, each: int, margin: int) -> list[Places]:
    """Return kinds of places, and sites of factors, of S. cerevisiae. Raises InputError where a file is missing."""
    genome = open_genome(file_of(data, YEAST.reference))
    annotation = file_of(data, YEAST.annotation)
    coding, trnas = read_coding(annotation), trna_starts(annotation)
    sites: dict[str, list[tuple[int, int]]] = {}
    for number, name in enumerate(genome.names):
        genes, _ = sound_genes(coding.get(own_name(name, coding), []), encode(genome.contig(name)))
        marks = gene_landmarks(genes)
        # 35 bases into the tRNA, which has about 75.
        if (own := own_name(name, trnas)) in trnas:
            at, forward = trnas[own]
            marks["tRNA"] = at + np.where(forward, 35, -35), forward
        for kind, (at, _) in {**marks, **_middles(genes)}.items():
            sites.setdefault(kind, []).extend((number, each) for each in at.tolist())
    for row in read_gff(annotation):
        if row.kind in ("LTR", "mobile_element") and row.contig in genome.index:
            sites.setdefault("LTR or Ty", []).append((genome.index[row.contig], (row.start + row.end) // 2))
    return [
        drawn("kinds of places, S. cerevisiae", genome, sites, each, margin),
        drawn("bound factors, S. cerevisiae", genome, _factor_sites(file_of(data, ROSSI), genome), each, margin),
    ]


def _middles(genes: Sequence[CodingSequence]) -> dict[str, Sites]:
    """The middles of promoters and of long genes."""
    forward = np.array([gene.forward for gene in genes], dtype=bool)
    starts = np.array([gene.positions[0] for gene in genes], dtype=np.int64)
    held = [gene for gene in genes if len(gene.positions) >= LONG]
    middle = np.array([gene.positions[len(gene.positions) // 2] for gene in held], dtype=np.int64)
    ways = np.array([gene.forward for gene in held], dtype=bool)
    return {"promoter": (starts + np.where(forward, -BEFORE, BEFORE), forward), "coding": (middle, ways)}


def _factor_sites(path: Path, genome: Genome) -> dict[str, list[tuple[int, int]]]:
    """Factor -> its summits, but those within NEAR bases of another one's."""
    rows = [row.split("\t") for row in _lines(path)]
    every = [(genome.index[row[0]], int(row[1]), row[3]) for row in rows if row[3] in YEAST_FACTORS]
    every.sort()
    out: dict[str, list[tuple[int, int]]] = {name: [] for name in YEAST_FACTORS}
    for at, (contig, position, name) in enumerate(every):
        around = every[max(0, at - 8) : at] + every[at + 1 : at + 9]
        if not any(c == contig and abs(p - position) < NEAR and other != name for c, p, other in around):
            out[name].append((contig, position))
    return {name: found for name, found in out.items() if found}


def _lines(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def human_places(data: Path, each: int, margin: int) -> list[Places]:
    """Return kinds of places of human chromosome 20. Raises InputError where a file is missing."""
    genome = open_genome(file_of(data, HUMAN.reference))
    exons, genes, starts, ends, islands = (
        _one(file_of(data, name), genome) for name in (EXONS, GENES, STARTS, ENDS, ISLANDS)
    )
    known = stranded_genes(genes, starts, ends)
    found = splice_sites(encode(genome.contig(genome.names[0])), exons, known)
    tss = np.where(known.forward, known.starts, known.ends - 1)
    long = exons.ends - exons.starts >= 150
    sites = {
        "promoter": tss + np.where(known.forward, -BEFORE, BEFORE),
        **{f"splice {name}": each.at for name, each in found.items()},
        "exon": ((exons.starts + exons.ends) // 2)[long],
        "CpG island": (islands.starts + islands.ends) // 2,
        "CTCF peak": _peaks(data, "CTCF", genome),
        "anywhere": _anywhere(genome, 5 * each),
    }
    told = {name: [(0, at) for at in ats.tolist()] for name, ats in sites.items()}
    return [drawn("kinds of places, human chr20", genome, told, each, margin)]


def _one(path: Path, genome: Genome) -> Intervals:
    known = read_bed(path)
    return known[own_name(genome.names[0], known)]


def _peaks(data: Path, factor: str, genome: Genome) -> Numbers:
    """Middles of the peaks of a factor in the first cell type of the folder."""
    path = sorted((data / PEAKS).glob(f"ChIPseq.*.{factor}.conservative.*"))[0]
    peaks = _one(path, genome)
    return np.asarray((peaks.starts + peaks.ends) // 2)


def _anywhere(genome: Genome, count: int) -> Numbers:
    """Random bases that are known."""
    at = np.random.default_rng(2).integers(0, int(genome.lengths[0]), size=count)
    bases = genome.contig(genome.names[0])
    return np.asarray(at[np.isin(bases[at], np.frombuffer(b"ACGTacgt", dtype=np.uint8))])
