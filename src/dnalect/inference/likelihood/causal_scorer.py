"""The scorer of causal models: definition "llr-causal-1" (docs/scores.md)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.measures import Influence
from dnalect.core.records import Codes, Score, Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import haplotypes
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.likelihood.causal import Causal, by_chance, one_sided
from dnalect.inference.likelihood.scorer import Floats, Folders, LikelihoodScorer, Method
from dnalect.models.model import Model
from dnalect.tokens.bases import UNKNOWN, encode


class CausalScorer(LikelihoodScorer[Causal]):
    """Scores of a causal model with any tokenizer. The other parameters are those of `Causal`."""

    # A variant costs windows of its own; alternates of a site share that of the reference.
    stretch, draws_others = 1, False
    definition = "llr-causal-1"
    # Eight, shorter by a quarter; each side is read on one strand.
    windows_a_junction = 3

    def __init__(
        self,
        model: Model,
        genome: Genome,
        flank: int | None = None,
        batch: int | None = None,
        strands: int = 2,
        phases: int | None = None,
    ):
        self.likelihood = Causal(model, batch, flank, strands, phases)
        super().__init__(model, genome, self.likelihood.flank, batch)
        self.ways, self.phases = strands, self.likelihood.phases

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds the scores of variants take: parameters times the bases that are read."""
        changing = [variant for variant in variants if variant.kind != "none"]
        references = {(v.contig, v.start, v.end) for v in changing}
        windows = len(changing) + len(references)
        return windows * self.ways * self.phases * (2 * self.flank + 1) * int(self.model.card.parameters)

    def at_sites(self, contigs: Folders, positions: Folders) -> npt.NDArray[np.float32]:
        """Return ln p(base | the bases on one side) (n, 4) at n sites, the mean of both strands: see `both_sides`."""
        return self._in_windows(contigs, positions, self.likelihood.both_sides, (4,))

    def sides_at_sites(self, contigs: Folders, positions: Folders) -> npt.NDArray[np.float32]:
        """Return ln p (n, strands, 4) at n sites, after the bases on the left and, on the other strand, the right."""
        return self._in_windows(contigs, positions, self.likelihood.each_side, (self.ways, 4))

    def _in_windows(
        self, contigs: Folders, positions: Folders, ask: Callable[[Codes, Folders], Any], shape: tuple[int, ...]
    ) -> npt.NDArray[np.float32]:
        """Return what is said of n sites (n, *shape), those near each other asked at once; beyond a contig ln 1/4."""
        out = np.full((len(positions), *shape), np.log(0.25), dtype=np.float32)
        order = np.lexsort((positions, contigs))
        apart = (np.diff(contigs[order]) != 0) | (np.diff(positions[order]) > 2 * self.flank)
        for group in np.split(order, np.flatnonzero(apart) + 1) if len(order) else ():
            contig = int(contigs[group[0]])
            low = max(0, int(positions[group[0]]) - self.flank)
            high = min(int(self.genome.lengths[contig]), int(positions[group[-1]]) + self.flank + 1)
            inside = group[(positions[group] >= low) & (positions[group] < high)]
            codes = encode(self.genome.fetch(contig, low, high))
            out[inside] = ask(codes, positions[inside] - low)
        return out

    def influences(self, variants: Sequence[Variant]) -> list[Influence]:
        """Raise ModelError: what a base's predictions change by is asked of models that read both sides of it."""
        raise one_sided(self.model)

    @property
    def _methods(self) -> dict[Method, tuple[str, ...]]:
        return {self._whole: ("snv", "mnv"), self._indels: ("insertion", "deletion")}

    def _treated_as(self, variant: Variant) -> str:
        return variant.kind

    def _snvs(self, variants: Sequence[Variant]) -> list[Score]:
        return self._whole(variants)

    def _whole(self, variants: Sequence[Variant]) -> list[Score]:
        """Alleles of one length: the windows as they are."""
        pairs = [self._pair(variant) for variant in variants]
        ratios = self.likelihood.ratios([ref for ref, _ in pairs], [alt for _, alt in pairs])
        return [self._score(variant, views) for variant, views in zip(variants, ratios, strict=True)]

    def _indels(self, variants: Sequence[Variant]) -> list[Score]:
        """Alleles of several lengths: less what the base composition says of them."""
        pairs = [self._pair(over_its_range(v, self.genome, self.longest_allele)) for v in variants]
        references, alternates = [ref for ref, _ in pairs], [alt for _, alt in pairs]
        ratios = self.likelihood.ratios(references, alternates)
        chance = by_chance(references, alternates, self.log_background)
        return [
            self._score(variant, views, float(less))
            for variant, views, less in zip(variants, ratios, chance, strict=True)
        ]

    def _score(self, variant: Variant, views: Floats, less: float = 0.0) -> Score:
        half = len(views) // 2
        gap = abs(float(np.mean(views[:half]) - np.mean(views[half:]))) if self.ways == 2 else None
        return Score(float(np.mean(views)) - less, kind=variant.kind, flags=variant.flags, strand_gap=gap)

    def _pair(self, variant: Variant) -> tuple[Codes, Codes]:
        """Both haplotypes, with flanks up to the nearest unknown base on each side."""
        reference, alternate = haplotypes(variant, self.genome, self.flank)
        left = np.flatnonzero(reference[: self.flank] == UNKNOWN)
        right = np.flatnonzero(reference[len(reference) - self.flank :] == UNKNOWN)
        low = int(left[-1]) + 1 if len(left) else 0
        spared = self.flank - int(right[0]) if len(right) else 0
        return reference[low : len(reference) - spared], alternate[low : len(alternate) - spared]
