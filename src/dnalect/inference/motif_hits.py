"""Which motif a variant makes or breaks: docs/files.md, "Motifs"."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.measures import MotifChange
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.motifs import P_VALUE, Motif, threshold
from dnalect.genome.windows.alleles import haplotypes

SITES = f"sites: matches with p at most {P_VALUE:g} and at least half of the bits of the best one"
Rows = npt.NDArray[np.int64]
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
        self.genome, self.motifs = genome, tuple(motifs)
        self.thresholds = np.array([threshold(motif, p_value) for motif in motifs])
        self._tables, self._rows = side_by_side([motif.bits() for motif in motifs], _NEVER)
        self._flank = int(np.diff(self._rows).max()) - 1

    def changes(self, variants: Sequence[Variant]) -> list[MotifChange | None]:
        """Return the change of each variant, None where no motif has a site with either allele, or none changes."""
        from dnalect.inference.motif_kernels import largest_changes

        asked = [n for n, v in enumerate(variants) if max(len(v.ref), len(v.alt)) <= LONGEST]
        found: list[MotifChange | None] = [None] * len(variants)
        if not asked:
            return found
        windows = [side for n in asked for side in haplotypes(variants[n], self.genome, self._flank)]
        ends = np.cumsum([len(window) for window in windows])
        offsets = (ends - [len(window) for window in windows]).reshape(-1, 2)
        sizes = np.array([(len(variants[n].ref), len(variants[n].alt)) for n in asked], dtype=np.int64)
        thresholds = self.thresholds.astype(np.float32)
        which, bits = largest_changes(
            np.concatenate(windows), offsets, sizes, self._flank, self._tables, self._rows, thresholds
        )
        for n, number, (was, remains) in zip(asked, which.tolist(), bits.tolist(), strict=True):
            if number >= 0:
                motif = self.motifs[number]
                found[n] = MotifChange(motif.name, was, remains, float(thresholds[number]), motif.other)
        return found


def side_by_side(tables: Sequence[npt.NDArray[Any]], unknown: float) -> tuple[npt.NDArray[np.float32], Rows]:
    """Return tables (w, 4) of motifs as the compiled code reads them.

    That is (2, rows, 5), on the forward and on the reverse strand, what an unknown base counts last; and where each
    begins (M + 1,).
    """
    both = [np.concatenate(tables), np.concatenate([table[::-1, ::-1] for table in tables])]
    last = np.full((2, len(both[0]), 1), unknown)
    return np.concatenate([np.stack(both), last], axis=2).astype(np.float32), np.cumsum([0, *map(len, tables)])
