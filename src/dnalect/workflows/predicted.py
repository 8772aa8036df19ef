"""The predicted changes of a scoring run: what a fine-tuned model adds to the scores of a language model."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Change, Score, Variant
from dnalect.inference.background import Background, stratum
from dnalect.inference.change import DEFINITION, STEP, ChangeScorer, OneChange
from dnalect.workflows.tally import Tally

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
        self.scorer, self.seed = scorer, seed
        shared: dict[bytes, list[tuple[Change, ...]]] = {}
        # One draw serves all outputs, and is announced once.
        notices = [notify, *[lambda _: None] * len(scorer.outputs)]
        self.backgrounds = [
            Background(OneChange(scorer, number, shared), snvs, others, seed, notices[number])
            for number in range(len(scorer.outputs))
        ]

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs: name -> what it is, in words."""
        return {output.name: output.meaning for output in self.scorer.outputs}

    def add(self, variants: Sequence[Variant], scores: Sequence[Score], tally: Tally) -> list[Score]:
        """Return the scores with the changes of their variants, and percentiles unless the background is 0."""
        given = zip(variants, scores, self.scorer.changes(variants), strict=True)
        return [replace(score, changes=self._ranked(variant, changes, tally)) for variant, score, changes in given]

    def _ranked(self, variant: Variant, changes: tuple[Change, ...], tally: Tally) -> tuple[Change, ...]:
        if not self.backgrounds[0].snvs:
            return changes
        name, out = stratum(variant), []
        for number, (background, change) in enumerate(zip(self.backgrounds, changes, strict=True)):
            out.append(replace(change, percentile=background.percentile(name, change.value)))
            if number < REPORTED:
                tally.changes.begin(f"{change.name}, {variant.kind}", background.values[name])
        return tuple(out)

    def drawn(self, key: str) -> npt.NDArray[np.float32]:
        """Return the background of an output and class, given as "output, class"."""
        output, _, kind = key.partition(", ")
        values = self.backgrounds[list(self.outputs).index(output)].values
        return np.concatenate([each for name, each in values.items() if name.split("_")[0] == kind])

    @property
    def facts(self) -> dict[str, str]:
        """What a reader needs to repeat the predictions, in the order to show."""
        scorer, card, first = self.scorer, self.scorer.predictor.card, self.backgrounds[0]
        shifted = f"the mean over {scorer.shifts} windows, {STEP} bases from one to the next"
        drawn = f"{first.snvs} SNVs, {first.others} of each other stratum, seed {self.seed}"
        return {
            "predictor": f"{card.id} {card.revision}",
            "predictor_sha256": card.sha256,
            "change": f"{DEFINITION}; predicted alternate - reference; {'; '.join(self.outputs.values())}",
            "change_window": f"{scorer.window} bases",
            "change_strands": _VIEWS[scorer.strands],
            "change_shifts": shifted if scorer.shifts > 1 else "1, no shift",
            "change_background": drawn if first.snvs else "",
        }
