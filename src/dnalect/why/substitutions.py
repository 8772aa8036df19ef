"""Every substitution of a place and what a model makes of it (in-silico mutagenesis)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect.core.errors import ConfigError
from dnalect.core.records import Codes, Variant
from dnalect.core.views import Track, View
from dnalect.genome.regions import Region
from dnalect.inference.change import ChangeScorer
from dnalect.models.load import tuned_model
from dnalect.tokens.bases import BASES, UNKNOWN
from dnalect.why.subject import Subject

Floats = npt.NDArray[np.float32]
NATS = "nats, ln p(base) - ln p(ref)"
WHOLE = "nats, ln p(window with it) - ln p(window)"


@dataclass(frozen=True, eq=False)
class Effects:
    """effects: (L, 4), 0 for the base that is there, NaN at an N. unit: in words. log_probs: (L, 4) of a likelihood."""

    effects: Floats
    unit: str
    log_probs: Floats | None = None


def effects_of(subject: Subject) -> Effects:
    """Return what each substitution changes.

    Of a language model ln p(base) - ln p(the base that is there), of a causal one that of whole windows; of a
    predictor, the prediction with the change less that without. Raises ConfigError where `subject.output` doesn't say
    which output, ModelError for a model that says nothing of bases.
    """
    if subject.model.can.targets:
        return _predicted(subject)
    if subject.output is not None:
        raise ConfigError(f"{subject.model.card.id} is a language model, and has no outputs to choose from")
    if subject.scorer.given == "left":
        return _compared(subject)
    place, ref = subject.place, subject.codes
    positions = np.arange(place.start, place.end)
    log_p = subject.scorer.at_sites(np.full(len(positions), place.contig), positions)
    effects = log_p - np.take_along_axis(log_p, np.minimum(ref, 3)[:, None].astype(np.int64), axis=1)
    effects[ref == UNKNOWN] = np.nan
    return Effects(effects.astype(np.float32), NATS, log_p)


def view(subject: Subject) -> View:
    """Return the view `substitutions`: of a likelihood a logo of what is expected, too."""
    found = effects_of(subject)
    table = {**subject.columns(), **{base: found.effects[:, n] for n, base in enumerate(BASES)}}
    heat = Track("heat", f"every substitution: {found.unit}", found.effects, found.unit.partition(",")[0])
    arrays: dict[str, npt.NDArray[np.floating]] = {"effects": found.effects}
    if found.log_probs is None:
        strength, measure = np.abs(found.effects).sum(axis=1) / 3, "mean |effect| of a base's substitutions"
        heights = np.zeros_like(found.effects)
        there = np.flatnonzero(subject.codes != UNKNOWN)
        heights[there, subject.codes[there]] = strength[there]
        letters = Track("letters", f"{measure} ({found.unit})", heights)
        text = (
            "What the fine-tuned model predicts with each substitution, less what it predicts without."
            if subject.model.can.targets
            else "How much likelier the whole window is with each substitution, the mean of both strands: negative is "
            "disfavoured. A causal model says nothing of a base from all others, so there is no logo of that."
        )
    else:
        p = np.exp(found.log_probs.astype(np.float64))
        strength, measure = 2 + (p * found.log_probs / np.log(2)).sum(axis=1), "bits of information"
        strength = np.where(subject.codes == UNKNOWN, np.nan, strength)
        letters = Track(
            "letters", "what is expected, from all other bases (bits)", p * np.nan_to_num(strength)[:, None]
        )
        table["bits"], arrays["log_probs"] = strength.astype(np.float32), found.log_probs
        text = (
            "What the model expects at each base from all the others (height: information, up to 2 bits), and the "
            "score of every substitution: negative is disfavoured."
        )
    tracks = (letters, heat)
    return View(
        "substitutions",
        "Every substitution",
        text,
        tracks,
        pa.table(table),
        arrays,
        strength.astype(np.float32),
        measure,
    )


def _predicted(subject: Subject) -> Effects:
    predictor = tuned_model(subject.model)
    scorer, output = ChangeScorer(predictor, subject.genome, batch=subject.batch), subject.chosen_output
    number = scorer.outputs.index(output)
    spots, variants = _substitutions(subject.place, subject.codes)
    values = [changes[number].value for changes in scorer.changes(variants)]
    return Effects(_filled(subject, spots, values), output.meaning)


def _compared(subject: Subject) -> Effects:
    """Of a causal model: whole windows."""
    spots, variants = _substitutions(subject.place, subject.codes)
    values = [float(score.value or 0.0) for score in subject.scorer.score(variants)]
    return Effects(_filled(subject, spots, values), WHOLE)


def _filled(subject: Subject, spots: Sequence[tuple[int, int]], values: Sequence[float]) -> Floats:
    effects = np.where(subject.codes == UNKNOWN, np.nan, 0.0)[:, None].repeat(4, axis=1).astype(np.float32)
    for (row, base), value in zip(spots, values, strict=True):
        effects[row, base] = value
    return effects


def _substitutions(place: Region, ref: Codes) -> tuple[list[tuple[int, int]], Sequence[Variant]]:
    """Return (row, base) of every substitution of known bases, and its variant."""
    spots = [
        (row, base) for row, code in enumerate(ref.tolist()) if code != UNKNOWN for base in range(4) if base != code
    ]
    variants = [
        Variant(place.contig, place.start + row, place.start + row + 1, ref[row : row + 1], np.array([base], np.uint8))
        for row, base in spots
    ]
    return spots, variants
