"""How likely the bases of relatives are, given that of the reference: F81 along a tree, at several rates.

Felsenstein 1981 (J Mol Evol 17:368): a base is replaced, at a rate, by one that is drawn from the frequencies. The tree
is joined by average linkage of pairwise distances.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.core.reporter import say
from dnalect.relatives.alignment import Alignment
from dnalect.tokens.bases import UNKNOWN

# Substitution rates of the classes, as multiples of the mean that the distances are made of.
RATES = tuple(2.0**n for n in (-6, -5, -4, -3, -2, -1, 0, 1, 2))
# Substitutions a base: what differs less is of the species itself, and says what varies, not what is kept.
NEAREST = 0.03
# A distance that has no end, of sequences that are alike no more than by chance.
FARTHEST = 5.0

Codes = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evolution:
    """A tree with the reference among its leaves, F81's frequencies, and rates with their shares.

    names: of the relatives, leaves 1 to r; the reference is leaf 0. joins (r, 2): the two nodes that become node r + 1,
    r + 2 ... heights (2 r + 1,): substitutions a base from a node to its leaves. frequencies (4,): of A, C, G, T, alike
    on both strands. shares (K,): of the rates. weights (W,): how much the columns 1, 2 ... W bases away say of the
    rate of a site, on either side.
    """

    names: tuple[str, ...]
    joins: npt.NDArray[np.int64]
    heights: Doubles
    frequencies: Doubles
    shares: Doubles
    weights: Doubles

    @cached_property
    def unchanged(self) -> float:
        """Expected substitutions at which a base has been replaced once: 1 - the chance that it is by itself."""
        return float(1 - (self.frequencies**2).sum())

    @property
    def mean_rate(self) -> float:
        """Of all sites."""
        return float(self.shares @ np.asarray(RATES))

    @cached_property
    def parents(self) -> npt.NDArray[np.int64]:
        """The node above each node, -1 of the root."""
        above = np.full(len(self.heights), -1, dtype=np.int64)
        leaves = len(self.names) + 1
        for number, pair in enumerate(self.joins):
            above[pair] = leaves + number
        return above

    def log_likelihoods(self, columns: Codes) -> Doubles:
        """Return ln p(the relatives' bases | the reference's base, rate) (n, K, 4). columns (r, n): 4 for nothing."""
        seen = np.ones((len(self.heights), columns.shape[1], 1, 4))
        leaves = np.concatenate([np.eye(4), np.ones((1, 4))])
        seen[1 : len(self.names) + 1, :, 0] = leaves[columns]
        below = dict(enumerate(seen))
        path = self._above_reference()
        for number, (left, right) in enumerate(self.joins.tolist()):
            node = len(self.names) + 1 + number
            if node not in path:
                below[node] = self._sent(left, below[left]) * self._sent(right, below[right])
        # From the root down to the reference: what all that is not below a node says of it.
        told = np.ones((1, 1, 4))
        for node in reversed(path):
            for child in self.joins[node - len(self.names) - 1].tolist():
                if child not in path and child != 0:
                    told = told * self._sent(child, below[child])
            # F81 is reversible: the way down is walked like a way up.
            told = self._sent(self._next(path, node), told)
        out: Doubles = np.log(np.broadcast_to(told, (columns.shape[1], len(RATES), 4)))
        return out

    def _above_reference(self) -> list[int]:
        node, path = int(self.parents[0]), list[int]()
        while node >= 0:
            path.append(node)
            node = int(self.parents[node])
        return path

    def _next(self, path: list[int], node: int) -> int:
        at = path.index(node)
        return path[at - 1] if at else 0

    def _sent(self, node: int, likelihoods: Doubles) -> Doubles:
        """Likelihoods (n, K or 1, 4) at one end of the branch above a node, from those at its other end."""
        length = self.heights[self.parents[node]] - self.heights[node]
        kept = np.exp(-length * np.asarray(RATES) / self.unchanged)[:, None]
        mean = (likelihoods * self.frequencies).sum(-1, keepdims=True)
        out: Doubles = kept * likelihoods + (1 - kept) * mean
        return out


def tree_of(alignment: Alignment, columns: Codes) -> tuple[Evolution, list[int]]:
    """Return an evolution whose rates are not learned yet, and which rows of `columns` it is of, the reference first.

    columns (1 + r, n): of the reference and its relatives. Raises InputError where no relative is left.
    """
    counts = np.bincount(columns[columns < UNKNOWN], minlength=4)[:4].astype(np.float64)
    frequencies = (counts + counts[::-1]) / max(1.0, 2 * counts.sum())
    apart = _distances(columns, frequencies)
    far = [row for row in range(1, len(columns)) if apart[0, row] >= NEAREST]
    if left := [alignment.names[row - 1] for row in range(1, len(columns)) if row not in far]:
        say(f"left out, as they differ from the reference in fewer than {NEAREST:.0%} of the bases: {', '.join(left)}")
    if not far:
        raise InputError(f"{alignment.source}: no relative differs from the reference in {NEAREST:.0%} of the bases")
    rows = [0, *far]
    joins, heights = _joined(apart[np.ix_(rows, rows)])
    names = tuple(alignment.names[row - 1] for row in far)
    even = np.full(len(RATES), 1 / len(RATES))
    return Evolution(names, joins, heights, frequencies, even, np.zeros(0)), rows


def _distances(columns: Codes, frequencies: Doubles) -> Doubles:
    """Substitutions a base between each two sequences under F81 (Tajima and Nei 1984), symmetric."""
    count = len(columns)
    out, unlike = np.zeros((count, count)), 1 - float((frequencies**2).sum())
    for one in range(count):
        both = (columns < UNKNOWN) & (columns[one] < UNKNOWN)
        differ = ((columns != columns[one]) & both).sum(1) / np.maximum(both.sum(1), 1)
        left = np.maximum(1 - differ / unlike, np.exp(-FARTHEST / unlike))
        # Of two that are nowhere aligned together nothing is known: they are as far apart as any.
        out[one] = np.where(both.sum(1) > 0, -unlike * np.log(left), np.nan)
    known = out[~np.isnan(out)]
    return np.where(np.isnan(out), known.max(), out) * (1 - np.eye(count))


def _joined(apart: Doubles) -> tuple[npt.NDArray[np.int64], Doubles]:
    # Scoring imports this module, and most runs have no relatives: scipy takes half a second.
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    steps = linkage(squareform((apart + apart.T) / 2, checks=False), "average")
    heights = np.concatenate([np.zeros(len(apart)), steps[:, 2] / 2])
    return steps[:, :2].astype(np.int64), heights
