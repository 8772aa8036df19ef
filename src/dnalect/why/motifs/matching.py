"""Which known motifs a matrix of probabilities is like: TOMTOM's comparison (Gupta 2007, Tanaka 2011), both strands.

Columns are compared by their Euclidean distance. Of each column of the query the distances to all columns of the known
motifs are the null, whose median an unpaired column has; so a sum over paired columns has an exact distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.genome.motifs import Motif
from dnalect.why.motifs.seqlets import RATE, false_discoveries

# Steps between the least and the most alike columns of a query.
STEPS = 100
# Columns of random motifs are added to those of a small file, up to this number: their null would be the file itself.
FEWEST = 1_000
SPREAD = 0.4
Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Match:
    """A known motif that a query is like.

    query: its number. p: how often a motif of random columns, of this length, is as much like it, at any offset on
    either strand. q: the share of false ones among all matches that are as good. offset: of the motif's first column on
    the query's strand, from the query's first. forward: whether it lies on the query's strand. paired: columns.
    """

    query: int
    motif: Motif
    p: float
    q: float
    offset: int
    forward: bool
    paired: int


def match_motifs(queries: Sequence[Floats], motifs: Sequence[Motif], rate: float = RATE) -> list[Match]:
    """Return what is alike, the best of each query first; among all at most a share `rate` is expected to be false.

    queries: probabilities (w, 4) of A, C, G, T. rate: of false discoveries (Benjamini and Hochberg 1995) over all pairs
    of a query and a motif. Raises ValueError for a rate outside of (0, 1), of which nothing could be believed.
    """
    if not 0 < rate < 1:
        raise ValueError(f"the rate of false matches must lie between 0 and 1, not {rate}")
    if not queries or not motifs:
        return []
    known = Known(motifs)
    found = [known.compare(np.asarray(each, dtype=np.float64)) for each in queries]
    p = np.stack([each.p for each in found])
    q = false_discoveries(p)
    out = []
    for query, each in enumerate(found):
        for at in np.argsort(p[query], kind="stable").tolist():
            if q[query, at] <= rate:
                place = int(each.offset[at]), bool(each.forward[at]), int(each.paired[at])
                out.append(Match(query, motifs[at], float(p[query, at]), float(q[query, at]), *place))
    return out


@dataclass(frozen=True)
class Compared:
    """The best place of M motifs on a query: chance, offset, strand and paired columns (M,)."""

    p: Doubles
    offset: Numbers
    forward: npt.NDArray[np.bool_]
    paired: Numbers


class Known:
    """Motifs side by side, each on both strands, as all of them are compared with a query at once."""

    def __init__(self, motifs: Sequence[Motif]):
        tables = [each.probabilities for each in motifs]
        both = [*tables, *(each[::-1, ::-1] for each in tables)]
        self.lengths = np.array([len(each) for each in both])
        self.columns = np.concatenate(both)
        short = max(0, FEWEST - len(self.columns))
        # The seed is fixed, so that a file's matches are always the same.
        random = np.random.default_rng(1).dirichlet(np.full(4, SPREAD), short)
        self.null = np.concatenate([self.columns, random])

    def compare(self, query: Doubles) -> Compared:
        """Return the best place of each motif on a query (w, 4)."""
        width, count = len(query), len(self.lengths) // 2
        alike, null = (-np.sqrt(((query[:, None] - each) ** 2).sum(axis=2)) for each in (self.columns, self.null))
        middle = np.median(null, axis=1, keepdims=True)
        step = max(float(np.ptp(null)) / STEPS, 1e-9)
        alike, null = (np.round((each - middle) / step).astype(np.int64) for each in (alike, null))
        anchors, owner, offset = self._anchors(width)
        total, low, high = (np.full(len(anchors), each) for each in (0, width, 0))
        first = (np.cumsum(self.lengths) - self.lengths)[owner]
        for row in range(width):
            column = row - offset
            inside = (column >= 0) & (column < self.lengths[owner])
            total[inside] += alike[row, (first + column)[inside]]
            low, high = np.where(inside, np.minimum(low, row), low), np.where(inside, row + 1, high)
        chance = _chances(null, total, low, high)
        places = 2 * (width + self.lengths[owner] - 1)
        best = _first_of(owner % count, chance, count)
        p = -np.expm1(places[best] * np.log1p(-np.minimum(chance[best], 1 - 1e-12)))
        return Compared(p, offset[best], owner[best] < count, (high - low)[best])

    def _anchors(self, width: int) -> tuple[Numbers, Numbers, Numbers]:
        """Return the numbers (A,) of all places, whose motif each is of and where that begins on a query."""
        sizes = self.lengths + width - 1
        owner = np.repeat(np.arange(len(sizes)), sizes)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.arange(len(owner)), owner, within - self.lengths[owner] + 1


def _first_of(group: Numbers, values: Doubles, count: int) -> Numbers:
    """Return where the lowest value of each of `count` groups is."""
    order = np.lexsort((values, group))
    starts = np.searchsorted(group[order], np.arange(count))
    return np.asarray(order[starts])


def _chances(null: Numbers, total: Numbers, low: Numbers, high: Numbers) -> Doubles:
    """Return how often a sum of random columns of the null (w, N), rows low to high, reaches each total (A,)."""
    out = np.ones(len(total))
    least = null.min(axis=1)
    shares = [np.bincount(row - start) / len(row) for row, start in zip(null, least, strict=True)]
    for begin in range(len(null)):
        spread = np.ones(1)
        for end in range(begin + 1, len(null) + 1):
            spread = np.convolve(spread, shares[end - 1])
            mine = np.flatnonzero((low == begin) & (high == end))
            if len(mine):
                tail = np.append(np.cumsum(spread[::-1])[::-1], 0.0)
                at = np.clip(total[mine] - least[begin:end].sum(), 0, len(spread))
                out[mine] = np.minimum(tail[at], 1.0)
    return out
