"""The view `gradients`: what each base of a place adds to what a model says."""

import numpy as np
import pyarrow as pa

from dnalect.core.records import Codes
from dnalect.core.views import Track, View
from dnalect.tokens.bases import BASES, UNKNOWN
from dnalect.why.gradients import Number, attributions, likelihood_of, log_ratio_of, prediction_of
from dnalect.why.soft import SoftWindow
from dnalect.why.subject import Subject

# Bases on each side of a place that a language model reads, at most.
FLANK = 256


def view(subject: Subject) -> View:
    """Return the view: integrated gradients, input x gradient and saliency of `number_of`."""
    number, place = number_of(subject)
    found = {each.method: each for each in attributions(number, seed=subject.seed)}
    whole = found["integrated"]
    signed = {name: found[name].by_base[place].astype(np.float32) for name in found}
    tracks = [
        Track("signed", f"integrated gradients ({number.meaning})", _letters(subject.codes, signed["integrated"])),
        Track("signed", "input x gradient", _letters(subject.codes, signed["input_x_gradient"])),
        Track("line", "saliency: the largest |gradient| of a base", signed["saliency"]),
    ]
    if number.window.by_base:
        heat = whole.values[place].astype(np.float32)
        tracks.insert(1, Track("heat", "integrated gradients of all four bases", heat))
    text = (
        f"What each base adds, up or down, to the {number.meaning}. Integrated gradients go from a place where every "
        f"base is a quarter of each to the one that is there: they add up to {whole.values.sum():+.3g}, and the number "
        f"changes by {whole.change:+.3g}."
    )
    if not subject.model.can.targets:
        text += " No base has a part in what is said of itself."
    return View(
        "gradients",
        "Gradients",
        text,
        tuple(tracks),
        pa.table({**subject.columns(), **signed}),
        {name: each.values[place].astype(np.float32) for name, each in found.items()},
        np.where(subject.codes == UNKNOWN, np.nan, np.abs(signed["integrated"])).astype(np.float32),
        "|integrated gradient| of a base",
    )


def number_of(subject: Subject) -> tuple[Number, slice]:
    """Return what is explained of a subject, and where its place is in the window.

    A prediction of a fine-tuned model; of a variant of one base how much likelier it is than what is there; of any
    other place how likely its bases are.
    """
    model, can = subject.model, subject.model.can
    if can.targets:
        output = subject.chosen_output
        length = model.card.trained_length or model.card.window
        flank = (min(length, can.context_bases) - len(subject.place)) // 2
        codes, place = subject.window(max(0, flank))
        return prediction_of(model, codes, place, output.target, output.column, output.meaning), place
    flank = min(subject.reach, FLANK)
    codes, place = subject.window(flank)
    variant = subject.variant
    spelled = SoftWindow(model, subject.bases).by_base
    if variant is not None and len(variant.ref) == len(variant.alt) == 1 and spelled:
        site = place.start + variant.start - subject.place.start
        return log_ratio_of(model, codes, place, site, int(variant.alt[0])), place
    return likelihood_of(model, codes, place), place


def _letters(codes: Codes, values: np.ndarray) -> np.ndarray:
    """The value of each base (L,) at the letter that is there (L, 4)."""
    heights = np.zeros((len(codes), len(BASES)), dtype=np.float32)
    known = np.flatnonzero(codes != UNKNOWN)
    heights[known, codes[known]] = values[known]
    return heights
