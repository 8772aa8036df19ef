"""Kinds of sequence that a model may treat unlike: by region, base content, repeats, distance from genes, strand."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dnalect.genome.bed import Intervals
from dnalect.genome.fasta import Genome
from dnalect.genome.gff import Annotation
from dnalect.genome.regions import Region
from dnalect.genome.strata import Mask, covered, gene_strata, named, soft_masked
from dnalect.genome.substitutions import local_mean
from dnalect.tokens.bases import UNKNOWN, encode

# Bases on each side whose G and C count, and bounds of their share.
AROUND, SHARES = 100, (0.35, 0.45, 0.55)
# Bases from the nearest gene.
DISTANCES = (500, 2_000, 10_000)
# Equal bases in a row that are a run.
RUN = 6
SIDES = {"+": "genes on the + strand", "-": "genes on the - strand"}

Codes = npt.NDArray[np.uint8]
# Question -> its kinds, which share no base.
Kinds = dict[str, dict[str, Mask]]


def kinds_of(
    genome: Genome,
    regions: Sequence[Region],
    annotation: Annotation | None = None,
    starts: Mapping[str, Intervals] | None = None,
) -> Kinds:
    """Return masks over regions laid end to end. annotation, starts: as `gene_strata` takes them."""
    codes = [encode(genome.fetch(each.contig, each.start, each.end)) for each in regions]
    found: Kinds = {"G and C within 100 bases": _by_content(codes), "CpG": _cpg(codes), "repeats": _repeats(codes)}
    masked = soft_masked(genome, regions)
    if masked.any() and not masked.all():
        found["soft-masked"] = {"lower case": masked, "upper case": ~masked}
    strata = gene_strata(genome, regions, annotation, starts)
    if strata:
        rest = ~np.any(list(strata.values()), axis=0)
        coding, promoter = (strata.get(name, np.zeros_like(rest)) for name in ("coding", "promoter"))
        between = strata.get("intergenic", np.zeros_like(rest)) & ~promoter
        parts = {"coding": coding, "promoter": promoter, "between genes": between, "genes, not coding": rest}
        found["region"] = {name: mask for name, mask in parts.items() if mask.any()}
    if annotation is not None:
        found |= _by_genes(genome, regions, annotation)
    return found


def _by_content(codes: Sequence[Codes]) -> dict[str, Mask]:
    share = np.concatenate([local_mean(np.where(c == UNKNOWN, np.nan, (c == 1) | (c == 2)), AROUND) for c in codes])
    place = np.searchsorted(SHARES, share, side="right")
    bounds = ["0", *(f"{each:.0%}"[:-1] for each in SHARES), "100"]
    known = np.isfinite(share)
    return {f"{low}-{high}%": known & (place == n) for n, (low, high) in enumerate(pairwise(bounds))}


def _cpg(codes: Sequence[Codes]) -> dict[str, Mask]:
    masks = []
    for each in codes:
        pairs = (each[:-1] == 1) & (each[1:] == 2)
        masks.append(np.append(pairs, False) | np.insert(pairs, 0, False))
    inside = np.concatenate(masks)
    letters = np.concatenate(list(codes))
    return {"C or G of a CpG": inside, "other C and G": ~inside & ((letters == 1) | (letters == 2))}


def _repeats(codes: Sequence[Codes]) -> dict[str, Mask]:
    """Runs of one base, and of two in turn; what else is repeated is told by whoever knows the training regions."""
    runs, pairs = (np.concatenate([_copies(each, period) for each in codes]) for period in (1, 2))
    return {"runs of one base": runs, "two bases in turn": pairs & ~runs, "neither": ~runs & ~pairs}


def _copies(codes: Codes, period: int) -> Mask:
    """Whether a base lies in RUN or more (of period 2, RUN + 2) that repeat what stands `period` before."""
    same = np.concatenate([np.zeros(period, bool), (codes[period:] == codes[:-period]) & (codes[period:] < UNKNOWN)])
    edges = np.flatnonzero(np.diff(same, prepend=False, append=False)).reshape(-1, 2)
    long = edges[edges[:, 1] - edges[:, 0] >= RUN - 1 + (period - 1) * 2]
    return covered(long[:, 0] - period, long[:, 1], Region(0, 0, len(codes)))


def _by_genes(genome: Genome, regions: Sequence[Region], annotation: Annotation) -> Kinds:
    apart, sides = [], []
    for region in regions:
        genes = annotation.genes.get(named(genome, region, annotation.spans))
        if genes is None:
            apart.append(np.full(len(region), np.iinfo(np.int64).max))
            sides.append(np.zeros(len(region), dtype=np.int8))
            continue
        apart.append(_apart(genes.starts, genes.ends, region))
        forward, reverse = (
            covered(genes.starts[way], genes.ends[way], region) for way in (genes.forward, ~genes.forward)
        )
        sides.append(forward.astype(np.int8) - reverse)
    place = np.searchsorted(DISTANCES, np.concatenate(apart), side="right")
    inside = np.concatenate(apart) == 0
    bounds = [0, *DISTANCES]
    names = [f"{low:,}-{high:,} bases" for low, high in pairwise(bounds)]
    distance = {"in a gene": inside}
    distance |= {
        name: (place == number) & ~inside for number, name in enumerate([*names, f"{bounds[-1]:,} bases or more"])
    }
    side = np.concatenate(sides)
    return {"distance from genes": distance, "strand": {SIDES["+"]: side > 0, SIDES["-"]: side < 0}}


def _apart(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], region: Region) -> npt.NDArray[np.int64]:
    """Bases to the nearest gene (L,), 0 in one."""
    at = np.arange(region.start, region.end)
    inside = covered(starts, ends, region)
    firsts, lasts = np.sort(starts), np.sort(ends)
    after, before = np.searchsorted(firsts, at, side="right"), np.searchsorted(lasts, at, side="right")
    none = np.iinfo(np.int64).max
    next_one = (
        np.where(after < len(firsts), firsts[np.minimum(after, len(firsts) - 1)] - at, none) if len(firsts) else none
    )
    last_one = np.where(before > 0, at - lasts[np.maximum(before - 1, 0)] + 1, none) if len(lasts) else none
    return np.where(inside, 0, np.minimum(next_one, last_one))
