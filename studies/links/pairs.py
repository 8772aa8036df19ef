"""Pairs of active enhancers and promoters of a cell, labelled by its loops, as TargetFinder (Whalen 2016) made them.

An enhancer is an open site under H3K27ac, at least 2 kb from any transcription start; a promoter 500 bases on each side
of starts, open, under H3K4me3 or H3K27ac. They are a pair 10 kb to 2 Mb apart within one block. It is positive where
one anchor of a loop of that cell overlaps the enhancer and the other one the promoter.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.core import say
from dnalect.genome import Domains, Loops, own_name, read_bed, read_domains, read_loops

TRACKS, STARTS = "tracks/hg19_chr20_X", "genomes/human_hg19_refseq/RefSeqTSS.chr20_chrX.bed.gz"
CELLS = ("K562", "GM12878", "HeLa-S3", "HUVEC")
# Of IMR90 there are loops and domains, but no open sites.
OTHERS = (*CELLS, "IMR90")
CONTIGS = {"20": 63_025_520, "X": 69_999_930}
LOOPED, DOMAINS = "HiCCUPS", "Arrowhead"
MARKS = {
    "open": r"Dnase",
    "H3K4me1": r"H3k0?4me1",
    "H3K4me3": r"H3k0?4me3",
    "H3K27ac": r"H3k27ac",
    "H3K27me3": r"H3k27me3",
    "H3K36me3": r"H3k36me3",
    "CTCF": r"Ctcf(?!l)",
}
FROM_START, AROUND, LEAST, MOST = 2_000, 500, 10_000, 2_000_000
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Spans = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cell:
    """What was measured of a cell. marks: name -> contig -> peaks (n, 2), joined. files: of the marks."""

    name: str
    files: dict[str, Path]
    marks: dict[str, dict[str, Spans]]
    loops: dict[str, Loops]
    domains: dict[str, Domains]


@dataclass(frozen=True)
class Pairs:
    """n pairs of a cell. contigs, blocks: (n,) text. enhancers, promoters: (n, 2). joined: (n,) by one of its loops."""

    cell: str
    contigs: npt.NDArray[np.str_]
    enhancers: Spans
    promoters: Spans
    joined: Mask
    blocks: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.joined)

    def take(self, rows: Numbers) -> "Pairs":
        """Return some of them."""
        elements = self.enhancers[rows], self.promoters[rows]
        return Pairs(self.cell, self.contigs[rows], *elements, self.joined[rows], self.blocks[rows])

    @property
    def middles(self) -> tuple[Numbers, Numbers]:
        """Middles (n,) of the enhancers and of the promoters."""
        return self.enhancers.sum(axis=1) // 2, self.promoters.sum(axis=1) // 2

    @property
    def distances(self) -> Numbers:
        """Bases (n,) between the middles."""
        first, second = self.middles
        return np.asarray(np.abs(first - second))

    @property
    def between(self) -> Spans:
        """The window (n, 2) from one element to the other."""
        low = np.minimum(self.enhancers[:, 1], self.promoters[:, 1])
        return np.stack([low, np.maximum(np.maximum(self.enhancers[:, 0], self.promoters[:, 0]), low)], axis=1)


def file_of(folder: Path, pattern: str) -> Path:
    """Return the first file of a folder by this name. InputError where there is none."""
    found = [each for each in sorted(folder.glob("*")) if re.search(pattern, each.name, re.IGNORECASE)]
    if not found:
        raise InputError(f"the study needs a file of {folder} that is named as {pattern}")
    return found[0]


def read_cell(data: Path, name: str) -> Cell:
    """Read loops, domains and, of `CELLS`, the peaks of all marks."""
    folder = data / TRACKS / name
    files = {mark: file_of(folder, pattern) for mark, pattern in MARKS.items()} if name in CELLS else {}
    marks = {mark: {contig: peaks_of(path, contig) for contig in CONTIGS} for mark, path in files.items()}
    return Cell(name, files, marks, read_loops(file_of(folder, LOOPED)), read_domains(file_of(folder, DOMAINS)))


def peaks_of(path: Path, contig: str) -> Spans:
    """Return the intervals (n, 2) of a BED on a contig, joined where they touch, by their start."""
    known = read_bed(path)
    found = known.get(own_name(contig, known))
    return joined(np.zeros((0, 2), np.int64) if found is None else np.stack([found.starts, found.ends], axis=1))


def joined(spans: Spans) -> Spans:
    """Return intervals (n, 2) by their start, those that touch made one."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[:, 1]) if len(spans) else spans[:, 1]
    first = np.flatnonzero(np.append(True, spans[1:, 0] > reach[:-1])) if len(spans) else np.zeros(0, np.int64)
    last = np.append(first[1:], len(spans)) - 1
    return np.stack([spans[first, 0], reach[last]], axis=1) if len(spans) else spans


def overlaps(spans: Spans, peaks: Spans) -> Mask:
    """Return which intervals (n,) share a base with one of joined peaks."""
    at = np.searchsorted(peaks[:, 1], spans[:, 0], side="right")
    known = np.append(peaks[:, 0], np.iinfo(np.int64).max)
    return np.asarray(known[at] < spans[:, 1])


def elements_of(cell: Cell, contig: str, starts: Numbers) -> tuple[Spans, Spans]:
    """Return the active enhancers and the active promoters of a cell on a contig. starts: of transcription."""
    marks = {name: each[contig] for name, each in cell.marks.items()}
    near = joined(np.stack([starts - FROM_START, starts + FROM_START + 1], axis=1))
    sites = marks["open"]
    enhancers = sites[overlaps(sites, marks["H3K27ac"]) & ~overlaps(sites, near)]
    around = joined(np.stack([starts - AROUND, starts + AROUND + 1], axis=1))
    marked = overlaps(around, marks["H3K4me3"]) | overlaps(around, marks["H3K27ac"])
    return enhancers, around[overlaps(around, marks["open"]) & marked]


def pairs_of(data: Path, cell: Cell, block: int) -> Pairs:
    """Return all pairs of a cell that lie within one block of a contig."""
    known = read_bed(data / STARTS)
    found: list[tuple[Mapping[str, npt.NDArray[np.generic]], str]] = []
    dropped = 0
    for contig, length in CONTIGS.items():
        starts = np.unique(known[own_name(contig, known)].starts)
        enhancers, promoters = elements_of(cell, contig, starts[starts < length])
        first, second = np.meshgrid(np.arange(len(enhancers)), np.arange(len(promoters)), indexing="ij")
        one, other = enhancers[first.ravel()], promoters[second.ravel()]
        distance = np.abs(one.sum(axis=1) // 2 - other.sum(axis=1) // 2)
        labels = looped(cell.loops.get(own_name(contig, cell.loops)), enhancers, promoters).ravel()
        near = (distance >= LEAST) & (distance <= MOST)
        low, high = (edge([one[:, at], other[:, at]], axis=0) for edge, at in ((np.min, 0), (np.max, 1)))
        whole = low // block == (high - 1) // block
        dropped += int((near & ~whole & labels).sum())
        keep = near & whole
        blocks = np.array([f"{contig}:{number}" for number in (low[keep] // block).tolist()])
        rows = {"enhancers": one[keep], "promoters": other[keep], "joined": labels[keep], "blocks": blocks}
        found.append((rows, contig))
    each = [
        np.concatenate([rows[name] for rows, _ in found]) for name in ("enhancers", "promoters", "joined", "blocks")
    ]
    contigs = np.concatenate([np.full(len(rows["joined"]), contig) for rows, contig in found])
    made = Pairs(cell.name, contigs, *each)
    positive = made.take(np.flatnonzero(made.joined))
    counts = [len(np.unique(spans, axis=0)) for spans in (positive.enhancers, positive.promoters)]
    say(
        f"{cell.name}: {len(made):,} pairs, {len(positive)} joined by a loop, of {counts[0]} enhancers and {counts[1]} "
        f"promoters in {len(np.unique(positive.blocks))} blocks; {dropped} more lie across blocks and are left out"
    )
    return made


def looped(loops: Loops | None, enhancers: Spans, promoters: Spans) -> Mask:
    """Return (E, P) where a loop has an anchor on the enhancer and the other one on the promoter."""
    found = np.zeros((len(enhancers), len(promoters)), dtype=np.bool_)
    if loops is not None:
        for low, high in zip(loops.starts, loops.ends, strict=True):
            for a, b in ((0, 1), (1, 0)):
                there = (enhancers[:, 0] < high[a]) & (enhancers[:, 1] > low[a])
                found |= there[:, None] & ((promoters[:, 0] < high[b]) & (promoters[:, 1] > low[b]))
    return found
