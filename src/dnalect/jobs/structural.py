"""The junctions of a scoring run, with their percentiles."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from dnalect.core.measures import Joined
from dnalect.core.records import Reason, Row, Score, Variant
from dnalect.core.structures import Rearrangement
from dnalect.genome.inside import Elements
from dnalect.genome.names import ContigNames
from dnalect.genome.vcf import Record
from dnalect.genome.windows.alleles import Rules
from dnalect.genome.windows.rearranged import rearranged
from dnalect.inference.background import Background
from dnalect.inference.junctions import JunctionMeasure
from dnalect.inference.scorer import Scorer
from dnalect.jobs.score_options import Options


class Structures:
    """What structural variants join, and what lies inside. names: of contigs. notify: see `Background`."""

    def __init__(self, scorer: Scorer, names: ContigNames, options: Options, notify: Callable[[str], None]):
        self.measure = JunctionMeasure(scorer)
        drawn = options.background, options.background_others, options.seed
        self.background = Background(self.measure, *drawn, notify)
        self.names, self.rules = names, Rules(scorer.junction_room, self.measure.reach, options.dup_as_tandem)
        self.elements = Elements(options.elements)
        self.looks_inside = bool(options.elements or options.annotate)

    def prepare(
        self, records: Sequence[Record], contigs: Sequence[int | None], found: Sequence[Sequence[Variant | str]]
    ) -> list[list[Rearrangement | str]]:
        """Return what each alternate of records joins, or why it has no junction, and draw what they are compared with.

        found: the alleles of each record; one that nothing can be said of keeps its reason.
        """
        joined = self.joined(records, contigs, found)
        self.background.prepare([variant for each in joined for variant in structural(each)])
        return joined

    def joined(
        self, records: Sequence[Record], contigs: Sequence[int | None], found: Sequence[Sequence[Variant | str]]
    ) -> list[list[Rearrangement | str]]:
        """Return what each alternate of records joins, or why it has no junction: see `prepare`. Nothing is drawn."""
        return [self._joined(*each) for each in zip(records, contigs, found, strict=True)]

    def _joined(self, record: Record, contig: int | None, found: Sequence[Variant | str]) -> list[Rearrangement | str]:
        if not record.alternates or all(str(each).startswith(Reason.CONTIG_MISSING) for each in found):
            return [str(each) for each in found]
        return rearranged(record, contig, self.measure.genome, self.names.number, self.rules)

    def score(
        self, found: Sequence[Sequence[Rearrangement | str]], scores: Sequence[Sequence[Score]]
    ) -> list[list[Score]]:
        """Return the scores of each record with those of the junctions, and percentiles unless the background is 0.

        found: what each allele joins, or why it joins nothing: the reason of an allele without any number.
        """
        variants = [variant for each in found for variant in structural(each)]
        joined = self.measure.joined(variants)
        shares = self.background.percentiles(variants, [each.value for each in joined])
        ready = iter([each._replace(percentile=share) for each, share in zip(joined, shares, strict=True)])
        return [
            [_reasoned(score, of) if isinstance(of, str) else _added(score, of, next(ready)) for score, of in pairs]
            for pairs in (zip(mine, own, strict=True) for mine, own in zip(scores, found, strict=True))
        ]

    def placed(self, found: Sequence[Rearrangement | str], rows: Sequence[Row]) -> list[Row]:
        """Return the rows of a record with the places of structural variants, and what these do to elements."""
        return [
            row if isinstance(each, str) else self._placed(each, row) for each, row in zip(found, rows, strict=True)
        ]

    def _placed(self, variant: Rearrangement, row: Row) -> Row:
        inside = self.elements.of(variant, self.measure.genome) if self.looks_inside else None
        return replace(row, span=row.span or (variant.start, variant.end), inside=inside)

    @property
    def drawn(self) -> str:
        """What the percentiles rest on, "" without any."""
        return "" if self.background.off else str(self.background)


def is_structural(variant: Variant | str) -> bool:
    """Whether this is a structural variant."""
    return isinstance(variant, Rearrangement)


def structural(found: Iterable[Variant | str]) -> list[Rearrangement]:
    """Return the structural variants of these."""
    return [each for each in found if isinstance(each, Rearrangement)]


def _added(score: Score, variant: Rearrangement, joined: Joined) -> Score:
    flags = tuple(dict.fromkeys((*score.flags, *variant.flags)))
    kind = joined.kind if score.value is None else score.kind
    return replace(score, joined=joined, reason="", flags=flags, kind=kind)


def _reasoned(score: Score, why: str) -> Score:
    """What isn't structural has the reason that it has without, if any."""
    if score.known or (why == Reason.NOT_STRUCTURAL and score.reason):
        return score
    return replace(score, reason=why, flags=())
