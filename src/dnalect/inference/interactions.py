"""Near variants of one haplotype as one allele: interaction = joint score - sum of the single scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnalect.core.records import Variant
from dnalect.core.reporter import phase
from dnalect.genome.fasta import Genome
from dnalect.genome.names import ContigNames
from dnalect.genome.phased import NearSet
from dnalect.genome.vcf import Record
from dnalect.genome.windows.alleles import Rules, normalise, resolve
from dnalect.inference.likelihood import LONGEST_MNV
from dnalect.inference.scorer import Scorer
from dnalect.tokens.bases import encode

# Nats from which on a set is flagged in the ranking.
INTERACTING = 0.5
CHUNK = 512
OVERLAPPING, MIXED = "overlapping", "mixed_formulas"


@dataclass(frozen=True)
class Joint:
    """A set of near alleles, scored as one.

    joint, singles, interaction: nats, None where there is a reason: that of the allele that
    can't be scored, "overlapping", "too_long", or "mixed_formulas" (then joint and singles
    are there, but their difference would compare two formulas).
    """

    near: NearSet
    kind: str = ""
    joint: float | None = None
    singles: tuple[float, ...] = ()
    interaction: float | None = None
    reason: str = ""

    @property
    def interacting(self) -> bool:
        """Whether the interaction is strong enough to be flagged."""
        return self.interaction is not None and abs(self.interaction) >= INTERACTING


def joined(variants: Sequence[Variant], genome: Genome) -> Variant | str:
    """Return one variant that makes all of them at once, or "overlapping".

    variants: of one contig, in any order. The reference bases between them are part of it.
    """
    ordered = sorted(variants, key=lambda each: (each.start, each.end))
    contig, start = ordered[0].contig, ordered[0].start
    parts, at = [], start
    for each in ordered:
        if each.start < at:
            return OVERLAPPING
        parts += [encode(genome.fetch(contig, at, each.start)), each.alt]
        at = each.end
    return normalise(contig, start, encode(genome.fetch(contig, start, at)), np.concatenate(parts), genome)


def interactions(sets: Sequence[NearSet], scorer: Scorer, names: ContigNames) -> list[Joint]:
    """Score every set jointly and its alleles singly, with one scorer; in the order given.

    Substitutions of at most 16 differing bases are of one formula, all else of another
    (docs/scores.md): a set that mixes them has no interaction.
    """
    found: list[Joint] = []
    with phase("haplotypes", len(sets), "sets") as bar:
        for low in range(0, len(sets), CHUNK):
            found += _chunk(sets[low : low + CHUNK], scorer, names)
            bar.update(len(sets[low : low + CHUNK]))
    return found


def _chunk(sets: Sequence[NearSet], scorer: Scorer, names: ContigNames) -> list[Joint]:
    made = [_variants(each, scorer, names) for each in sets]
    flat = list({_identity(v): v for each in made if not isinstance(each, str) for v in each}.values())
    scores = scorer.score(flat)
    values = {_identity(v): score for v, score in zip(flat, scores, strict=True)}
    out = []
    for near, each in zip(sets, made, strict=True):
        if isinstance(each, str):
            out.append(Joint(near, reason=each))
            continue
        singles, joint = each[:-1], each[-1]
        wanted = [values[_identity(v)] for v in each]
        numbers = [score.value for score in wanted if score.value is not None]
        if len(numbers) < len(wanted):
            out.append(Joint(near, joint.kind, reason=next(score.reason for score in wanted if score.value is None)))
            continue
        formulas = {(_substitution(v), "pseudo_likelihood" in values[_identity(v)].flags) for v in each}
        interaction = numbers[-1] - sum(numbers[:-1]) if len(formulas) == 1 else None
        reason = MIXED if interaction is None else ""
        out.append(Joint(near, joint.kind, numbers[-1], tuple(numbers[: len(singles)]), interaction, reason))
    return out


def _variants(near: NearSet, scorer: Scorer, names: ContigNames) -> list[Variant] | str:
    """The single variants, then the joint one; or why there is none."""
    found, rules = [], Rules(scorer.longest_allele, scorer.reach)
    for contig, position, ref, alt in near.alleles:
        record = Record(contig, position - 1, ".", ref, (alt,))
        (each,) = resolve(record, names.number(contig), scorer.genome, rules)
        if isinstance(each, str):
            return str(each)
        found.append(each)
    joint = joined(found, scorer.genome)
    if isinstance(joint, str):
        return joint
    return [*found, joint] if max(len(joint.ref), len(joint.alt)) <= scorer.longest_allele else "too_long"


def _identity(variant: Variant) -> tuple[int, int, int, bytes]:
    return variant.contig, variant.start, variant.end, variant.alt.tobytes()


def _substitution(variant: Variant) -> bool:
    return len(variant.ref) == len(variant.alt) and int((variant.ref != variant.alt).sum()) <= LONGEST_MNV
