"""Windows of many lengths -> batches with little padding."""

import numpy as np
import numpy.typing as npt

BATCH_TOKENS = 1 << 14


def by_length(lengths: npt.NDArray[np.int64], most: int) -> list[npt.NDArray[np.int64]]:
    """Return the numbers of the windows in batches of like length.

    lengths: (n,) tokens of each window. most: windows a batch; one holds at most BATCH_TOKENS
    tokens, padding included, unless a single window has more.
    """
    order = np.argsort(lengths, kind="stable")
    parts, low = [], 0
    while low < len(order):
        high = low + 1
        while high < len(order) and high - low < most and (high - low + 1) * lengths[order[high]] <= BATCH_TOKENS:
            high += 1
        parts.append(order[low:high])
        low = high
    return parts
