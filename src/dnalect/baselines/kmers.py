"""How often words of a few bases stand in a sequence: the features of the simplest rivals."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.tokens.bases import UNKNOWN, encode

Codes = npt.NDArray[np.uint8]
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
# Bases of padded sequences that are held at once.
_AT_ONCE = 1 << 21


def padded(sequences: Sequence[str], width: int = 0) -> Codes:
    """Return the codes (n, L) of sequences, those that are shorter filled up with unknown bases.

    L is the longest length, or `width` if that is more.
    """
    codes = np.full((len(sequences), max([width, *map(len, sequences)])), UNKNOWN, dtype=np.uint8)
    for row, text in zip(codes, sequences, strict=True):
        row[: len(text)] = encode(text)
    return codes


def pieces(sequences: Sequence[str], most: int = _AT_ONCE) -> list[slice]:
    """Return slices of the sequences that have at most `most` bases each when padded."""
    rows = max(1, most // max([1, *map(len, sequences)]))
    return [slice(low, low + rows) for low in range(0, len(sequences), rows)]


def word_shares(codes: Codes, lengths: Sequence[int], both: bool = True) -> Singles:
    """Return the share of every word of these lengths, of both strands together or of the given one.

    codes: (n, L) base codes; words with an unknown base do not count. Returns (n, F) with
    F = sum of 4 ** length, the words of a length in the order of their bases A, C, G, T.
    """
    parts = []
    for length in lengths:
        counts = _counted(codes, length)
        # A word of one strand is its reverse complement of the other.
        counts = counts + counts[:, opposites(length)] if both else counts
        parts.append(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    return np.concatenate(parts, axis=1)


def sequence_words(sequences: Sequence[str], lengths: Sequence[int], both: bool = True) -> Singles:
    """Return `word_shares` of sequences of any lengths; of both strands, a word and its reverse complement once."""
    kept = []
    for length in lengths:
        every, start = np.arange(4**length), sum(4**each for each in lengths[: lengths.index(length)])
        kept.append(start + (every[every <= opposites(length)] if both else every))
    columns = np.concatenate(kept)
    found = np.empty((len(sequences), len(columns)), dtype=np.float32)
    for piece in pieces(sequences):
        found[piece] = word_shares(padded(sequences[piece]), lengths, both)[:, columns]
    return found


def opposites(length: int) -> Numbers:
    """Return the number of the reverse complement of every word (4 ** length,)."""
    numbers, out = np.arange(4**length), np.zeros(4**length, dtype=np.int64)
    for _ in range(length):
        out = out * 4 + 3 - numbers % 4
        numbers = numbers // 4
    return out


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
