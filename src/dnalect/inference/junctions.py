"""The scores of junctions as a measure, for backgrounds of structural variants."""

from collections.abc import Sequence
from statistics import fmean
from typing import cast

from dnalect.core.measures import Joined
from dnalect.core.records import Score, Variant
from dnalect.core.structures import Rearrangement
from dnalect.inference.likelihood.junctions import DEFINITION
from dnalect.inference.scorer import Scorer


class JunctionMeasure:
    """What `Scorer.junctions` says of rearrangements, as a background takes it: see `Measure`."""

    draws_others, sites = True, None

    def __init__(self, scorer: Scorer):
        self.scorer, self.genome = scorer, scorer.genome

    @property
    def identity(self) -> str:
        """Names model and method: equal ones give equal numbers, and equal draws."""
        return f"{self.scorer.identity} {DEFINITION} {self.reach}, draws by four"

    @property
    def reach(self) -> int:
        """Bases on each side of a junction that are read."""
        return self.scorer.junction_flank

    @property
    def longest_allele(self) -> int:
        """The greatest size: a junction takes no more room of the context, however far apart its sides were."""
        return int(self.genome.lengths.max())

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores take."""
        return self.scorer.junction_cost(cast("Sequence[Rearrangement]", variants))

    def score(self, variants: Sequence[Variant]) -> list[Score]:
        """Return the score of each rearrangement, in order."""
        return [Score(each.value, kind=each.kind) for each in self.joined(cast("Sequence[Rearrangement]", variants))]

    def joined(self, variants: Sequence[Rearrangement]) -> list[Joined]:
        """Return all that is said of each rearrangement, in order, without percentiles."""
        found = zip(variants, self.scorer.junctions(variants), strict=True)
        return [Joined(fmean(each), each, variant.structure, variant.size, variant.event) for variant, each in found]
