"""The predicted changes of a scoring run: what a fine-tuned model adds to the scores of a language model."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from dnalect.core.errors import ConfigError
from dnalect.core.records import Score, Variant
from dnalect.core.reporter import say
from dnalect.genome.fasta import Genome
from dnalect.inference.background.several import backgrounds_of
from dnalect.inference.bin_change import BinChangeScorer
from dnalect.inference.change import ChangeScorer
from dnalect.inference.changes import Changes
from dnalect.jobs.counts import Tally
from dnalect.jobs.score_options import Options
from dnalect.models.model import Model
from dnalect.models.predictor import Predictor

# Outputs that the report draws and lists; tables hold all of them.
REPORTED = 4


class PredictedChanges:
    """One predictor on one reference, with a background for each of its outputs.

    snvs, others: variants of the background, as for Background. notify: called before a draw.
    """

    def __init__(
        self,
        scorer: Changes,
        snvs: int | None,
        others: int | None,
        seed: int,
        notify: Callable[[str], None],
    ):
        self.scorer = scorer
        self.backgrounds = backgrounds_of(scorer, snvs, others, seed, notify)

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs: name -> what it is, in words."""
        return {output.name: output.meaning for output in self.scorer.outputs}

    def prepare(self, variants: Sequence[Variant], tally: Tally) -> list[Callable[[], None]]:
        """Draw the backgrounds of these variants; return what gives them to the report."""
        compared: list[Callable[[], None]] = []
        for number, (output, background) in enumerate(zip(self.scorer.outputs, self.backgrounds, strict=True)):
            background.prepare(variants)
            for kind in dict.fromkeys(each.kind for each in variants) if number < REPORTED else ():
                alike = background.alike([variant for variant in variants if variant.kind == kind])
                compared.append(partial(tally.changes.compare, f"{output.name}, {kind}", alike))
        return compared

    def add(self, variants: Sequence[Variant], scores: Sequence[Score]) -> list[Score]:
        """Return the scores with the changes of their variants, and percentiles unless the background is 0."""
        found = self.scorer.changes(variants)
        percentiles = [
            background.percentiles(variants, [changes[number].value for changes in found])
            for number, background in enumerate(self.backgrounds)
        ]
        return [
            replace(
                score, changes=tuple(replace(c, percentile=p[row]) for c, p in zip(changes, percentiles, strict=True))
            )
            for row, (score, changes) in enumerate(zip(scores, found, strict=True))
        ]

    def drawn(self, key: str) -> int:
        """Return the number of draws behind an output and class, given as "output, class"."""
        output, _, kind = key.partition(", ")
        return self.backgrounds[list(self.outputs).index(output)].count(kind)

    @property
    def facts(self) -> dict[str, str]:
        """What a reader needs to repeat the predictions, in the order to show."""
        first = self.backgrounds[0]
        return self.scorer.facts | {"change_background": "" if first.off else str(first)}


def changes_for(
    options: Options, genome: Genome, predictor: Predictor | None, tracks: Model | None
) -> PredictedChanges | None:
    """Return the changes that are asked for. predictor, tracks: the model that predicts them, as far as it is such.

    Raises ConfigError for options of changes without such a model, or of another one.
    """
    binned = options.tracks or options.reduce is not None
    if tracks is None and binned:
        raise ConfigError("--track and --reduce are for changes of a model of tracks in bins, such as Enformer")
    if predictor is None and (options.shifts != 1 or options.strands):
        raise ConfigError("--shifts and --strands are for the predicted change of a fine-tuned model")
    scorer: Changes
    if tracks is not None:
        if options.window:
            raise ConfigError(f"{tracks.card.id} predicts tracks in windows of its own: leave --window out")
        scorer = BinChangeScorer(tracks, genome, options.tracks, options.reduce or "log")
    elif predictor is not None:
        scorer = ChangeScorer(predictor, genome, options.window, options.strands, options.shifts, options.batch)
    else:
        return None
    return PredictedChanges(scorer, options.background, options.background_others, options.seed, say)
