"""Compiled: how many edits lie between sequences. Import it late: numba takes half a second."""

import numpy as np
import numpy.typing as npt

from dnalect.tokens.compiled import Whole, compiled

Codes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]


@compiled
def _edits(one: Codes, other: Codes, most: Whole) -> int:
    """Substitutions, insertions and deletions between two sequences; `most` where there are as many or more."""
    before = np.arange(len(other) + 1)
    for row in range(len(one)):
        now = np.empty_like(before)
        now[0] = row + 1
        least = now[0]
        for column in range(len(other)):
            step = before[column] + (one[row] != other[column])
            now[column + 1] = min(step, before[column + 1] + 1, now[column] + 1)
            least = min(least, now[column + 1])
        if least >= most:
            return int(most)
        before = now
    return int(min(before[-1], most))


@compiled
def nearest(texts: Codes, known: Codes, ends: Longs) -> Longs:
    """Return the number of the known sequence that is nearest to each text (n, L), and its edits: (n, 2).

    known: sequences one after the other, which end at `ends`; the first of equally near ones counts.
    """
    out = np.empty((len(texts), 2), dtype=np.int64)
    for row in range(len(texts)):
        out[row, 0], out[row, 1] = -1, 1 << 30
        begin = 0
        for number in range(len(ends)):
            edits = _edits(texts[row], known[begin : ends[number]], out[row, 1])
            if edits < out[row, 1]:
                out[row, 0], out[row, 1] = number, edits
            begin = ends[number]
    return out
