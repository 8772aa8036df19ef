"""Scores of a leave-one-out model that reads relatives: "llr-aligned-1" (docs/scores.md)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ModelError
from dnalect.core.measures import Distances, Influence
from dnalect.core.records import Codes, Score, Variant
from dnalect.core.structures import Rearrangement
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.likelihood.scorers import LeaveOneOutScorer
from dnalect.models.model import Model
from dnalect.relatives.laid import Relatives
from dnalect.tokens.laid import Laid, of_another

Folders = npt.NDArray[np.int64]


class AlignedScorer(LeaveOneOutScorer):
    """A leave-one-out scorer whose windows have the bases of relatives laid on them.

    A substitution leaves the relatives as they are. What is inserted has none, and with a deleted base go those on it;
    of an indel that can slide the mean of its leftmost and its rightmost place is taken, so that strands agree.
    """

    definition = "llr-aligned-1"

    def __init__(self, model: Model, relatives: Relatives, flank: int | None = None, batch: int | None = None):
        super().__init__(model, relatives.genome, flank, batch)
        self.relatives = relatives

    @property
    def identity(self) -> str:
        """Names model, method and relatives: equal ones give equal numbers."""
        return f"{super().identity} {self.relatives.checksum}"

    def distances(self, variants: Sequence[Variant]) -> list[Distances]:
        """Raise ModelError: not told with relatives."""
        raise self._without("distance")

    def influences(self, variants: Sequence[Variant]) -> list[Influence]:
        """Raise ModelError: not told with relatives."""
        raise self._without("influence")

    def junctions(self, variants: Sequence[Rearrangement]) -> list[tuple[float, ...]]:
        """Raise ModelError: not told with relatives."""
        raise self._without("junction")

    def _without(self, score: str) -> ModelError:
        return ModelError(f"{self.model.card.id} reads relatives, and has no score {score!r} with them, but llr")

    def _read(self, contigs: Folders, starts: Folders, length: int) -> Laid:
        return self.relatives.windows(contigs, starts, length)

    def _cut(self, contig: int, low: int, high: int) -> Laid:
        return self.relatives.codes(contig, low, high)

    def _indels(self, variants: Sequence[Variant]) -> list[Score]:
        """The mean over both ends of the range that each can slide over."""
        haplotypes = [self._haplotypes(over_its_range(v, self.genome, self.longest_allele)) for v in variants]
        reference, first, last = zip(*haplotypes, strict=True)
        values = self._gained([*reference, *reference], [*first, *last])
        means = values.reshape(2, -1).mean(0).tolist()
        return [Score(v, kind=each.kind, flags=each.flags) for v, each in zip(means, variants, strict=True)]

    def _haplotypes(self, variant: Variant) -> tuple[Laid, Laid, Laid]:
        """The window of the reference, and that of the alternate with the indel at the left and right end."""
        around = self._cut(variant.contig, variant.start - self.flank, variant.end + self.flank)
        left, right = around[: self.flank], around[len(around) - self.flank :]
        ref = around[self.flank : len(around) - self.flank]
        first, last = (np.concatenate([left, each, right]) for each in alternates(ref, variant.alt))
        return around, first, last


def alternates(ref: Laid, alt: Codes) -> tuple[Laid, Laid]:
    """Return an alternate allele with the relatives that stay: as if it had changed at its left end, and at its right.

    ref: (n,) laid. alt: (m,) base codes. Of alleles of one length the relatives stay; of others whose shorter one is
    an end of the longer one, those of the bases that are shared.
    """
    fewer, plain = min(len(ref), len(alt)), alt.astype(np.int64)
    if len(ref) == len(alt):
        return of_another(ref, alt), of_another(ref, alt)
    # The bases that stand at the right end where the change is at the left one, and the other way round.
    tail, head = ref[len(ref) - fewer :], ref[:fewer]
    bases = np.concatenate([plain[len(alt) - fewer :], plain[:fewer]])
    if not np.array_equal(of_another(np.concatenate([tail, head]), bases), np.concatenate([tail, head])):
        return plain, plain
    more = len(alt) - fewer
    return np.concatenate([plain[:more], tail]), np.concatenate([head, plain[len(alt) - more :]])
