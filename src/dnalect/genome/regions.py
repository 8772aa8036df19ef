"""Regions of a genome: `contig` or `contig:start-end` as people write them, half-open inside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.genome.bed import read_bed
from dnalect.genome.fasta import Genome, contig_numbers
from dnalect.genome.names import ContigNames, split_region


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """contig: its number. start, end: 0-based, half-open."""

    contig: int
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


def format_region(region: Region, names: Sequence[str], lengths: Sequence[int] | npt.NDArray[np.int64]) -> str:
    """Return the text that split_region reads back; the plain name of a whole contig."""
    name = names[region.contig]
    if (region.start, region.end) == (0, int(lengths[region.contig])):
        return name
    return f"{name}:{region.start + 1}-{region.end}"


def parse_regions(genome: Genome, texts: Sequence[str]) -> list[Region]:
    """Return the regions of `texts` in their order.

    Raises FastaError for a contig that the genome lacks, InputError for a region that is
    empty or ends beyond its contig.
    """
    spans = [split_region(text, genome.index) for text in texts]
    numbers = contig_numbers(genome, [name for name, _, _ in spans])
    regions = []
    for text, (_, start, end), contig in zip(texts, spans, numbers, strict=True):
        length = int(genome.lengths[contig])
        stop = length if end is None else end
        if not 0 <= start < stop <= length:
            raise InputError(f"the region {text} does not lie within its contig of {length:,} bases")
        regions.append(Region(int(contig), start, stop))
    return regions


def read_regions(genome: Genome, texts: Sequence[str], rename: str | None = None) -> list[Region]:
    """Return the regions of `texts`, in their order: each a region as above, or the path of a BED.

    rename: as `ContigNames` has it. The name of a contig wins over a file of that name. Raises
    FastaError for a contig that the genome lacks, InputError for a text that is neither, a region
    beyond its contig, or a contig that the genome has under another name only.
    """
    found: list[Region] = []
    names = ContigNames(genome, rename, "the regions")
    for text in texts:
        name, start, end = split_region(text, genome.index)
        if name not in genome.index and Path(text).exists():
            found += _bed_regions(genome, text, names)
        elif (contig := names.number(name)) is not None:
            known = genome.names[contig]
            found += parse_regions(genome, [known if end is None else f"{known}:{start + 1}-{end}"])
        else:
            few = ", ".join(genome.names[:6]) + (" ..." if len(genome.names) > 6 else "")
            raise InputError(f"{text!r} is neither a BED file nor a region of {genome.path.name}, which has {few}")
    return found


def _bed_regions(genome: Genome, path: str, names: ContigNames) -> list[Region]:
    regions = []
    for name, intervals in read_bed(path).items():
        known = names.number(name)
        contig = genome.number(name) if known is None else known
        if (last := int(intervals.ends.max())) > (length := int(genome.lengths[contig])):
            raise InputError(f"{path}: an interval ends at {last:,}, beyond the {length:,} bases of {name}")
        spans = zip(intervals.starts.tolist(), intervals.ends.tolist(), strict=True)
        regions += [Region(contig, start, end) for start, end in spans if start < end]
    return regions


def merge(regions: Iterable[Region]) -> list[Region]:
    """Return the same bases as the fewest regions, sorted by contig and start."""
    merged: list[Region] = []
    for region in sorted(regions):
        last = merged[-1] if merged else None
        if last is not None and last.contig == region.contig and region.start <= last.end:
            merged[-1] = Region(last.contig, last.start, max(last.end, region.end))
        else:
            merged.append(region)
    return merged


def first_bases(regions: Iterable[Region], limit: int) -> list[Region]:
    """Return the first `limit` bases of some regions, in their order."""
    kept = []
    for region in regions:
        if limit > 0:
            kept.append(Region(region.contig, region.start, min(region.end, region.start + limit)))
            limit -= len(kept[-1])
    return kept


def subtract(regions: Iterable[Region], holes: Iterable[Region]) -> list[Region]:
    """Return what is left of `regions`, in order, when every base of `holes` is taken out."""
    cuts = sorted(holes)
    left = []
    for region in regions:
        at = region.start
        for hole in cuts:
            if hole.contig == region.contig and hole.end > at and hole.start < region.end:
                if hole.start > at:
                    left.append(Region(region.contig, at, hole.start))
                at = hole.end
        if at < region.end:
            left.append(Region(region.contig, at, region.end))
    return left


def overlap(one: Iterable[Region], other: Iterable[Region]) -> Region | None:
    """Return the first region of `one` that shares a base with any of `other`, or None."""
    others = list(other)
    for region in one:
        for each in others:
            if region.contig == each.contig and region.start < each.end and each.start < region.end:
                return region
    return None
