"""What every scorer does, whatever the kind of its model."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from dnalect.core.measures import Distances, Influence
from dnalect.core.records import Score, Variant
from dnalect.core.structures import Rearrangement
from dnalect.genome.fasta import Genome


class Measure(Protocol):
    """A number for every variant that depends on reference and variant alone: what a background is drawn of.

    genome: the reference. reach: bases on each side that the number of a substitution depends on. longest_allele: most
    bases of an allele that can be scored. draws_others: whether a background of other variants
    than SNVs is drawn without being asked for. identity: names model and method; equal ones give
    equal numbers on one reference. sites: precomputed log-probabilities, or None.
    """

    genome: Genome
    draws_others: bool
    sites: Any

    @property
    def identity(self) -> str: ...

    @property
    def reach(self) -> int: ...

    @property
    def longest_allele(self) -> int: ...

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores of variants take: parameters times the bases that are read."""
        ...

    def score(self, variants: Sequence[Variant]) -> list[Score]:
        """Return one score for each variant, in order, without percentiles."""
        ...


class Scorer(Measure, Protocol):
    """The measure of a language model.

    definition: of the score, as docs/scores.md names it. flank: bases on each side of an
    indel's alleles. stretch: variants that begin in the same so many bases of a contig may share forwards.
    """

    @property
    def junction_flank(self) -> int:
        """Bases on each side of a junction that are read."""
        ...

    @property
    def junction_room(self) -> int:
        """Bases between the two sides of a junction, shared or inserted, for which the context has room."""
        ...

    def junctions(self, variants: Sequence[Rearrangement]) -> list[tuple[float, ...]]:
        """Return the score of every junction of each variant, in order, without percentiles."""
        ...

    def junction_cost(self, variants: Sequence[Rearrangement]) -> int:
        """Return about how many multiply-adds their junctions take."""
        ...

    definition: str
    flank: int
    stretch: int

    def distances(self, variants: Sequence[Variant]) -> list[Distances]:
        """Return how far apart the haplotypes of each variant lie, in order."""
        ...

    def influences(self, variants: Sequence[Variant]) -> list[Influence]:
        """Return what each variant changes in the predictions around it, in order, without percentiles."""
        ...

    def influence_cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds their influences take."""
        ...

    def at_sites(self, contigs: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return ln p(base | what is given) at n sites: (n, 4) in A, C, G, T order.

        Of a causal model the mean of what both strands say, each of the bases on one side.
        """
        ...


class ModelScorer(Scorer, Protocol):
    """A scorer of a single model.

    strands: how strands are treated, for the provenance. given: as `Strategy` has it. gc: share of G and C that
    indels are measured against, None for that of the reference.
    """

    model: Any
    gc: float | None

    @property
    def strands(self) -> str: ...

    @property
    def given(self) -> Literal["rest", "left"]: ...


def identity_of(scorer: ModelScorer) -> str:
    """Return what a single model's scores depend on beside reference and variant."""
    return f"{scorer.model.card.sha256} {scorer.definition} {scorer.flank} {scorer.model.dtype}"
