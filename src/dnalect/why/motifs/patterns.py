"""Patterns: what seqlets have in common, as matrices of probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.why.motifs.seqlets import Seqlet

# Bases that are compared: of a seqlet, and on each side of its middle.
HALF = 10
# Bases by which seqlets may be shifted against each other.
SHIFTS = 6
# Cosine of the information of two seqlets, base by base, from which on they are of one pattern; seqlets of a pattern.
ALIKE, FEWEST = 0.75, 20
# Bits that the outermost bases of a pattern have at least, and bases of a pattern.
EDGE, SHORTEST = 0.25, 4
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pattern:
    """What some seqlets have in common.

    probabilities: (w, 4) the mean of what the model expects at each base. members: (m,) numbers of the seqlets. shifts
    (m,): where it begins, in bases from the seqlet's middle on its strand. forward (m,): whether that is theirs.
    """

    probabilities: npt.NDArray[np.float64]
    members: Numbers
    shifts: Numbers
    forward: npt.NDArray[np.bool_]


def around(log_probs: Singles, seqlets: Sequence[Seqlet], flank: int = HALF + SHIFTS) -> Singles:
    """Return the probabilities (n, 2 * flank + 1, 4) around the middles of seqlets, even beyond the ends.

    log_probs: (L, 4), of A, C, G, T.
    """
    padded = np.pad(np.exp(log_probs), ((flank, flank), (0, 0)), constant_values=0.25)
    middles = np.array([(each.start + each.end) // 2 for each in seqlets], dtype=np.int64)
    found: Singles = padded[middles[:, None] + np.arange(2 * flank + 1)].astype(np.float32)
    return found


def find_patterns(windows: Singles, alike: float = ALIKE, fewest: int = FEWEST) -> list[Pattern]:
    """Return the patterns of seqlets, the most frequent first; a seqlet is of one at most.

    windows: from `around` (n, W, 4). The seqlet that most others are like, at any shift and on either strand, is the
    first; the mean of these is the pattern, and those that are like the mean are its members. They are
    taken out, and so on until a pattern has fewer than `fewest`.
    """
    if len(windows) < fewest:
        return []
    weighed = _weighed(windows)
    left = np.arange(len(windows))
    found: list[Pattern] = []
    near = _neighbours(weighed, alike)
    while len(left) >= fewest:
        inside = near[np.ix_(left, left)].sum(axis=1)
        seed = left[int(inside.argmax())]
        if inside.max() < fewest:
            break
        centre = weighed[seed, SHIFTS : SHIFTS + 2 * HALF + 1]
        for _ in range(3):
            score, shift, turned = _best(weighed[left], centre)
            mine = score >= alike
            if mine.sum() < fewest:
                break
            laid = _laid(windows[left[mine]], shift[mine], turned[mine])
            centre = _weighed(laid.mean(axis=0, dtype=np.float64).astype(np.float32))
        if mine.sum() < fewest:
            near[:, seed] = near[seed] = False
            continue
        found.append(_pattern(laid, left[mine], shift[mine], turned[mine]))
        left = left[~mine]
    whole = [each for each in found if len(each.probabilities) >= SHORTEST]
    return sorted(whole, key=lambda each: -len(each.members))


def _weighed(probabilities: Singles) -> Singles:
    """Probabilities times the information of their base, as letters of a logo are high."""
    p = np.clip(probabilities, 1e-6, 1)
    bits = 2 + (p * np.log2(p)).sum(axis=-1, keepdims=True)
    return np.asarray(p * np.maximum(bits, 0), dtype=np.float32)


def _unit(rows: Singles) -> Singles:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9), dtype=np.float32)


def _views(weighed: Singles) -> Singles:
    """All (n, views, (2 * HALF + 1) * 4) shifts of windows on both strands, of length 1."""
    width = 2 * HALF + 1
    both = (weighed, weighed[:, ::-1, ::-1])
    shifts = [each[:, at : at + width].reshape(len(weighed), -1) for each in both for at in range(2 * SHIFTS + 1)]
    return _unit(np.stack(shifts, axis=1))


def _neighbours(weighed: Singles, alike: float) -> npt.NDArray[np.bool_]:
    """Return (n, n) which seqlets are like which."""
    middle = _unit(weighed[:, SHIFTS : SHIFTS + 2 * HALF + 1].reshape(len(weighed), -1))
    near = np.zeros((len(weighed), len(weighed)), dtype=np.bool_)
    views = _views(weighed)
    for number in range(views.shape[1]):
        near |= middle @ views[:, number].T >= alike
    return np.asarray(near | near.T)


def _best(weighed: Singles, centre: Singles) -> tuple[Singles, Numbers, npt.NDArray[np.bool_]]:
    """The cosine (n,) of windows with a centre at their best shift and strand, and which."""
    scores = _views(weighed) @ _unit(centre.reshape(-1))
    best = scores.argmax(axis=1)
    turned, shift = np.divmod(best, 2 * SHIFTS + 1)
    return scores[np.arange(len(best)), best], shift, turned.astype(np.bool_)


def _laid(windows: Singles, shift: Numbers, turned: npt.NDArray[np.bool_]) -> Singles:
    """Windows at their shifts and on their strands (m, 2 * HALF + 1, 4)."""
    own = np.where(turned[:, None, None], windows[:, ::-1, ::-1], windows)
    return np.asarray(own[np.arange(len(own))[:, None], shift[:, None] + np.arange(2 * HALF + 1)])


def _pattern(laid: Singles, members: Numbers, shift: Numbers, turned: npt.NDArray[np.bool_]) -> Pattern:
    """The mean, from the first to the last base that says something."""
    mean = laid.mean(axis=0, dtype=np.float64)
    bits = 2 + (mean * np.log2(np.clip(mean, 1e-9, 1))).sum(axis=1)
    says = np.flatnonzero(bits >= min(EDGE, bits.max()))
    low, high = int(says[0]), int(says[-1]) + 1
    return Pattern(mean[low:high], members, shift - SHIFTS - HALF + low, ~turned)


def sequence_of(probabilities: npt.NDArray[np.float64]) -> str:
    """Return the likeliest bases of a matrix (w, 4), in small letters where they are less likely than half."""
    best = probabilities.argmax(axis=1)
    letters = "".join("ACGT"[each] for each in best)
    return "".join(a if p >= 0.5 else a.lower() for a, p in zip(letters, probabilities.max(axis=1), strict=True))
