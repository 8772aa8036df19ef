"""What relatives say of the variants of a scoring run, with percentiles."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dnalect.core.errors import ConfigError
from dnalect.core.measures import Column
from dnalect.core.records import Reason, Score, Variant
from dnalect.genome.fasta import Genome
from dnalect.inference.background.several import backgrounds_of
from dnalect.inference.scorer import Scorer
from dnalect.models.model import Model
from dnalect.relatives.alignment import open_alignment
from dnalect.relatives.columns import DEFINITION, Columns
from dnalect.relatives.laid import Relatives, read_by
from dnalect.relatives.rates import WITHIN, evolution_of

LONGEST = 1 << 16
SUBSTITUTIONS = ("snv", "mnv")
NAN = float("nan")


def relatives_for(path: str | None, genome: Genome, models: Sequence[Model]) -> list[Relatives | None]:
    """Return what each of some models reads of an alignment; None of one that reads the sequence alone."""
    reads = [model.can.relatives for model in models]
    return [read_by(path, genome, names) if path and names else None for names in reads]


def read_relatives(path: str | None, genome: Genome, model: Model) -> Relatives | None:
    """Return what a model that reads relatives is given of an alignment, None for one that reads the sequence alone.

    Raises ConfigError for an alignment that is missing, or that the model does not read.
    """
    if path and not model.can.relatives:
        raise ConfigError(f"{model.card.id} reads no relatives: leave --alignment out")
    if model.can.relatives and not path:
        raise ConfigError(f"{model.card.id} reads the bases of relatives beside the sequence: give --alignment")
    return relatives_for(path, genome, [model])[0]


class _Measured:
    """The relatives' ratio, and with a scorer the sum of that and the model's, as a background takes them."""

    def __init__(self, columns: Columns, scorer: Scorer | None, genome: Genome):
        self.columns, self.scorer, self.genome = columns, scorer, genome
        self.names = ("column", "llr_column") if scorer else ("column",)
        self.reach = scorer.reach if scorer else WITHIN
        self.longest_allele = scorer.longest_allele if scorer else LONGEST

    @property
    def identity(self) -> str:
        asked = f"{self.scorer.identity} " if self.scorer else ""
        return f"{asked}{DEFINITION} {self.columns.identity}"

    def cost(self, variants: Sequence[Variant]) -> int:
        return self.scorer.cost(variants) if self.scorer else len(variants)

    def numbers(self, variants: Sequence[Variant]) -> list[tuple[float, ...]]:
        found = [NAN if each is None else each[0] for each in self.columns.ratios(variants)]
        if self.scorer is None:
            return [(each,) for each in found]
        ratios = [NAN if each.value is None else each.value for each in self.scorer.score(variants)]
        return [(each, each + ratio) for each, ratio in zip(found, ratios, strict=True)]


class Related:
    """The columns of an alignment on the reference of a run.

    path: see `open_alignment`. scorer: whose log-ratio the ratio of the relatives is added to, or None. The other
    parameters are those of `Background`.
    """

    def __init__(
        self,
        path: str,
        genome: Genome,
        scorer: Scorer | None,
        snvs: int | None,
        seed: int,
        notify: Callable[[str], None],
    ):
        self.path, self.scorer = Path(path), scorer
        alignment = open_alignment(path, genome)
        self.columns = Columns(alignment, evolution_of(alignment))
        # Insertions and deletions have no column, and MNVs are few.
        self.backgrounds = backgrounds_of(_Measured(self.columns, scorer, genome), snvs, 0, seed, notify)

    def prepare(self, variants: Sequence[Variant]) -> None:
        """Draw the backgrounds of these variants."""
        for background in self.backgrounds:
            background.prepare([each for each in variants if each.kind in SUBSTITUTIONS])

    def planned(self, variants: Sequence[Variant]) -> list[Variant]:
        """Return the random variants that a model would read for the percentiles of these."""
        return self.backgrounds[0].planned([v for v in variants if v.kind in SUBSTITUTIONS]) if self.scorer else []

    def add(self, variants: Sequence[Variant], scores: Sequence[Score], alone: bool) -> list[Score]:
        """Return the scores with what the relatives say of their variants, and percentiles where they were drawn.

        alone: nothing else is measured, so that who has no column has a reason.
        """
        found = self.columns.ratios(variants)
        pairs = [
            None if each is None else (each[0], None if score.value is None else each[0] + score.value)
            for each, score in zip(found, scores, strict=True)
        ]
        ranks = [
            background.percentiles(variants, [pair[number] if pair else None for pair in pairs])
            for number, background in enumerate(self.backgrounds)
        ]
        out = []
        for score, each, pair, *placed in zip(scores, found, pairs, *ranks, strict=True):
            if each and pair:
                column = Column(each[0], each[1], pair[1], () if self.backgrounds[0].off else tuple(placed))
                out.append(replace(score, column=column))
            else:
                out.append(Score(reason=Reason.NO_RELATIVE) if alone else score)
        return out

    @property
    def facts(self) -> dict[str, str]:
        """What the provenance says."""
        first = self.backgrounds[0]
        return {
            "column": f"{DEFINITION}; nats; negative: the bases of the relatives speak against the alternate allele",
            "alignment": f"{self.path.name} {self.columns.identity}: {', '.join(self.columns.evolution.names)}",
            "column_background": "" if first.off else str(first),
        }
