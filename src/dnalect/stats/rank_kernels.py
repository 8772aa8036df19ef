"""Compiled: AUROC, average precision and rank correlation of many resamples. Import it late: numba takes half a second.

A resample says how often each unit is drawn; an item weighs what its unit does. Shapes: R
resamples, U units, n items.
"""

import numpy as np
import numpy.typing as npt

from dnalect.tokens.compiled import compiled

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.uint16]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@compiled
def separated(draws: Counts, units: Numbers, positive: Mask, last: Mask) -> Floats:
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
def correlated(
    draws: Counts, units: Numbers, last: Mask, group: Numbers, other_units: Numbers, other_last: Mask
) -> Floats:
    """Return Spearman's correlation in every resample (R,), ranked anew in each; NaN where one side is constant.

    draws: (R, U). units, last, group: (n,) in the order of one side's rising values, last where the next is
    another value, group the number of the value on the other side, from 0. other_units, other_last: (n,) in
    the order of that side.
    """
    sizes = np.zeros(draws.shape[1])
    for i in range(len(units)):
        sizes[units[i]] += 1
    out, places = np.full(len(draws), np.nan), np.zeros(len(units))
    for r in range(len(draws)):
        # Weighted mid-ranks always have half of all weights as their mean.
        middle = 0.0
        for unit in range(len(sizes)):
            middle += draws[r, unit] * sizes[unit] / 2
        below = own = yy = 0.0
        number = 0
        for i in range(len(other_units)):
            own += draws[r, other_units[i]]
            if other_last[i]:
                place = below + own / 2 - middle
                places[number] = place
                yy += own * place * place
                below += own
                own = 0.0
                number += 1
        below = own = xx = xy = cross = 0.0
        for i in range(len(units)):
            weight = draws[r, units[i]]
            own += weight
            cross += weight * places[group[i]]
            if last[i]:
                place = below + own / 2 - middle
                xx += own * place * place
                xy += place * cross
                below += own
                own = cross = 0.0
        if xx > 1e-9 and yy > 1e-9:
            out[r] = xy / np.sqrt(xx * yy)
    return out
