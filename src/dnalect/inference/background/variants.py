"""Random variants of a group and band of lengths, from the reference itself."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes, Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import edge, normalise
from dnalect.inference.background.strata import STRUCTURES, lengths_of, stratum
from dnalect.inference.background.structures import rearrangement
from dnalect.tokens.bases import UNKNOWN, encode

# Variants of a block: the sites of SNVs, each with its three substitutions, structural variants, and all others.
SITES, STRUCTURAL, OTHERS = 32, 4, 8
# Folders that are tried for each variant of a block before the block stays short.
TRIES = 50
# Bases in which the next tandem copy is looked for.
AHEAD = 4096
Maker = Callable[[Genome, int, int, int, np.random.Generator], Variant | None]


def size_of(group: str) -> int:
    """Return the variants of a whole block, the sites of SNVs."""
    return SITES if group == "snv" else STRUCTURAL if group in STRUCTURES else OTHERS


def block(genome: Genome, group: str, band: int, longest: int, reach: int, rng: np.random.Generator) -> list[Variant]:
    """Return one block of random variants, fewer than usual or none where the reference has few.

    longest: bases that an allele may have. reach: bases on each side that must not all be unknown.
    """
    make, wanted = _MAKERS.get(group), size_of(group)
    low, high = lengths_of(band)
    high = min(high, longest)
    found: list[Variant] = []
    made = 0
    for contig, start in _places(genome, TRIES * wanted, rng) if low <= high else ():
        # Short ones are the more frequent, as among real variants: a length is drawn by its logarithm.
        size = min(high, int(np.exp(rng.uniform(np.log(low), np.log(high + 1)))))
        if make is None:
            variant: Variant | None = rearrangement(genome, group, contig, start, size, reach, rng)
        else:
            variant = make(genome, contig, start, size, rng)
        # An inverted junction that slides changes its size.
        slid = variant is not None and group in ("sv_inversion", "sv_breakend")
        if variant is None or stratum(variant) != (group, variant.changed if slid else size):
            continue
        if group not in STRUCTURES and edge(variant, genome, int(genome.lengths[contig]), reach):
            continue
        found += _substitutions(variant) if group == "snv" else [variant]
        made += 1
        if made == wanted:
            break
    return found


def _places(genome: Genome, count: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Random (contig, position) pairs, every base equally likely."""
    at = rng.integers(len(genome.bases), size=count)
    contigs = np.searchsorted(genome.offsets, at, side="right") - 1
    return zip(contigs.tolist(), (at - genome.offsets[contigs]).tolist(), strict=True)


def _known(genome: Genome, contig: int, start: int, length: int) -> Codes | None:
    codes = encode(genome.fetch(contig, start, start + length))
    return None if (codes == UNKNOWN).any() else codes


def _substitutions(variant: Variant) -> list[Variant]:
    ref = int(variant.ref[0])
    alts = [np.array([base], dtype=np.uint8) for base in range(4) if base != ref]
    return [Variant(variant.contig, variant.start, variant.end, variant.ref, alt) for alt in alts]


def _mnv(genome: Genome, contig: int, start: int, size: int, rng: np.random.Generator) -> Variant | None:
    ref = _known(genome, contig, start, size)
    if ref is None:
        return None
    alt = ((ref + rng.integers(1, 4, size=size)) % 4).astype(np.uint8)
    return normalise(contig, start, ref, alt, genome)


def _deletion(genome: Genome, contig: int, start: int, size: int, rng: np.random.Generator) -> Variant | None:
    ref = _known(genome, contig, start, size)
    return None if ref is None else normalise(contig, start, ref, ref[:0], genome)


def _contraction(genome: Genome, contig: int, start: int, size: int, rng: np.random.Generator) -> Variant | None:
    """The next deletion of a tandem copy."""
    codes = encode(genome.fetch(contig, start, start + AHEAD + 2 * size))
    same = (codes[:-size] == codes[size:]) & (codes[size:] != UNKNOWN)
    total: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(same)])
    repeats = np.flatnonzero(total[size:] - total[:-size] == size)
    return _deletion(genome, contig, start + int(repeats[0]), size, rng) if len(repeats) else None


def _duplication(genome: Genome, contig: int, start: int, size: int, rng: np.random.Generator) -> Variant | None:
    copy = _known(genome, contig, start, size)
    return None if copy is None else normalise(contig, start, copy[:0], copy, genome)


def _insertion(genome: Genome, contig: int, start: int, size: int, rng: np.random.Generator) -> Variant | None:
    """Bases from elsewhere in the reference, so that their composition is a real one."""
    added = _known(genome, *next(_places(genome, 1, rng)), size)
    return None if added is None else normalise(contig, start, added[:0], added, genome)


_MAKERS: dict[str, Maker] = {
    "snv": _mnv,
    "mnv": _mnv,
    "mnv_long": _mnv,
    "insertion": _insertion,
    "insertion_tandem": _duplication,
    "deletion": _deletion,
    "deletion_tandem": _contraction,
}
