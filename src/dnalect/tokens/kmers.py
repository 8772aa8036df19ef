"""Overlapping k-mers, a token for every base but the last k - 1: DNABERT."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError
from dnalect.tokens.tokenizer import Bytes, Special, Texts, Tokenizer, letter_table, pack

# The order in which the published models count through the bases.
ORDER = "ATCG"
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_UNKNOWN = 4
_BLOCK = 1 << 15


def all_kmers(k: int) -> list[str]:
    """Return the 4**k k-mers in the order A, T, C, G, the last base counting fastest."""
    return ["".join(bases) for bases in product(ORDER, repeat=k)]


class OverlappingKmers(Tokenizer):
    """k-mers at every base, with DNABERT's ids.

    k: 3 to 6. [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, then the k-mers. A k-mer with any
    other letter than A, C, G, T is [UNK]. A sequence shorter than k has no k-mer at all.
    """

    def __init__(self, k: int = 6):
        if not 3 <= k <= 6:
            raise ConfigError(f"overlapping k-mers have k from 3 to 6, not {k}")
        special = Special(pad=0, unk=1, cls=2, sep=3, mask=4)
        super().__init__(f"dnabert-{k}", (*_SPECIAL, *all_kmers(k)), special, head=(2,), tail=(3,))
        self.k = k
        self._table = letter_table(ORDER, _UNKNOWN)

    def encode(self, sequences: Texts, special: bool = True) -> Encoding:
        codes, lengths = pack(sequences, self._table)
        frame = self._frame(np.maximum(lengths - self.k + 1, 0), special, alike=True)
        if frame.width:
            for rows, columns in _blocks(*frame.ids.shape):
                frame.ids[rows, columns] = self._numbers(codes[rows, columns.start : columns.stop + self.k - 1])
            frame.cover(self.k)
        return frame.finished()

    def _numbers(self, codes: Bytes) -> np.ndarray:
        numbers = _base_number(codes, self.k).astype(np.uint16, copy=False)
        numbers += np.uint16(len(_SPECIAL))
        if int(codes.max()) >= _UNKNOWN:
            strange = codes >= _UNKNOWN
            width = numbers.shape[1]
            for offset in range(self.k):
                numbers[strange[:, offset : offset + width]] = self.special.unk or 0
        return numbers

    def longest(self, tokens: int) -> int:
        words = tokens - len(self.head) - len(self.tail)
        return words + self.k - 1 if words >= 0 else 0


def _blocks(rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a table small enough for all steps on one to stay in the cache."""
    high = max(1, _BLOCK // columns)
    for row in range(0, rows, high):
        for column in range(0, columns, _BLOCK):
            yield slice(row, row + high), slice(column, min(columns, column + _BLOCK))


def _base_number(codes: Bytes, k: int) -> npt.NDArray[np.uint16] | Bytes:
    """Return for each place the k codes from there on read as a number of base 4 (n, L - k + 1).

    codes: (n, L) of 0 to 3; where any other takes part, the number means nothing. k: 3 to 6.
    """
    pairs = codes[:, :-1] * np.uint8(4) + codes[:, 1:]
    if k == 3:
        return pairs[:, :-1] * np.uint8(4) + codes[:, 2:]
    fours = pairs[:, :-2] * np.uint8(16) + pairs[:, 2:]
    if k == 4:
        return fours
    wide = fours.astype(np.uint16)
    if k == 5:
        return wide[:, :-1] * np.uint16(4) + codes[:, 4:]
    return wide[:, :-2] * np.uint16(16) + pairs[:, 4:]
