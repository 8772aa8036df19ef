"""Which motif a variant makes or breaks: docs/files.md, "Motifs"."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.records import MotifChange, Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.motifs import P_VALUE, Motif, threshold
from dnalect.tokens.bases import encode

SITES = f"sites: matches with p at most {P_VALUE:g} and at least half of the bits of the best one"
# Alleles with more bases have no motif: thousands of places change at once.
LONGEST = 1000
# Bits of a row with an unknown base.
_NEVER = -100.0


class MotifHits:
    """Looks for the motif whose best match over a variant changes most between the haplotypes.

    Matches are log-odds against the motif's background, in bits, on either strand; below 0 they
    count as 0. Over a variant lie those that hold a changed base or, where none is left, span the join.
    """

    def __init__(self, motifs: Sequence[Motif], genome: Genome, p_value: float = P_VALUE):
        self.genome = genome
        self.names = [motif.name for motif in motifs]
        tables = [motif.bits() for motif in motifs]
        self.thresholds = np.array([threshold(motif, p_value) for motif in motifs])
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
