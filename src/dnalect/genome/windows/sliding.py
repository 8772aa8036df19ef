"""The whole range over which an insertion or deletion can slide without changing its haplotype."""

import numpy as np

from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.tokens.bases import encode

STEP = 256


def over_its_range(variant: Variant, genome: Genome, longest: int) -> Variant:
    """Return the variant written over all places where it could stand, so that a window has no preference among them.

    A deleted A of AAAA becomes AAAA -> AAA: the same haplotype, and the same place from either strand. What
    is no pure insertion or deletion, or can't slide, is returned as it is. longest: bases that an allele may
    have; of a longer range the middle is taken.
    """
    moved = variant.ref if len(variant.ref) else variant.alt
    if not 0 < len(moved) < longest or min(len(variant.ref), len(variant.alt)):
        return variant
    room = _room_to_the_right(variant, genome)
    # As many bases at both ends, for the range to be the same from the other strand.
    spared = -(-max(0, room + len(moved) - longest) // 2)
    room -= 2 * spared
    if room <= 0 and not spared:
        return variant
    turned = np.roll(moved, -(spared % len(moved)))
    start = variant.start + spared
    end = start + len(variant.ref)
    shared = encode(genome.fetch(variant.contig, end, end + room))
    ref, alt = (turned if len(each) else each for each in (variant.ref, variant.alt))
    return Variant(
        variant.contig,
        start,
        end + len(shared),
        np.concatenate([ref, shared]),
        np.concatenate([alt, shared]),
        variant.tandem,
    )


def _room_to_the_right(variant: Variant, genome: Genome) -> int:
    """How far the bases after the variant continue its bases, repeated."""
    moved = variant.ref if len(variant.ref) else variant.alt
    length, shift = int(genome.lengths[variant.contig]), 0
    while variant.end + shift < length:
        low = variant.end + shift
        after = encode(genome.fetch(variant.contig, low, min(low + STEP, length)))
        agree = int(np.cumprod(after == moved[np.arange(shift, shift + len(after)) % len(moved)]).sum())
        shift += agree
        if agree < len(after):
            break
    return shift
