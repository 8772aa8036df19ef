"""One decorator: compile with numba, and keep what was compiled. Import it late: numba takes half a second."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

# An integer of any width, Python's or numpy's: compiled code takes all.
Whole = Any
F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile at the first call; keep the code beside the source or in the user's cache, where that can be written."""
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(F, njit(nogil=True)(function))
