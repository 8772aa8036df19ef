"""Which motif a variant makes or breaks: docs/files.md, "Motifs"."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.records import MotifChange, Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.motifs import Motif
from dnalect.tokens.bases import encode

# A match is a site if one strand of a random place matches as well with at most this probability.
P_VALUE = 1e-4
SITES = f"sites: matches with p at most {P_VALUE:g} and at least half of the bits of the best one"
# Alleles with more bases have no motif: thousands of places change at once.
LONGEST = 1000
# Bits of a row with an unknown base.
_NEVER = -100.0
# Parts of a bit in which the distribution of random matches is counted.
_PARTS = 50

Floats = npt.NDArray[np.float64]


class MotifHits:
    """Looks for the motif whose best match over a variant changes most between the haplotypes.

    Matches are log-odds against the motif's background, in bits, on either strand; below 0 they
    count as 0. Over a variant lie those that hold a changed base or, where none is left, span the join.
    """

    def __init__(self, motifs: Sequence[Motif], genome: Genome, p_value: float = P_VALUE):
        self.genome = genome
        self.names = [motif.name for motif in motifs]
        tables = [motif.log_odds() / np.log(2) for motif in motifs]
        self.thresholds = np.array([threshold(t, m, p_value) for t, m in zip(tables, motifs, strict=True)])
        self._rows = np.cumsum([0, *map(len, tables)])
        self._flank = max(map(len, tables)) - 1
        both = [np.concatenate(tables), np.concatenate([table[::-1, ::-1] for table in tables])]
        unknown = np.full((2, len(both[0]), 1), _NEVER)
        self._tables = np.concatenate([np.stack(both), unknown], axis=2).astype(np.float32)

    def changes(self, variants: Sequence[Variant]) -> list[MotifChange | None]:
        """Return the change of each variant, None where no motif has a site with either allele, or none changes."""
        from dnalect.inference.motif_kernels import largest_changes

        asked = [n for n, v in enumerate(variants) if max(len(v.ref), len(v.alt)) <= LONGEST]
        found: list[MotifChange | None] = [None] * len(variants)
        if not asked:
            return found
        windows = [side for n in asked for side in self._haplotypes(variants[n])]
        ends = np.cumsum([len(window) for window in windows])
        offsets = (ends - [len(window) for window in windows]).reshape(-1, 2)
        sizes = np.array([(len(variants[n].ref), len(variants[n].alt)) for n in asked], dtype=np.int64)
        thresholds = self.thresholds.astype(np.float32)
        which, bits = largest_changes(
            np.concatenate(windows), offsets, sizes, self._flank, self._tables, self._rows, thresholds
        )
        for n, motif, (was, remains) in zip(asked, which.tolist(), bits.tolist(), strict=True):
            if motif >= 0:
                found[n] = MotifChange(self.names[motif], was, remains, float(thresholds[motif]))
        return found

    def _haplotypes(self, variant: Variant) -> list[npt.NDArray[np.uint8]]:
        """REF and ALT with the same flanks: any motif that touches the allele fits in."""
        left = encode(self.genome.fetch(variant.contig, variant.start - self._flank, variant.start))
        right = encode(self.genome.fetch(variant.contig, variant.end, variant.end + self._flank))
        return [np.concatenate([left, allele, right]) for allele in (variant.ref, variant.alt)]


def threshold(table: Floats, motif: Motif, p_value: float) -> float:
    """Return the bits that a random place reaches with at most this probability, and at least half of the best match.

    table: (w, 4) in bits. Random bases have the motif's background. Where even the best match is
    likelier, as that of short motifs is, the best match alone is a site.
    """
    steps = np.round(table * _PARTS).astype(np.int64)
    steps -= (lowest := steps.min(axis=1))[:, None]
    shares = np.ones(1)
    for row in steps:
        longer = np.zeros(len(shares) + row.max())
        for step, share in zip(row, motif.background, strict=True):
            longer[step : step + len(shares)] += share * shares
        shares = longer
    rare = np.flatnonzero(np.cumsum(shares[::-1])[::-1] <= p_value)
    # Rounding must not shut the best match itself out.
    best = float(table.max(axis=1).sum()) - 1e-4
    return max(min(float(rare[0] + lowest.sum()) / _PARTS, best) if len(rare) else best, best / 2)
