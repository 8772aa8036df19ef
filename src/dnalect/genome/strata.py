"""Which bases are coding, intergenic, of a promoter, repeated: the strata that figures are given for."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.genome.bed import Intervals
from dnalect.genome.fasta import Genome
from dnalect.genome.gff import Annotation
from dnalect.genome.names import own_name
from dnalect.genome.promoters import promoter_spans, starts_of
from dnalect.genome.regions import Region

Mask = npt.NDArray[np.bool_]
LOWER_CASE = ord("a")
# What `gene_strata` tells apart.
STRATA = ("coding", "intergenic", "promoter")


def covered(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], region: Region) -> Mask:
    """Return (len(region),) True where an interval [start, end) of the region's contig lies."""
    depth = np.zeros(len(region) + 1, dtype=np.int64)
    low, high = (np.clip(part - region.start, 0, len(region)) for part in (starts, ends))
    np.add.at(depth, low, 1)
    np.add.at(depth, high, -1)
    return np.cumsum(depth)[:-1] > 0


def named(genome: Genome, region: Region, known: Mapping[str, object]) -> str:
    """Return the name under which a file knows the region's contig: its own, else an alias."""
    return own_name(genome.names[region.contig], known)


def gene_strata(
    genome: Genome,
    regions: Sequence[Region],
    annotation: Annotation | None,
    starts: Mapping[str, Intervals] | None = None,
) -> dict[str, Mask]:
    """Return coding, intergenic and promoter masks over regions laid end to end; {} without a source.

    annotation: a GFF. starts: transcripts whose beginning, on their strand, is the measured
    TSS; without them the 5' end of each gene of the GFF is taken. coding: CDS. intergenic:
    in no gene. promoter: as `promoters` has it.
    """
    masks: dict[str, list[Mask]] = {}
    for region in regions:
        coding = np.zeros(len(region), dtype=bool)
        if annotation is not None:
            name = named(genome, region, annotation.spans)
            spans, genes = annotation.spans.get(name, {}), annotation.genes.get(name)
            coding = covered(spans["CDS"].starts, spans["CDS"].ends, region) if "CDS" in spans else coding
            masks.setdefault("coding", []).append(coding)
            if genes is not None:
                masks.setdefault("intergenic", []).append(~covered(genes.starts, genes.ends, region) & ~coding)
                if starts is None:
                    masks.setdefault("promoter", []).append(
                        covered(*promoter_spans(genes.tss, genes.forward), region) & ~coding
                    )
        if starts is not None:
            found = starts.get(named(genome, region, starts))
            promoter = np.zeros(len(region), dtype=bool)
            if found is not None:
                tss = starts_of(found.starts, found.ends, found.forward)
                promoter = covered(*promoter_spans(tss, found.forward), region) & ~coding
            masks.setdefault("promoter", []).append(promoter)
    return {name: np.concatenate(parts) for name, parts in masks.items() if len(parts) == len(regions)}


def interval_stratum(genome: Genome, regions: Sequence[Region], intervals: Mapping[str, Intervals]) -> Mask:
    """Return True over regions laid end to end where the intervals of a BED lie."""

    def mask(region: Region) -> Mask:
        found = intervals.get(named(genome, region, intervals))
        return np.zeros(len(region), dtype=bool) if found is None else covered(found.starts, found.ends, region)

    return np.concatenate([mask(region) for region in regions])


def soft_masked(genome: Genome, regions: Sequence[Region]) -> Mask:
    """Return True over regions laid end to end where the reference is soft-masked (lower case)."""
    return np.concatenate([genome.fetch(r.contig, r.start, r.end) >= LOWER_CASE for r in regions])
