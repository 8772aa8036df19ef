"""RefSeq as BEDs without strands, names or reading frames: what can be read off them all the same."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.genome import CodingSequence, Intervals, Region, own_name, read_bed
from studies.worth.bench import Bench

EXONS, GENES, STARTS, ENDS = (
    f"genomes/human_hg19_refseq/RefSeq{kind}.chr20_chrX.bed.gz" for kind in ("Exon", "Gene", "TSS", "TES")
)
ISLANDS = "genomes/human_hg19_refseq/CpGIsland.chr20_chrX.bed.gz"
# A frame is believed where it has this many codons, and this many times those of the next longest.
CODONS, TIMES = 100, 2
_FRAME = re.compile(r"M[^*X]*\*")

Codes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


def read_of(bench: Bench, region: Region, file: str) -> Intervals:
    """Return a BED's intervals on the region's contig. InputError where it has none."""
    path, name = bench.options.file(file), bench.genome.names[region.contig]
    known = read_bed(path)
    if (own := own_name(name, known)) not in known:
        raise InputError(f"{path} has nothing on {name}")
    return known[own]


def genes_of(bench: Bench, region: Region) -> Intervals:
    """Return the genes of the region's contig whose strand is known."""
    return stranded_genes(*(read_of(bench, region, file) for file in (GENES, STARTS, ENDS)))


def stranded_genes(genes: Intervals, starts: Intervals, ends: Intervals) -> Intervals:
    """Return the genes (of a BED without strands) whose ends tell the strand, with it, sorted and without doubles.

    starts, ends: single bases where transcripts start and end.
    """
    begins, stops = set(starts.starts.tolist()), set(ends.starts.tolist())
    rows = []
    for low, high in sorted(set(zip(genes.starts.tolist(), genes.ends.tolist(), strict=True))):
        forward = low in begins and high - 1 in stops
        if forward != (high - 1 in begins and low in stops):
            rows.append((low, high, forward))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Intervals(columns[0], columns[1], columns[2].astype(bool))


def first_transcripts(exons: Intervals, genes: Intervals) -> list[CodingSequence]:
    """Return the first transcript of every locus, whole: its positions are all of its bases, as they are transcribed.

    exons: in the order of the file, transcript by transcript, each exon once. So the first transcript of a locus has
    all of its exons in a row, from the start of a gene to its end; of a later one those that it shares are missing,
    and it is left out. genes: with their strands.
    """
    spans = list(zip(exons.starts.tolist(), exons.ends.tolist(), strict=True))
    ends: dict[int, dict[int, bool]] = {}
    for low, high, forward in zip(genes.starts.tolist(), genes.ends.tolist(), genes.forward.tolist(), strict=True):
        ends.setdefault(low, {})[high] = forward
    found, at, before = [], 0, np.zeros(int(exons.ends.max(initial=0)) + 1, dtype=bool)
    while at < len(spans):
        known, size = ends.get(spans[at][0], {}), 1
        while at + size < len(spans) and spans[at + size - 1][1] not in known and _follows(spans, at + size):
            size += 1
        low, high = spans[at][0], spans[at + size - 1][1]
        size = size if high in known else 1
        if high in known and not before[low:high].any():
            parts = [np.arange(start, end, dtype=np.int64) for start, end in spans[at : at + size]]
            positions = np.concatenate(parts)
            found.append(CodingSequence(f"{low}-{high}", known[high], positions if known[high] else positions[::-1]))
        for start, end in spans[at : at + size]:
            before[start:end] = True
        at += size
    return found


def _follows(spans: list[tuple[int, int]], at: int) -> bool:
    return spans[at][0] > spans[at - 1][1]


def longest_frame(transcript: CodingSequence, codes: Codes) -> tuple[CodingSequence | None, str]:
    """Return the longest frame from ATG to a stop, or None and what is wrong with it.

    codes: of the contig. It is believed with at least CODONS codons and TIMES those of the next longest one in any
    frame: by chance a transcript has several of about the same length.
    """
    frames = []
    for phase in range(3):
        shifted = replace(transcript, positions=transcript.positions[phase:])
        for each in _FRAME.finditer(shifted.protein(codes)):
            frames.append((each.end() - each.start(), shifted.positions[3 * each.start() : 3 * each.end()]))
    frames.sort(key=lambda frame: -frame[0])
    if not frames or frames[0][0] < CODONS:
        return None, f"no frame of {CODONS} codons"
    if len(frames) > 1 and frames[0][0] < TIMES * frames[1][0]:
        return None, f"the next longest frame has more than 1/{TIMES} of the codons"
    return replace(transcript, positions=frames[0][1]), ""


def coding_genes(bench: Bench, region: Region) -> tuple[list[CodingSequence], int, Counter[str]]:
    """Return the coding sequences of a region, of how many transcripts, and how many of these have which fault."""
    codes = bench.model.codes(Region(region.contig, 0, int(bench.genome.lengths[region.contig])))
    every = first_transcripts(read_of(bench, region, EXONS), genes_of(bench, region))
    inside = [t for t in every if region.start <= t.positions.min() and t.positions.max() < region.end]
    told = [longest_frame(transcript, codes) for transcript in inside]
    return [gene for gene, _ in told if gene], len(inside), Counter(fault for _, fault in told if fault)
