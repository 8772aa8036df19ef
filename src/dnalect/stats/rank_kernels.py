"""Compiled: AUROC, average precision and rank correlation of many resamples. Import it late: numba takes half a second.

A resample says how often each unit is drawn; an item weighs what its unit does. Shapes: R
resamples, U units, n items.
"""

import numpy as np
import numpy.typing as npt

from dnalect.tokens.compiled import compiled

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@compiled
def separated(draws: Floats, units: Numbers, positive: Mask, last: Mask) -> Floats:
    """Return AUROC and average precision (2, R), NaN where a resample lacks positives or negatives.

    draws: (R, U). units, positive: (n,) in the order of falling scores. last: (n,) where the
    next item has another score; tied items count half, and are met at once.
    """
    out = np.full((2, len(draws)), np.nan)
    for r in range(len(draws)):
        up = down = ups = downs = lost = precision = 0.0
        for i in range(len(units)):
            weight = draws[r, units[i]]
            if positive[i]:
                up += weight
            else:
                down += weight
            if last[i]:
                lost += up * (downs + down / 2)
                ups += up
                downs += down
                if up > 0:
                    precision += up * ups / (ups + downs)
                up = down = 0.0
        if ups > 0 and downs > 0:
            out[0, r] = 1 - lost / (ups * downs)
            out[1, r] = precision / ups
    return out


@compiled
def _place(draw: Floats, units: Numbers, order: Numbers, last: Mask, out: Floats) -> None:
    """Write the mean weighted rank of each item, tied ones alike. order, last: (n,) of rising values."""
    below = own = 0.0
    first = 0
    for i in range(len(order)):
        own += draw[units[order[i]]]
        if last[i]:
            for j in range(first, i + 1):
                out[order[j]] = below + own / 2
            below += own
            own = 0.0
            first = i + 1


@compiled
def correlated(draws: Floats, units: Numbers, x_order: Numbers, x_last: Mask, y_order: Numbers, y_last: Mask) -> Floats:
    """Return Spearman's correlation of every resample (R,), ranked anew in each; NaN where one side is constant.

    units: (n,). orders: (n,) items by rising value; lasts: (n,) in that order, where the next is another value.
    """
    count = len(units)
    out = np.full(len(draws), np.nan)
    x, y = np.empty(count), np.empty(count)
    for r in range(len(draws)):
        _place(draws[r], units, x_order, x_last, x)
        _place(draws[r], units, y_order, y_last, y)
        total = 0.0
        for i in range(count):
            total += draws[r, units[i]]
        xx = yy = xy = 0.0
        for i in range(count):
            weight = draws[r, units[i]]
            # Weighted mid-ranks always have half the total as their mean.
            a, b = x[i] - total / 2, y[i] - total / 2
            xx += weight * a * a
            yy += weight * b * b
            xy += weight * a * b
        if xx > 1e-9 and yy > 1e-9:
            out[r] = xy / np.sqrt(xx * yy)
    return out
