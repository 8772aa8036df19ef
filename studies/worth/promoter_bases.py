"""Natural variants of yeast promoters and the bases they lie among; how often what mutates there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.baselines import CrossFittedMutability
from dnalect.genome import Region, bases_around, parse_regions
from studies.worth.bench import Bench
from studies.worth.snvs import FLANK, Snvs, read_snvs

VARIANTS = "variants/yeast_promoter_variants_chrI-X.vcf.gz"
CONTIGS = tuple(f"chr{number}" for number in "I II III IV V VI VII VIII IX X".split())
# With fewer isolates than this an allele that is seen once could be a common one.
LEAST_CALLED = 200
SPAN = 80

Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Promoters:
    """Variants (n,), the promoter of each (n,), and all bases from the first to the last variant of each promoter.

    contig, position, around, promoter: of those bases, (s,) and windows (s, 7).
    """

    snvs: Snvs
    number: Numbers
    contig: Numbers
    position: Numbers
    around: Codes
    promoter: Numbers


def promoter_numbers(snvs: Snvs) -> Numbers:
    """Return which promoter each variant is of (n,): neighbours within 80 bp with the same number of isolates."""
    number = np.zeros(len(snvs), dtype=np.int64)
    first = 0
    for at in range(1, len(snvs)):
        same = snvs.contig[at] == snvs.contig[first] and snvs.total[at] == snvs.total[first]
        if not (same and snvs.position[at] - snvs.position[first] < SPAN):
            first = at
        number[at] = first
    return np.unique(number, return_inverse=True)[1]


def read_promoters(bench: Bench, regions: Sequence[Region]) -> Promoters:
    """Read the variants of the regions, less those that few isolates were called at."""
    snvs = read_snvs(bench.options.file(VARIANTS), bench, regions)
    snvs = snvs.take(snvs.total >= LEAST_CALLED)
    number = promoter_numbers(snvs)
    first = np.flatnonzero(np.diff(number, prepend=-1))
    last = np.append(first[1:], len(snvs)) - 1
    sizes = snvs.position[last] - snvs.position[first] + 1
    promoter = np.repeat(np.arange(len(first)), sizes)
    begins = np.cumsum(sizes) - sizes
    position = snvs.position[first][promoter] + np.arange(len(promoter)) - begins[promoter]
    contig = snvs.contig[first][promoter]
    return Promoters(snvs, number, contig, position, contexts(bench, contig, position), promoter)


def pool(found: Promoters) -> tuple[Snvs, Numbers]:
    """Return every substitution of every base of the promoters, and the promoter of each (n,).

    Its count is that of the natural variant, 0 where none was seen. A base of two promoters
    counts for the first.
    """
    key, first = np.unique(found.contig << 32 | found.position, return_index=True)
    ref = np.repeat(found.around[first, FLANK], 3)
    alt = (ref + np.tile([1, 2, 3], len(first))) % 4
    seen = (found.snvs.contig << 32 | found.snvs.position) * 4 + found.snvs.alt
    order = np.argsort(seen)
    asked = np.repeat(key, 3) * 4 + alt
    at = order[np.minimum(np.searchsorted(seen, asked, sorter=order), len(seen) - 1)]
    natural = seen[at] == asked
    columns = {name: np.where(natural, getattr(found.snvs, name)[at], 0) for name in ("count", "total", "polarity")}
    snvs = Snvs(np.repeat(key >> 32, 3), np.repeat(key & 0xFFFFFFFF, 3), ref, alt.astype(np.uint8), **columns)
    return snvs, np.repeat(found.promoter[first], 3)


def contexts(bench: Bench, contig: Numbers, position: Numbers) -> Codes:
    """Return the windows (n, 7) around positions of any contigs; no model is asked."""
    around = np.zeros((len(position), 2 * FLANK + 1), dtype=np.uint8)
    for number in np.unique(contig):
        own = contig == number
        whole = Region(int(number), 0, int(bench.genome.lengths[number]))
        around[own] = bases_around(bench.model.codes(whole), position[own], FLANK)
    return around


def mutability(bench: Bench) -> CrossFittedMutability:
    """Return the rates at which the singletons of all promoters arose, for any contig from the other contigs.

    Singletons are young: selection has had the least time to remove them.
    """
    found = read_promoters(bench, parse_regions(bench.genome, CONTIGS))
    rare = found.snvs.take(found.snvs.count == 1)
    around = contexts(bench, rare.contig, rare.position)
    return CrossFittedMutability(around, rare.alt, rare.contig, found.around, found.contig)
