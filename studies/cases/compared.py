"""Scores beside their rivals: paired figures, how many hits come first, and what can be learned from others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect.core import Figure
from dnalect.stats import estimate, holm, tuned_logistic, tuned_ridge, two_sided

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def compared(bare: Figure, samples: Mapping[str, Floats], rivals: Sequence[str]) -> list[Figure]:
    """Return a figure for everybody and each other one of the rivals, p-values corrected over these (Holm).

    bare: task, part, metric and number of items. samples: who -> (R + 1,), the value and those
    of the resamples, drawn alike for all. Who has no value is left out.
    """
    out: list[Figure] = []
    for who, values in samples.items():
        if not np.isfinite(values[0]):
            continue
        own = replace(bare, who=who, value=estimate(values))
        found = []
        for rival in rivals:
            if rival != who and rival in samples and np.isfinite(samples[rival][0]):
                gap = values - samples[rival]
                found.append(replace(own, against=rival, difference=estimate(gap), p=two_sided(gap[1:])))
        corrected = holm([one.p for one in found])
        out += [replace(one, p_holm=float(p)) for one, p in zip(found, corrected, strict=True)] or [own]
    return out


def learned(
    features: Floats, significant: Mask, effect: Floats, parts: Iterable[tuple[Mask, Mask]]
) -> tuple[Floats, Floats]:
    """Return the log-odds of an effect and the predicted effect (n,), of each item from others alone.

    parts: which items to predict (n,), and on which the penalty is chosen; the model learns from
    all that are neither. Every item must be predicted once.
    """
    chance, predicted = np.full(len(features), np.nan), np.full(len(features), np.nan)
    labels = significant.astype(np.int64)
    for test, tune in parts:
        learn = ~test & ~tune
        logits = tuned_logistic(features[learn], labels[learn], 2, (features[tune], labels[tune]))(features[test])
        chance[test] = logits[:, 1] - logits[:, 0]
        ridge = tuned_ridge(features[learn], effect[learn], (features[tune], effect[tune]))
        predicted[test] = ridge(features[test])[:, 0]
    return chance, predicted
