"""How often words of a few bases stand in a sequence: the features of the simplest rivals."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.tokens.bases import UNKNOWN, reverse_complement

Codes = npt.NDArray[np.uint8]
Singles = npt.NDArray[np.float32]


def word_shares(codes: Codes, lengths: Sequence[int]) -> Singles:
    """Return the share of every word of these lengths, both strands together.

    codes: (n, L) base codes; words with an unknown base do not count. Returns (n, F) with
    F = sum of 4 ** length, the words of a length in the order of their bases A, C, G, T.
    """
    strands = (codes, reverse_complement(codes))
    parts = [_counted(strands[0], length) + _counted(strands[1], length) for length in lengths]
    return np.concatenate([part / np.maximum(part.sum(axis=1, keepdims=True), 1) for part in parts], axis=1)


def _counted(codes: Codes, length: int) -> Singles:
    count = max(0, codes.shape[1] - length + 1)
    number = np.zeros((len(codes), count), dtype=np.int64)
    known = np.ones(number.shape, dtype=np.bool_)
    for offset in range(length):
        bases = codes[:, offset : offset + count]
        known &= bases != UNKNOWN
        number = number * 4 + (bases & 3)
    flat = (number + 4**length * np.arange(len(codes))[:, None])[known]
    return np.bincount(flat, minlength=len(codes) * 4**length).reshape(len(codes), -1).astype(np.float32)
