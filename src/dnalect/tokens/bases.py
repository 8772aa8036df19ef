"""Bases as small integers: A 0, C 1, G 2, T 3, everything else 4."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError

BASES = "ACGT"
UNKNOWN = 4
# What a sequence may hold: bases, IUPAC codes, gaps.
LETTERS = frozenset("ABCDGHKMNRSTUVWXYabcdghkmnrstuvwxy-*.")

_CODES = np.full(256, UNKNOWN, dtype=np.uint8)
for _code, _base in enumerate(BASES):
    _CODES[ord(_base)] = _CODES[ord(_base.lower())] = _code

_COMPLEMENT = np.array([3, 2, 1, 0, UNKNOWN], dtype=np.uint8)
_LETTERS = np.frombuffer(b"ACGTN", dtype=np.uint8)


def encode(sequence: str | bytes | npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the codes of a sequence, or of an array of ASCII bytes of any shape.

    Lower case counts as upper case; IUPAC ambiguity codes, gaps and N become 4.
    """
    if isinstance(sequence, str):
        sequence = sequence.encode("ascii", errors="replace")
    if isinstance(sequence, bytes):
        sequence = np.frombuffer(sequence, dtype=np.uint8)
    return _CODES[sequence]


def decode(codes: npt.NDArray[np.uint8]) -> str:
    """Return the upper-case string of one row of codes."""
    return _LETTERS[codes].tobytes().decode("ascii")


def texts(sequences: Any) -> list[Any]:
    """Return sequences as a list: one that is given alone is one sequence. Raises InputError for what is none.

    sequences: texts of LETTERS, or arrays of ASCII bytes (L,).
    """
    if isinstance(sequences, str):
        sequences = [sequences]
    found = list(sequences) if isinstance(sequences, Iterable) and not isinstance(sequences, bytes) else None
    if found is None or not all(isinstance(each, str | np.ndarray) for each in found):
        wrong = sequences if found is None else next(each for each in found if not isinstance(each, str | np.ndarray))
        raise InputError(f"sequences are texts such as 'ACGT', one or a list of them, not {type(wrong).__name__}")
    for each in found:
        if isinstance(each, str) and (strange := set(each) - LETTERS):
            raise InputError(f"{each[:20]!r} is no sequence of A, C, G, T and N: it holds {min(strange)!r}")
    return found


def opposite(sequence: str) -> str:
    """Return the upper-case reverse complement of a sequence; what is no base becomes N."""
    return decode(reverse_complement(encode(sequence)))


def reverse_complement(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Reverse and complement along the last axis."""
    return _COMPLEMENT[codes[..., ::-1]]


def known(codes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return the mask of the bases that a probability depends on: all but the unknown ones.

    duplex reads an unknown base as what lies beyond the end of a sequence: not at all. So what it
    predicts of a base depends on the known bases within reach of it, and not on where the
    window around it begins or ends.
    """
    return np.asarray(codes != UNKNOWN)
