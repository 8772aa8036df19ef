"""What variants do to the sites of known motifs, beside what the same would find in shuffled sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes, Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.motifs import Chances, Motif
from dnalect.genome.windows.alleles import haplotypes
from dnalect.inference.motif_hits import LONGEST, side_by_side
from dnalect.why.motifs.seqlets import RATE, false_discoveries
from dnalect.why.nulls import shuffled

# A site is weakened or strengthened where the chance of its match changes this many times.
FOLD = 10.0
# Bases on each side of a variant that are shuffled, and how often: at least, and of all variants together.
AROUND = 100
DRAWS, TOGETHER = 20, 1_000
# Haplotypes that are compared at a time.
_AT_ONCE = 512
Doubles = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MotifEffect:
    """A site that a variant weakens or strengthens.

    reference, alternate: how often a random place of the motif's background matches as well as the best one that holds
    a changed base, on either strand; 1 where nothing matches. q: the share of false ones among all effects that are as
    clear. score: the model's of the variant, ln p(alt) - ln p(ref) or a predicted change, None where there is none.
    """

    motif: Motif
    reference: float
    alternate: float
    q: float
    score: float | None = None

    @property
    def words(self) -> str:
        """Say it, e.g. "weakens a REB1 site: match p 2e-06 -> 0.03, model -3.1"."""
        verb = "weakens" if self.reference < self.alternate else "strengthens"
        article = "an" if self.motif.factor[:1].upper() in tuple("AEIOU") else "a"
        model = "" if self.score is None else f", model {self.score:+.1f}"
        chances = f"match p {self.reference:.1g} -> {self.alternate:.1g}"
        return f"{verb} {article} {self.motif.factor} site: {chances}{model}"


def motif_effects(
    motifs: Sequence[Motif],
    genome: Genome,
    variants: Sequence[Variant],
    scores: Sequence[float | None] | None = None,
    rate: float = RATE,
    seed: int = 1,
) -> list[MotifEffect | None]:
    """Return for each of n variants the clearest change of a motif's site, None where shuffled sequence has the like.

    Of each motif the best match over either allele counts, its chance times the number of places that it can lie in;
    the variant's is the least of all motifs whose match changes FOLD times or more. The null is the same with flanks
    shuffled, which keeps all pairs of neighbours; so the number of motifs, and how alike they are, is accounted for.
    Among the variants that are named at most a share `rate` is expected to be false (Benjamini and Hochberg 1995).

    motifs: at least one. scores: the model's (n,). Alleles of more than 1,000 bases have none.
    """
    asked = [n for n, each in enumerate(variants) if max(len(each.ref), len(each.alt)) <= LONGEST]
    found: list[MotifEffect | None] = [None] * len(variants)
    if not asked:
        return found
    clarity = _Clarity(motifs)
    chosen = [variants[n] for n in asked]
    best, which, chances = clarity.of([haplotypes(each, genome, clarity.flank) for each in chosen], chosen)
    null = np.sort(clarity.shuffled(chosen, genome, np.random.default_rng(seed)))
    p = (1 + np.searchsorted(null, best, side="right")) / (1 + len(null))
    for n, row, q in zip(asked, range(len(asked)), false_discoveries(p).tolist(), strict=True):
        if q <= rate and best[row] < 1:
            score = None if scores is None else scores[n]
            reference, alternate = chances[row].tolist()
            found[n] = MotifEffect(motifs[int(which[row])], reference, alternate, q, score)
    return found


class _Clarity:
    """How unlikely the clearest change of a site over a variant is, of many motifs at once."""

    def __init__(self, motifs: Sequence[Motif]):
        chances = [Chances.of(each) for each in motifs]
        self.widths = np.array([len(each.steps) for each in chances])
        self.flank = int(self.widths.max()) - 1
        # More than what any match has, so that none that holds an unknown base has a step.
        unknown = -float(max(len(each.p) for each in chances) + 1)
        self.tables, self.rows = side_by_side([each.steps for each in chances], unknown)
        self.p = np.concatenate([each.p for each in chances])
        self.starts = np.cumsum([0, *(len(each.p) for each in chances[:-1])])

    def of(self, pairs: Sequence[tuple[Codes, Codes]], variants: Sequence[Variant]) -> tuple[Doubles, Numbers, Doubles]:
        """Return the chance of the clearest change of n pairs of haplotypes (n,), whose it is, its matches' (n, 2)."""
        from dnalect.inference.motif_kernels import best_matches

        sizes = np.array([size for each in variants for size in (len(each.ref), len(each.alt))], dtype=np.int64)
        windows = [side for pair in pairs for side in pair]
        ends = np.cumsum([len(each) for each in windows])
        offsets = ends - [len(each) for each in windows]
        steps = best_matches(np.concatenate(windows), offsets, sizes, self.flank, self.tables, self.rows)
        p = self.p[self.starts + steps.astype(np.int64)]
        places = 2 * (self.widths + sizes[:, None] - 1)
        anywhere = -np.expm1(places * np.log1p(-np.minimum(p, 1 - 1e-12)))
        p, anywhere = p.reshape(len(variants), 2, -1), anywhere.reshape(len(variants), 2, -1)
        changed = p.max(axis=1) >= FOLD * p.min(axis=1)
        clear = np.where(changed, anywhere.min(axis=1), 1.0)
        which, rows = clear.argmin(axis=1), np.arange(len(variants))
        return clear[rows, which], which, p[rows, :, which]

    def shuffled(self, variants: Sequence[Variant], genome: Genome, rng: np.random.Generator) -> Doubles:
        """Return the chances of the clearest changes of all variants, many times, each time in other flanks."""
        found = []
        draws = max(DRAWS, -(-TOGETHER // len(variants)))
        around = max(AROUND, self.flank)
        for each in variants:
            whole, _ = haplotypes(each, genome, around)
            left, right = whole[:around], whole[len(whole) - around :]
            flanks = [
                (shuffled(left, rng)[around - self.flank :], shuffled(right, rng)[: self.flank]) for _ in range(draws)
            ]
            pairs = [(np.concatenate([a, each.ref, b]), np.concatenate([a, each.alt, b])) for a, b in flanks]
            for low in range(0, draws, _AT_ONCE):
                part = pairs[low : low + _AT_ONCE]
                found.append(self.of(part, [each] * len(part))[0])
        return np.concatenate(found)
