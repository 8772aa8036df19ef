"""A base and what relatives have there, in one number: the base's code, and 3 bits for each relative.

A relative is 0 where nothing of it is aligned, else 1 to 4 for A, C, G and T. So a plain code is that of a base at
which nothing is aligned, and sequences with and without relatives are cut, joined and padded alike.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.tokens.bases import UNKNOWN

BITS = 3
# Of all relatives together there are 60 bits.
MOST = 20
_ONE = (1 << BITS) - 1

Laid = npt.NDArray[np.int64]


def lay(codes: npt.NDArray[Any], relatives: npt.NDArray[np.uint8]) -> Laid:
    """Return base codes (...) with the bases of r relatives (r, ...), 4 where nothing is aligned, as one (...)."""
    out = np.asarray(codes, dtype=np.int64)
    for number, bases in enumerate(relatives):
        aligned = np.where(bases < UNKNOWN, bases.astype(np.int64) + 1, 0)
        out = out | aligned << (BITS * (number + 1))
    return out


def base_of(laid: Any) -> Any:
    """Return the codes of the bases alone, of an array or tensor of integers."""
    return laid & _ONE


def relative_of(laid: Any, number: int) -> Any:
    """Return what relative `number` has: 0 for nothing, 1 to 4 for A, C, G and T; of an array or tensor."""
    return laid >> BITS * (number + 1) & _ONE


def without(laid: Laid, hidden: npt.NDArray[np.bool_]) -> Laid:
    """Return laid windows (B, L) without some relatives: hidden (B, r)."""
    bits = np.array([_ONE << BITS * (number + 1) for number in range(hidden.shape[1])], dtype=np.int64)
    return np.asarray(laid & ~(hidden * bits).sum(1)[:, None])


def of_another(laid: npt.NDArray[Any], bases: npt.NDArray[Any]) -> Laid:
    """Return laid bases (...) with others (...) in their place, the relatives as they are."""
    return np.asarray(laid, dtype=np.int64) & ~_ONE | np.asarray(bases, dtype=np.int64)
