"""The predicted changes of a scoring run: what a fine-tuned model adds to the scores of a language model."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dnalect.core.records import Score, Variant
from dnalect.inference.background.several import backgrounds_of
from dnalect.inference.change import DEFINITION, STEP, ChangeScorer
from dnalect.jobs.counts import Tally

# Outputs that the report draws and lists; tables hold all of them.
REPORTED = 4
_VIEWS = {"forward": "the forward one only", "reverse": "the reverse one only", "both": "the mean over both"}


class PredictedChanges:
    """One predictor on one reference, with a background for each of its outputs.

    snvs, others: variants of the background, as for Background. notify: called before a draw.
    """

    def __init__(
        self,
        scorer: ChangeScorer,
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

    def prepare(self, variants: Sequence[Variant], tally: Tally) -> None:
        """Draw the backgrounds of these variants and give them to the report."""
        for number, (output, background) in enumerate(zip(self.scorer.outputs, self.backgrounds, strict=True)):
            background.prepare(variants)
            for kind in dict.fromkeys(each.kind for each in variants) if number < REPORTED else ():
                alike = background.alike([variant for variant in variants if variant.kind == kind])
                tally.changes.compare(f"{output.name}, {kind}", alike)

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
        scorer, card, first = self.scorer, self.scorer.predictor.card, self.backgrounds[0]
        shifted = f"the mean over {scorer.shifts} windows, {STEP} bases from one to the next"
        return {
            "predictor": f"{card.id} {card.revision}",
            "predictor_sha256": card.sha256,
            "change": f"{DEFINITION}; predicted alternate - reference; {'; '.join(self.outputs.values())}",
            "change_window": f"{scorer.window} bases",
            "change_strands": _VIEWS[scorer.strands],
            "change_shifts": shifted if scorer.shifts > 1 else "1, no shift",
            "change_background": "" if first.off else str(first),
        }
