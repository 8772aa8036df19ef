"""Several goals at once: what nothing else beats in all of them.

Shapes: n sequences, K goals; more is better.
"""

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


def fronts(gains: Floats) -> Numbers:
    """Return the front (n,) of each: 0 where no other is as good in all goals and better in one, 1 without those ...

    For as many as a generation has: all pairs are compared.
    """
    count, out = len(gains), np.full(len(gains), -1, dtype=np.int64)
    if gains.shape[1] == 1:
        return np.asarray(np.unique(-gains[:, 0], return_inverse=True)[1].reshape(-1), dtype=np.int64)
    at_least = np.ones((count, count), dtype=np.bool_)
    better = np.zeros((count, count), dtype=np.bool_)
    for column in gains.T:
        at_least &= column[:, None] >= column
        better |= column[:, None] > column
    beats = at_least & better
    left, number = np.ones(count, dtype=np.bool_), 0
    while left.any():
        now = left & ~(beats & left[:, None]).any(axis=0)
        out[now] = number
        left &= ~now
        number += 1
    return out


def front(gains: Floats) -> Numbers:
    """Return the rows of the first front, of any number of sequences, the one with the largest sum first."""
    found = np.zeros((0, gains.shape[1]))
    rows: list[int] = []
    # What beats another one has the larger sum.
    for row in np.argsort(-gains.sum(axis=1), kind="stable").tolist():
        beaten = (found >= gains[row]).all(axis=1) & (found > gains[row]).any(axis=1)
        if not beaten.any():
            rows.append(row)
            found = np.concatenate([found, gains[row : row + 1]])
    return np.array(rows, dtype=np.int64)


def crowding(gains: Floats, fronts: Numbers) -> Floats:
    """Return how much room each has among those of its front (n,): infinite at the ends (Deb 2002)."""
    out = np.zeros(len(gains))
    for number in np.unique(fronts):
        rows = np.flatnonzero(fronts == number)
        for column in gains[rows].T:
            order = rows[np.argsort(column, kind="stable")]
            values = np.sort(column)
            spread = (values[-1] - values[0]) or 1.0
            out[order[[0, -1]]] = np.inf
            out[order[1:-1]] += (values[2:] - values[:-2]) / spread
    return out


def ordered(gains: Floats) -> Numbers:
    """Return all rows (n,), the best first: by front, within one by the room that each has."""
    number = fronts(gains)
    room = np.zeros(len(gains)) if gains.shape[1] == 1 else crowding(gains, number)
    return np.lexsort((-room, number))


def apart(codes: Codes, order: Numbers, count: int, distance: int) -> Numbers:
    """Return the first rows of an order, at most `count`, that differ from those before in `distance` bases or more."""
    chosen: list[int] = []
    for row in order.tolist():
        if len(chosen) == count:
            break
        if not chosen or ((codes[chosen] != codes[row]).sum(axis=1) >= distance).all():
            chosen.append(row)
    return np.array(chosen, dtype=np.int64)
