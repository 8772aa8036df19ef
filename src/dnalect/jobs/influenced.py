"""The influences of a scoring run, with their percentiles."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dnalect.core.records import Score, Variant
from dnalect.genome.fasta import Genome
from dnalect.inference.background.several import backgrounds_of
from dnalect.inference.likelihood.influence import DEFINITION, NAMES
from dnalect.inference.scorer import Scorer


class _Measured:
    """The three numbers of `Influence`, as a background takes them."""

    names = NAMES

    def __init__(self, scorer: Scorer):
        self.scorer = scorer
        self.genome: Genome = scorer.genome
        self.reach, self.longest_allele = scorer.reach, scorer.longest_allele

    @property
    def identity(self) -> str:
        return f"{self.scorer.identity} {DEFINITION}"

    def cost(self, variants: Sequence[Variant]) -> int:
        return self.scorer.influence_cost(variants)

    def numbers(self, variants: Sequence[Variant]) -> list[tuple[float, ...]]:
        return [(each.largest, each.total, each.near) for each in self.scorer.influences(variants)]


class Influences:
    """What variants change in the predictions around them. The parameters are those of `Background`."""

    def __init__(self, scorer: Scorer, snvs: int | None, others: int | None, seed: int, notify: Callable[[str], None]):
        self.scorer = scorer
        self.backgrounds = backgrounds_of(_Measured(scorer), snvs, others, seed, notify)

    def prepare(self, variants: Sequence[Variant]) -> None:
        """Draw the backgrounds of these variants."""
        for background in self.backgrounds:
            background.prepare(variants)

    def add(self, variants: Sequence[Variant], scores: Sequence[Score]) -> list[Score]:
        """Return the scores with the influences of their variants, and percentiles unless the background is 0."""
        found = self.scorer.influences(variants)
        values = zip(*((each.largest, each.total, each.near) for each in found), strict=True) if found else [()] * 3
        columns = [
            background.percentiles(variants, list(column))
            for background, column in zip(self.backgrounds, values, strict=True)
        ]
        rows = list(zip(*columns, strict=True)) if found else []
        return [
            replace(score, influence=each._replace(percentiles=row))
            for score, each, row in zip(scores, found, rows, strict=True)
        ]

    @property
    def background(self) -> str:
        """What the percentiles rest on, "" without any."""
        first = self.backgrounds[0]
        return "" if first.off else str(first)
