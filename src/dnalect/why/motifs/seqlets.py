"""Seqlets: short stretches whose scores stand out of what shuffled sequence gives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Bases of a seqlet: the core of a zinc finger's site to a long dimer's.
WIDTHS = (6, 9, 13, 19)
# Share of false ones among the seqlets that are called.
RATE = 0.05
# Standard deviations from which on a stretch is looked at; what lies below stands out of nothing.
FLOOR = 1.0
Floats = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Seqlet:
    """A stretch that stands out.

    start, end: 0-based, half-open, in the scores. score: their sum in it. p: how often one of the null's stands out as
    much. q: the share of false ones among those that stand out as much or more.
    """

    start: int
    end: int
    score: float
    p: float
    q: float


@dataclass(frozen=True)
class NullScores:
    """What scores of bases are where there is nothing: mean and spread of sums by width, and what stands out by chance.

    means, spreads: (W,). heights: (N,) of the stretches that stand out, ascending, in standard deviations.
    """

    means: Floats
    spreads: Floats
    heights: Floats

    @classmethod
    def of(cls, scores: Sequence[Floats]) -> "NullScores":
        """Learn it from the scores (L,) of some sequences; NaN at unknown bases.

        Raises ValueError where none has as many known bases in a row as the longest seqlet.
        """
        sums = [np.concatenate([_sums(each, width) for each in scores] or [np.zeros(0)]) for width in WIDTHS]
        known = [each[np.isfinite(each)] for each in sums]
        if not all(map(len, known)):
            raise ValueError(f"the null needs scores of {max(WIDTHS)} known bases in a row")
        # Where all scores are alike, as an untrained network's may be, nothing stands out.
        spreads = np.array([each.std() or np.inf for each in known])
        bare = cls(np.array([each.mean() for each in known]), spreads, np.zeros(0))
        heights = np.concatenate([bare.standing(each)[2] for each in scores])
        return cls(bare.means, bare.spreads, np.sort(heights))

    def standing(self, scores: Floats) -> tuple[Numbers, Numbers, Floats]:
        """Return starts, ends and heights (n,) of stretches that don't overlap, the highest first.

        scores: (L,). The height of a stretch is its sum less the null's mean, in the null's standard deviations.
        """
        found = []
        for width, mean, spread in zip(WIDTHS, self.means, self.spreads, strict=True):
            height = (_sums(scores, width) - mean) / spread
            edged = np.concatenate([[-np.inf], np.nan_to_num(height, nan=-np.inf), [-np.inf]])
            middle = edged[1:-1]
            at = np.flatnonzero((middle >= FLOOR) & (middle >= edged[:-2]) & (middle > edged[2:]))
            found.append((at, at + width, middle[at]))
        starts, ends, heights = (np.concatenate(each) for each in zip(*found, strict=True))
        order, free = np.argsort(-heights, kind="stable"), np.ones(len(scores), dtype=np.bool_)
        kept = []
        for n in order.tolist():
            if free[starts[n] : ends[n]].all():
                free[starts[n] : ends[n]] = False
                kept.append(n)
        return starts[kept], ends[kept], heights[kept]

    def chance(self, heights: Floats) -> Floats:
        """Return how often one of the null's stretches is as high (n,), never 0."""
        below = np.searchsorted(self.heights, heights, side="left")
        return np.asarray((1 + len(self.heights) - below) / (1 + len(self.heights)))


def call_seqlets(scores: Floats, null: NullScores, rate: float = RATE) -> list[Seqlet]:
    """Return the seqlets of scores (L,), by start: among them at most a share `rate` is expected to be false.

    scores: the higher, the more a base counts, such as its information; NaN at unknown bases. A seqlet has one of
    WIDTHS bases, and none overlaps another. null: of the same scores in shuffled sequence. The false discovery rate is
    that of Benjamini and Hochberg (1995).
    """
    starts, ends, heights = null.standing(scores)
    p = null.chance(heights)
    q = false_discoveries(p)
    found = [
        Seqlet(start, end, float(scores[start:end].sum()), *chances)
        for start, end, *chances in zip(starts.tolist(), ends.tolist(), p.tolist(), q.tolist(), strict=True)
        if chances[1] <= rate
    ]
    return sorted(found, key=lambda each: each.start)


def false_discoveries(p: Floats) -> Floats:
    """Return the q values of p values, of any shape: Benjamini and Hochberg 1995."""
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p, axis=None)).reshape(p.shape) if p.size else np.zeros(p.shape)


def _sums(scores: Floats, width: int) -> Floats:
    """Sums (L - width + 1,) of stretches, NaN where a base is unknown."""
    if len(scores) < width:
        return np.zeros(0)
    known = np.isfinite(scores)
    total, count = (
        np.concatenate([[0.0], np.cumsum(each, dtype=np.float64)]) for each in (np.where(known, scores, 0.0), known)
    )
    whole = count[width:] - count[:-width] == width
    return np.where(whole, total[width:] - total[:-width], np.nan)
