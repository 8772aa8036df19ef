"""What a variant changes in the predictions around it, base by base: definition "influence-1" (docs/scores.md)."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect.core.errors import ConfigError
from dnalect.core.views import Track, View
from dnalect.inference.likelihood import strategy_for
from dnalect.inference.likelihood.influence import influence_of, moves, window_of
from dnalect.tokens.bases import BASES
from dnalect.why.subject import Subject


def view(subject: Subject) -> View:
    """Return the view `influence`. Raises ConfigError without a variant, ModelError without likelihoods."""
    if subject.variant is None:
        raise ConfigError("an influence is that of a variant")
    scorer = subject.scorer
    window = window_of(subject.variant, subject.genome, scorer.flank, scorer.longest_allele)
    ((moved, before),) = moves(strategy_for(subject.model, subject.batch), [window])
    found = influence_of(moved, before)
    changes = _along(subject, moved, before, window.variant.start, window.variant.end)
    largest = np.where(np.isfinite(changes).any(axis=1), np.abs(np.nan_to_num(changes)).max(axis=1), np.nan)
    table = {**subject.columns(), **{base: changes[:, n] for n, base in enumerate(BASES)}, "largest": largest}
    tracks = (
        Track("line", "largest change of the log-odds of a base (nats)", largest, "nats"),
        Track("heat", "change of the log-odds of each base, ALT less REF (nats)", changes, "nats"),
    )
    text = (
        "What the variant changes in what is expected elsewhere. Over the whole window of "
        f"{len(moved):,} bases beside it: largest change {found.largest:.3g}, sum {found.total:.3g}, sum over 16 bases "
        f"on each side {found.near:.3g} (nats)."
    )
    arrays: dict[str, npt.NDArray[np.floating]] = {"changes": changes, "largest": largest}
    strength = largest.astype(np.float32)
    measure = "largest change of the log-odds of a base, nats"
    return View("influence", "Influence", text, tracks, pa.table(table), arrays, strength, measure)


def _along(
    subject: Subject, moved: npt.NDArray[np.float64], before: int, start: int, end: int
) -> npt.NDArray[np.float32]:
    """Return the changes (L, 4) along the place, NaN within [start, end) of the alleles and beyond the window."""
    place = subject.place
    out = np.full((len(place), 4), np.nan, dtype=np.float32)
    positions = np.concatenate([np.arange(start - before, start), np.arange(end, end + len(moved) - before)])
    within = (positions >= place.start) & (positions < place.end)
    out[positions[within] - place.start] = moved[within]
    return out
