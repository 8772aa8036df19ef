"""Random structural variants of a class and size, from the reference itself."""

import numpy as np

from dnalect.core.structures import NOTHING, Junction, Rearrangement, Side
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import Rules
from dnalect.genome.windows.rearranged import deletion, duplication, inversion, placed
from dnalect.tokens.bases import UNKNOWN, encode


def rearrangement(
    genome: Genome, group: str, contig: int, start: int, size: int, reach: int, rng: np.random.Generator
) -> Rearrangement | None:
    """Return a random one of a class that begins at a place, or None where there is no room, or no score.

    reach: bases around a junction that a score depends on; two sides may share as many.
    """
    end, length = start + size, int(genome.lengths[contig])
    if group != "sv_insertion" and end > length:
        return None
    if group == "sv_inversion":
        made = inversion(contig, start, end)
    elif group == "sv_breakend":
        made = [inversion(contig, start, end)[int(rng.integers(2))]]
    elif group == "sv_duplication":
        made = [duplication(contig, start, end)]
    elif group == "sv_deletion":
        made = [deletion(contig, start, end)]
    else:
        other, at = _elsewhere(genome, rng)
        if group == "sv_insertion":
            added = encode(genome.fetch(other, at, at + size))
            if (added == UNKNOWN).any():
                return None
            made = [Junction(Side(contig, start), Side(contig, start), added)]
        elif other == contig:
            return None
        else:
            made = [Junction(Side(contig, start), Side(other, at, bool(rng.integers(2))), NOTHING)]
    found = placed(made, genome, Rules(reach, reach))
    return None if isinstance(found, str) else found


def _elsewhere(genome: Genome, rng: np.random.Generator) -> tuple[int, int]:
    """A random contig and position, every base equally likely."""
    at = int(rng.integers(len(genome.bases)))
    contig = int(np.searchsorted(genome.offsets, at, side="right")) - 1
    return contig, at - int(genome.offsets[contig])
