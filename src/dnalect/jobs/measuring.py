"""What a scoring run measures of variants, whole parts at once."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from dnalect.core.engines import Pool
from dnalect.core.records import Score, Variant
from dnalect.core.structures import Rearrangement
from dnalect.genome.fasta import Genome
from dnalect.genome.vcf import Record
from dnalect.genome.windows.repeats import repetitive
from dnalect.inference.background import Background
from dnalect.inference.precomputed import Precomputed
from dnalect.inference.scorer import Scorer
from dnalect.jobs.drawing import draw_ahead
from dnalect.jobs.influenced import Influences
from dnalect.jobs.kept import Scores
from dnalect.jobs.pieces import Found, Part
from dnalect.jobs.predicted import PredictedChanges
from dnalect.jobs.related import SUBSTITUTIONS, Related
from dnalect.jobs.spliced import Splices
from dnalect.jobs.structural import Structures, is_structural, structural

REPEAT = "repeat"


class Measuring:
    """The numbers of a scoring run, without records and outputs: what a worker needs.

    measured: names of the scores. scorer: of all language models together. table: a scan to look SNVs up in. The others
    are None where nothing of theirs is measured.
    """

    genome: Genome
    measured: tuple[str, ...]
    scorer: Scorer
    table: Precomputed | None
    background: Background
    influences: Influences | None
    related: Related | None
    changes: PredictedChanges | None
    structures: Structures | None
    splices: Splices | None
    asked: int
    missing: int

    @property
    def zero_shot(self) -> bool:
        """Whether a language model is asked at all."""
        return bool(set(self.measured) - {"change", "splice"})

    def measure(self, variants: list[Variant]) -> list[Score]:
        """Compute all that is measured of some variants, without percentiles."""
        if self.changes:
            self.changes.scorer.changes(variants)
        if self.influences:
            self.scorer.influences(variants)
        return self.scorer.score(variants) if self.splices else self._scored(variants)

    def computed(self, part: Part) -> Scores:
        """Compute all that is measured of the records of a part."""
        for background, settled in zip(chain.from_iterable(self.families), part.settled, strict=False):
            background.settle(settled)
        return self._measured(part.records, part.found, part.joined)

    @property
    def families(self) -> list[Sequence[Background]]:
        """The backgrounds, those side by side whose numbers the same forwards give."""
        several = (self.influences, self.related, self.changes)
        return [
            [self.background],
            *(each.backgrounds if each else [] for each in several),
            [self.structures.background] if self.structures else [],
        ]

    def _measured(
        self,
        records: Sequence[Record],
        found: Sequence[Found],
        joined: Sequence[Sequence[Rearrangement | str]],
    ) -> list[list[Score]]:
        """Compute all that is measured of the alternates of records, with percentiles.

        found: the variant of each alternate, or why it has none. joined: what structural variants join.
        """
        variants = [each for mine in found for each in mine if isinstance(each, Variant)]
        known = self._percentiles(variants, self._scored(variants))
        known = self.influences.add(variants, known) if self.influences else known
        known = self.related.add(variants, known, self.measured == ("column",)) if self.related else known
        scores = iter(self.changes.add(variants, known) if self.changes else known)
        every = [[next(scores) if isinstance(each, Variant) else Score(reason=each) for each in mine] for mine in found]
        every = self.structures.score(joined, every) if self.structures else every
        return self.splices.score(records, found, every) if self.splices else every

    def _cost(self, every: Sequence[Variant]) -> int:
        variants, joined = [each for each in every if not is_structural(each)], structural(every)
        asked = self.scorer.junction_cost(joined)
        asked += self.scorer.cost(variants) if self.zero_shot or self.splices else 0
        asked += self.scorer.influence_cost(variants) if self.influences else 0
        return asked + (self.changes.scorer.cost(variants) if self.changes else 0)

    def _draw_ahead(self, pool: Pool, variants: list[Variant], joined: list[list[Rearrangement | str]]) -> None:
        own = variants if "llr" in self.measured else []
        sided = [each for each in variants if each.kind in SUBSTITUTIONS]
        draw_ahead(pool, self.families, [own, variants, sided, variants, structural(chain.from_iterable(joined))])

    def _scored(self, variants: list[Variant]) -> list[Score]:
        """Compute what is measured of variants that are scored at once, and flag repeats."""
        if "llr" in self.measured:
            scores = self._ratios(variants)
        else:
            scores = [Score(kind=variant.kind, flags=variant.flags) for variant in variants]
        for n in np.flatnonzero(repetitive(variants, self.genome)).tolist():
            scores[n] = replace(scores[n], flags=(*scores[n].flags, REPEAT))
        if "distance" not in self.measured:
            return scores
        found = zip(scores, self.scorer.distances(variants), strict=True)
        return [replace(score, distances=distances) for score, distances in found]

    def _ratios(self, variants: list[Variant]) -> list[Score]:
        """Score, and count the sites that the precomputed table was asked for."""
        if self.table is None:
            return self.scorer.score(variants)
        asked, missing = self.table.asked, self.table.missing
        scores = self.scorer.score(variants)
        self.asked += self.table.asked - asked
        self.missing += self.table.missing - missing
        return scores

    def _percentiles(self, variants: list[Variant], scores: list[Score]) -> list[Score]:
        scores = [replace(score, changed=variant.changed) for variant, score in zip(variants, scores, strict=True)]
        if "llr" not in self.measured:
            return scores
        found = self.background.percentiles(variants, [score.value for score in scores])
        return [replace(score, percentile=percentile) for score, percentile in zip(scores, found, strict=True)]
