"""Several models as one scorer: the mean of what each of them says."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.measures import Distances, Influence
from dnalect.core.records import Score, Variant
from dnalect.core.structures import Rearrangement
from dnalect.inference.scorer import Scorer

DEFINITION = "mean-1"


class EnsembleScorer:
    """The mean over scorers of any kinds, each with its own definition, flank and window.

    members: two or more, on one reference. What one of them can't score, none of them does.
    """

    sites = None

    def __init__(self, members: Sequence[Scorer]):
        self.members = tuple(members)
        self.genome = self.members[0].genome
        self.definition = f"{DEFINITION} of {', '.join(dict.fromkeys(each.definition for each in self.members))}"
        self.flank = min(each.flank for each in self.members)
        self.stretch = max(each.stretch for each in self.members)
        self.draws_others = all(each.draws_others for each in self.members)

    @property
    def identity(self) -> str:
        """Names models and methods: equal ones give equal numbers."""
        return " ".join([DEFINITION, *(each.identity for each in self.members)])

    @property
    def reach(self) -> int:
        """Bases on each side that every member's score depends on."""
        return min(each.reach for each in self.members)

    @property
    def longest_allele(self) -> int:
        """Most bases of an allele whose haplotype fits every member's context."""
        return min(each.longest_allele for each in self.members)

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores of variants take: those of all members."""
        return sum(member.cost(variants) for member in self.members)

    def score(self, variants: Sequence[Variant]) -> list[Score]:
        """Return one score for each variant, in order, without percentiles."""
        return [_mean(each) for each in zip(*(member.score(variants) for member in self.members), strict=True)]

    def distances(self, variants: Sequence[Variant]) -> list[Distances]:
        """Return the means of the members' distances, one row for each variant, in order."""
        found = zip(*(member.distances(variants) for member in self.members), strict=True)
        return [Distances(*map(_average, zip(*each, strict=True))) for each in found]

    def influences(self, variants: Sequence[Variant]) -> list[Influence]:
        """Return the means of the members' influences, one row for each variant, in order."""
        found = zip(*(member.influences(variants) for member in self.members), strict=True)
        return [
            Influence(
                _average(each.largest for each in row),
                _average(each.total for each in row),
                _average(each.near for each in row),
            )
            for row in found
        ]

    def influence_cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds their influences take: those of all members."""
        return sum(member.influence_cost(variants) for member in self.members)

    @property
    def junction_flank(self) -> int:
        """Bases on each side of a junction that every member reads."""
        return min(each.junction_flank for each in self.members)

    @property
    def junction_room(self) -> int:
        """Bases between the two sides of a junction for which every member's context has room."""
        return min(each.junction_room for each in self.members)

    def junctions(self, variants: Sequence[Rearrangement]) -> list[tuple[float, ...]]:
        """Return the means of the members' scores of every junction of each variant, in order."""
        found = zip(*(member.junctions(variants) for member in self.members), strict=True)
        return [tuple(_average(each) for each in zip(*rows, strict=True)) for rows in found]

    def junction_cost(self, variants: Sequence[Rearrangement]) -> int:
        """Return about how many multiply-adds their junctions take: those of all members."""
        return sum(member.junction_cost(variants) for member in self.members)

    def at_sites(self, contigs: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the mean of the members' ln p(base | the rest), normalised: (n, 4) in A, C, G, T order."""
        total = sum(member.at_sites(contigs, positions).astype(np.float64) for member in self.members)
        mean = np.asarray(total) / len(self.members)
        return np.asarray(mean - np.logaddexp.reduce(mean, axis=1, keepdims=True), dtype=np.float32)


def _mean(scores: Sequence[Score]) -> Score:
    """Join the members' scores of one variant. Gaps and pieces are one model's own, and left out."""
    values = [score.value for score in scores if score.value is not None]
    if len(values) < len(scores):
        return Score(reason=next(score.reason for score in scores if score.value is None))
    probs = [score.ref_prob for score in scores if score.ref_prob is not None]
    return Score(
        _average(values),
        ref_prob=_average(probs) if len(probs) == len(scores) else None,
        kind=scores[0].kind,
        flags=tuple(dict.fromkeys(flag for score in scores for flag in score.flags)),
        members=tuple(values),
    )


def _average(values: Iterable[float]) -> float:
    # fsum does not depend on the order, so swapped alleles give exactly the opposite.
    listed = list(values)
    return math.fsum(listed) / len(listed)
