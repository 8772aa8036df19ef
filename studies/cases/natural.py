"""Natural promoter variants of yeast: do alleles with a large predicted effect on expression stay rare?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import open_genome
from dnalect.core import Figure
from dnalect.examples import matched, strata
from dnalect.stats import Draws, block_of, estimate
from dnalect.tokens import decode, encode, reverse_complement
from studies.data import file_of, substitutions

VARIANTS = "variants/yeast_promoter_variants_chrI-X.vcf.gz"
GENOME = "genomes/yeast_S288C.fa.gz"
# The constant ends of the measured promoters (Vaishnav 2022), and the bases between them.
LEFT, RIGHT, INSIDE = "TGCATTTTTTTCACATC", "GGTTACGGCTGTT", 80
LEAST_CALLED, COMMON = 200, 0.05
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Natural:
    """Substitutions (n,) of promoters: contig, 0-based position, kind of substitution, allele count and frequency.

    sequences (4 n,): reference and alternate on the forward strand, then both on the reverse strand.
    """

    contig: Numbers
    position: Numbers
    kind: Numbers
    count: Numbers
    frequency: Floats
    sequences: tuple[str, ...]

    def effect(self, expression: Floats) -> Floats:
        """Return the absolute change of expression (n,), the mean over the two orientations.

        The file does not say which way a promoter points. expression: of `sequences`.
        """
        each = expression.reshape(-1, 4)
        return np.asarray((np.abs(each[:, 1] - each[:, 0]) + np.abs(each[:, 3] - each[:, 2])) / 2)


def read_natural(data: Path, most: int | None = None) -> Natural:
    """Read the substitutions, each in the middle of 80 bases of the genome between the constant ends.

    most: so many common ones and as many singletons, drawn once; None for all.
    """
    path = file_of(data, VARIANTS)
    genome = open_genome(str(data / GENOME))
    rows, texts = [], []
    for each in substitutions(path, genome):
        if each.called >= LEAST_CALLED:
            low = each.position - INSIDE // 2
            window = encode(genome.fetch(each.contig, low, low + INSIDE))
            rows.append((each.contig, each.position, each.ref * 4 + each.alt, each.carriers, each.share))
            other = window.copy()
            other[INSIDE // 2] = each.alt
            both = (window, other, reverse_complement(window), reverse_complement(other))
            texts.append([LEFT + decode(codes) + RIGHT for codes in both])
    table = np.array(rows, dtype=np.float64)
    keep = np.arange(len(table))
    if most is not None:
        rng = np.random.default_rng(0)
        parts = [np.flatnonzero(mask) for mask in (table[:, 4] > COMMON, table[:, 3] == 1)]
        keep = np.sort(np.concatenate([rng.permutation(part)[:most] for part in parts]))
    contig, position, kind, count = table[keep, :4].astype(np.int64).T
    sequences = tuple(text for row in keep.tolist() for text in texts[row])
    return Natural(contig, position, kind, count, table[keep, 4], sequences)


def natural_figures(natural: Natural, effects: dict[str, list[Floats]]) -> list[Figure]:
    """Return, for everybody, how much better than chance the effect tells singletons from common alleles.

    AUROC of singletons over common ones, matched by kind of substitution, and the Spearman
    correlation of effect and frequency over all. effects: who -> one array (n,) a seed, of which the mean is
    taken. Units are blocks of 10 kb.
    """
    units = block_of(natural.contig, natural.position)
    rare, common = natural.count == 1, natural.frequency > COMMON
    pool = np.flatnonzero(rare | common)
    at = pool[matched(common[pool], strata(natural.kind[pool]), most=1)]
    some, every = Draws.of(units[at]), Draws.of(units)
    out = []
    for who, each in effects.items():
        effect = np.mean(each, axis=0)
        name = "natural promoter variants"
        ranked = estimate(some.auroc(effect[at], rare[at]))
        ordered = estimate(every.spearman(effect, natural.frequency))
        out.append(Figure(name, "singletons over common", who, "AUROC", len(at), ranked))
        out.append(Figure(name, "all", who, "Spearman with frequency", len(effect), ordered))
    return out
