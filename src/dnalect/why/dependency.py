"""Dependency maps: how a substitution at one base moves what is expected at each other one (da Silva et al. 2025)."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect.core.views import Track, View
from dnalect.inference.likelihood import strategy_for
from dnalect.inference.likelihood.shown import AROUND
from dnalect.models.model import Abilities
from dnalect.tokens.bases import UNKNOWN
from dnalect.why.subject import Subject

# Added to each probability, which are then normalised again: no log-odds are infinite.
TINY = 1e-10
Floats = npt.NDArray[np.float32]


def refuses(can: Abilities) -> str:
    """Say why a model doesn't say how likely a base is given all others, "" where it does."""
    if can.likelihood == "causal":
        return "it says p(base | the bases before it), and this needs p(base | all others)"
    return "" if can.likelihood else "it does not say how likely bases are"


def dependencies(subject: Subject) -> Floats:
    """Return the map (L, L): how far a substitution of base i moves the log2-odds at base j.

    Of the three substitutions of base i and the four bases at j the largest absolute change counts. 0 on the diagonal;
    NaN in the rows and columns of unknown bases. A masked model sees all bases, unless `subject.hidden`. Raises
    ModelError for a model without likelihoods, InputError for a place that a masked model can't read at once.
    """
    (codes, place), length = subject.window(subject.reach), len(subject.place)
    log_p = strategy_for(subject.model, subject.batch).substituted(codes, place.start, place.stop, subject.hidden)
    own = np.minimum(subject.codes, UNKNOWN - 1)
    out = np.empty((length, length), dtype=np.float32)
    for row in range(length):
        odds = log2_odds(log_p[row])
        out[row] = np.abs(odds - odds[own[row]]).max(axis=(0, 2))
    np.fill_diagonal(out, 0)
    unknown = subject.codes == UNKNOWN
    out[unknown], out[:, unknown] = np.nan, np.nan
    return out


def log2_odds(log_p: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return log2(p / (1 - p)) of each of four bases (..., 4), from ln p."""
    p = np.exp(log_p.astype(np.float64)) + TINY
    p /= p.sum(axis=-1, keepdims=True)
    return np.asarray(np.log2(p) - np.log2(1 - p))


def reading(subject: Subject) -> str:
    """Say what a masked model sees of a base that is asked for, "" for other models, which never see it."""
    if subject.model.can.likelihood != "masked":
        return ""
    return "each base hidden in its turn" if subject.hidden else f"nothing hidden, {AROUND} bases on each side"


def view(subject: Subject) -> View:
    """Return the view `dependency`."""
    found = dependencies(subject)
    both = np.fmax(found, found.T)
    moves, moved = (_mean(found, axis) for axis in (1, 0))
    known = np.isfinite(both).any(axis=1)
    partner = np.where(known, np.nan_to_num(both, nan=-1).argmax(axis=1), -1)
    strength = np.where(known, np.nan_to_num(both).max(axis=1), np.nan).astype(np.float32)
    table = subject.columns() | {
        "moves_others": moves,
        "is_moved": moved,
        "strongest": strength,
        "with_position": pa.array((partner + subject.place.start + 1).tolist(), pa.int64(), mask=~known),
    }
    how = reading(subject)
    told = f", {how.partition(',')[0]}" if how else ""
    tracks = (
        Track("line", "how far a substitution here moves the other bases, mean (log2-odds)", moves, "log2-odds"),
        Track("matrix", f"how far a substitution (row) moves each base (column){told}", found, "log2-odds"),
    )
    text = (
        "A row is a base that is substituted, a column a base whose expectation moves; dark where it moves far. Spots "
        "away from the diagonal are pairs that the model reads together; neighbours nearly always are."
    )
    if how:
        text += f" This masked model is asked with {how}."
    arrays: dict[str, npt.NDArray[np.floating]] = {"map": found, "moves": moves, "moved": moved}
    measure = "strongest dependency of a base, log2-odds"
    return View("dependency", "Dependency map", text, tracks, pa.table(table), arrays, strength, measure)


def _mean(found: Floats, axis: int) -> Floats:
    """The mean over the other bases that are known, NaN of an unknown one."""
    others = np.isfinite(found).sum(axis=axis) - 1
    total = np.nansum(found, axis=axis)
    return np.where(others >= 0, total / np.maximum(others, 1), np.nan).astype(np.float32)
