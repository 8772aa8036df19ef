"""Variants -> scores, on the likelihoods of any kind of model: docs/scores.md. Natural logarithms throughout."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from dnalect.core.measures import Distances, Influence
from dnalect.core.records import Codes, Score, Variant
from dnalect.core.structures import Rearrangement
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import haplotypes
from dnalect.genome.windows.junctions import joints
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.composition import log_composition, of_gc
from dnalect.inference.distance import distances
from dnalect.inference.likelihood.influence import influences
from dnalect.inference.likelihood.strategy import Strategy
from dnalect.models.model import Model
from dnalect.tokens.bases import encode
from dnalect.tokens.laid import of_another

LONGEST_MNV = 16
Floats = npt.NDArray[np.float64]
Folders = npt.NDArray[np.int64]
S = TypeVar("S", bound=Strategy)
Method = Callable[[Sequence[Variant]], list[Score]]


class LikelihoodScorer(ABC, Generic[S]):
    """Turns variants into scores; a score depends on reference and variant alone.

    likelihood: the strategy of the model's kind. flank: bases on each side of an indel's alleles. batch: most
    windows of a forward. ways, phases: strands and frames of words whose mean is taken. gc: as `ModelScorer` has it.
    """

    definition: str
    draws_others: bool
    stretch: int
    sites: Any = None
    gc: float | None = None
    likelihood: S
    ways = phases = 1
    # Windows of a junction: its own and one of the reference for each side.
    windows_a_junction = 6

    @property
    def passes_a_base(self) -> int:
        """How often the network reads a base when all bases of a window are asked for."""
        return 2

    def __init__(self, model: Model, genome: Genome, flank: int, batch: int | None):
        self.model, self.genome, self.flank, self.batch = model, genome, flank, batch

    @property
    def given(self) -> Literal["rest", "left"]:
        """What a base is conditioned on: see `Strategy`."""
        return self.likelihood.given

    @property
    def strands(self) -> str:
        """How strands and frames are treated, for the provenance."""
        frames = f", {self.phases} frames" if self.phases > 1 else ""
        return ("the mean over both" if self.ways == 2 else "the forward one only") + frames

    @property
    def identity(self) -> str:
        """Names model and method: equal ones give equal numbers."""
        return f"{self.model.card.sha256} {self.definition} {self.flank} {self.model.dtype}"

    @property
    def reach(self) -> int:
        """Bases on each side of an allele that its score depends on."""
        return self.flank

    @property
    def longest_allele(self) -> int:
        """Most bases of an allele whose haplotype fits the context."""
        return self.model.can.context_bases - 2 * self.flank

    @cached_property
    def log_background(self) -> Floats:
        """ln q of A, C, G, T and unknown (0): the strand-symmetric base composition."""
        return log_composition(self.genome) if self.gc is None else of_gc(self.gc)

    @abstractmethod
    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores of variants take: parameters times the bases that are read."""

    @abstractmethod
    def at_sites(self, contigs: Folders, positions: Folders) -> npt.NDArray[np.float32]:
        """Return ln p(base | the rest) at n sites: (n, 4) in A, C, G, T order."""

    def distances(self, variants: Sequence[Variant]) -> list[Distances]:
        """Return how far apart the haplotypes of each variant lie, in order: means over strands and frames."""
        return distances(
            self.model, variants, self.genome, self.flank, self.longest_allele, self.batch, self.ways, self.phases
        )

    def influences(self, variants: Sequence[Variant]) -> list[Influence]:
        """Return what each variant changes in the predictions around it, in order, without percentiles."""
        return influences(self.likelihood, variants, self.genome, self.flank, self.longest_allele)

    def influence_cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds their influences take: two windows each."""
        bases = sum(4 * self.flank + len(variant.ref) + len(variant.alt) for variant in variants)
        return bases * self.passes_a_base * int(self.model.card.parameters)

    @property
    def junction_flank(self) -> int:
        """Bases on each side of a junction that are read."""
        return min(self.flank, self.model.can.context_bases // 3)

    @property
    def junction_room(self) -> int:
        """Bases between the two sides of a junction, shared or inserted, for which the context has room."""
        return self.model.can.context_bases - 2 * self.junction_flank

    def junctions(self, variants: Sequence[Rearrangement]) -> list[tuple[float, ...]]:
        """Return the score of every junction of each variant, in order: docs/scores.md, "llr-junction-1"."""
        found = [joints(variant, self.genome, self.junction_flank, self.junction_room) for variant in variants]
        gained = iter(self.likelihood.joined([joint for each in found for own in each for joint in own]).tolist())
        return [tuple(math.fsum(side for _ in own for side in next(gained)) for own in each) for each in found]

    def junction_cost(self, variants: Sequence[Rearrangement]) -> int:
        """Return about how many multiply-adds their junctions take."""
        windows = self.windows_a_junction * sum(len(variant.junctions) for variant in variants)
        return windows * self.ways * self.phases * 2 * self.junction_flank * int(self.model.card.parameters)

    def score(self, variants: Sequence[Variant]) -> list[Score]:
        """Return one score for each variant, in order, without percentiles."""
        scores = [Score(0.0, kind="none")] * len(variants)
        treated = [*map(self._treated_as, variants)]
        for method, kinds in self._methods.items():
            chosen = [n for n, kind in enumerate(treated) if kind in kinds]
            if chosen:
                for n, score in zip(chosen, method([variants[n] for n in chosen]), strict=True):
                    scores[n] = score
        return scores

    @property
    def _methods(self) -> dict[Method, tuple[str, ...]]:
        return {self._snvs: ("snv",), self._mnvs: ("mnv",), self._indels: ("insertion", "deletion")}

    def _treated_as(self, variant: Variant) -> str:
        """A change of many bases of equal length is scored by the formula for indels."""
        kind = variant.kind
        return "insertion" if kind == "mnv" and int((variant.ref != variant.alt).sum()) > LONGEST_MNV else kind

    @abstractmethod
    def _snvs(self, variants: Sequence[Variant]) -> list[Score]: ...

    def _mnvs(self, variants: Sequence[Variant]) -> list[Score]:
        """Brook's lemma: change the bases one by one, left to right and right to left; the mean."""
        windows: list[Codes] = []
        steps: list[tuple[int, int, int, int]] = []
        for number, variant in enumerate(variants):
            codes, first = self._window(variant.contig, variant.start, variant.end)
            own = slice(first, first + len(variant.ref))
            codes[own] = of_another(codes[own], variant.ref)
            differ = np.flatnonzero(variant.ref != variant.alt)
            for way in (differ, differ[::-1]):
                haplotype = codes.copy()
                for at in way:
                    windows.append(haplotype.copy())
                    steps.append((number, first + int(at), int(variant.ref[at]), int(variant.alt[at])))
                    haplotype[first + at] = of_another(haplotype[first + at], variant.alt[at])
        log_probs = self.likelihood.log_probs(windows, np.array([step[1] for step in steps])).astype(np.float64)
        terms: list[list[float]] = [[] for _ in variants]
        for (number, _, ref, alt), row in zip(steps, log_probs, strict=True):
            terms[number].append(float(row[alt] - row[ref]))
        # fsum does not depend on the order, so swapped alleles give exactly the opposite.
        return [Score(math.fsum(each) / 2, kind="mnv") for each in terms]

    def _indels(self, variants: Sequence[Variant]) -> list[Score]:
        """What the alternate haplotype gains over the base composition, less what the reference's does."""
        whole = [over_its_range(v, self.genome, self.longest_allele) for v in variants]
        pairs = [haplotypes(v, self.genome, self.flank) for v in whole]
        values = self._gained([ref for ref, _ in pairs], [alt for _, alt in pairs])
        return [Score(v, kind=each.kind, flags=each.flags) for v, each in zip(values.tolist(), variants, strict=True)]

    def _gained(self, reference: Sequence[Codes], alternate: Sequence[Codes]) -> Floats:
        return self.likelihood.ratio(reference, alternate, self.log_background)

    def _window(self, contig: int, start: int, end: int) -> tuple[Codes, int]:
        """Return the codes around [start, end), cut at the ends of the contig, and where `start` is in it."""
        low = max(0, start - self.reach)
        high = min(int(self.genome.lengths[contig]), end + self.reach)
        return self._cut(contig, low, high), start - low

    def _cut(self, contig: int, low: int, high: int) -> npt.NDArray[Any]:
        return encode(self.genome.fetch(contig, low, high))
