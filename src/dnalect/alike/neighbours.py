"""The nearest of n points by their cosines, and what they make of it: exact, in blocks.

Shapes: n points, K channels, k neighbours.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Rows of the table of all cosines that are held at once.
ROWS = 512
NEIGHBOURS = 15
# Windows nearer than this on one contig share bases, a gene or a repeat: they say nothing of what is alike.
APART = 10_000
Floats = npt.NDArray[np.floating]
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Where:
    """Where points lie: number of the contig (n,), -1 where it is not known, and the middle base (n,)."""

    contig: Numbers
    middle: Numbers

    @property
    def known(self) -> bool:
        """Whether all have a place, on a contig that has another one too: records of a FASTA have none."""
        return (
            bool(len(self.contig)) and bool((self.contig >= 0).all()) and len(np.unique(self.contig)) < len(self.contig)
        )

    def take(self, rows: Numbers) -> "Where":
        """Return the places of some points."""
        return Where(self.contig[rows], self.middle[rows])

    def order(self) -> Numbers:
        """Return the rows (n,) in the order of the genome."""
        return np.lexsort((self.middle, self.contig))


def unit(points: Floats) -> Singles:
    """Return points (n, K) of length 1; zeros stay zeros. A single component is bent to half a circle (n, 2).

    So the nearest of points on a line, which as unit vectors would be 1 or -1, are the nearest by cosine, too.
    """
    if points.shape[1] == 1:
        angle = points[:, 0] / max(float(np.abs(points).max(initial=0)), 1e-12) * (np.pi / 2)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return (points / np.where(length > 0, length, 1)).astype(np.float32)


def nearest(points: Singles, k: int = NEIGHBOURS, where: Where | None = None, apart: int = APART) -> Numbers:
    """Return the k rows (n, k) with the highest cosine to each, the highest first; never the point itself.

    points: of length 1. where: those on the same contig within `apart` bases don't count, of places that are known.
    k is lowered to what all points can have. Among equal cosines it is chance (always the same) that decides, and not
    the order of the points, in which classes often lie together.
    """
    held = where if where is not None and where.known else None
    k = min(k, len(points) - 1 - (_most_near(held, apart) if held is not None else 0))
    out = np.empty((len(points), max(k, 0)), dtype=np.int64)
    mixed = np.random.default_rng(0).permutation(len(points))
    others, back = points[mixed].T, np.argsort(mixed)
    for low in range(0, len(points), ROWS) if k > 0 else ():
        rows = np.arange(low, min(low + ROWS, len(points)))
        near = points[rows] @ others
        near[np.arange(len(rows)), back[rows]] = -np.inf
        if held is not None:
            same = held.contig[rows, None] == held.contig[mixed]
            near[same & (np.abs(held.middle[rows, None] - held.middle[mixed]) < apart)] = -np.inf
        some = np.argpartition(-near, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(near, some, axis=1), axis=1, kind="stable")
        out[rows] = mixed[np.take_along_axis(some, order, axis=1)]
    return out


def _most_near(where: Where, apart: int) -> int:
    """How many others at most lie too near to one point."""
    most = 0
    for number in np.unique(where.contig):
        middles = np.sort(where.middle[where.contig == number])
        low, high = np.searchsorted(middles, [middles - apart + 1, middles + apart])
        most = max(most, int((high - low).max()) - 1)
    return most
