"""6-mers side by side, single bases for what is left over: the Nucleotide Transformers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError
from dnalect.tokens.kmers import ORDER, all_kmers
from dnalect.tokens.tokenizer import Bytes, Ints, Special, Texts, Tokenizer, flat_codes, letter_table

_SPECIAL = ("<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>")
_UNKNOWN = 4


@dataclass(frozen=True)
class _Cut:
    """Words row after row. counts: (rows,). ids: (words,). spans: (words, 2)."""

    counts: Ints
    ids: Ints
    spans: Ints


class Chunks(Tokenizer):
    """6-mers side by side with the ids of the Nucleotide Transformers.

    version: 1 (<unk> 0, <pad> 1, <mask> 2, <cls> 3, AAAAAA 4 ...) or 2 (<eos> 4, <bos> 5,
    AAAAAA 6 ...). A sequence is split at every N and other unknown letter, which is a word N
    of its own; each piece is cut into 6-mers from its left, and the rest into single bases.
    <cls> comes first; nothing is put at the end.
    """

    k = 6

    def __init__(self, version: Literal[1, 2] = 1):
        if version not in (1, 2):
            raise ConfigError(f"chunks have the ids of Nucleotide Transformer version 1 or 2, not {version}")
        names = _SPECIAL[:4] if version == 1 else _SPECIAL
        special = Special(pad=1, unk=0, cls=3, mask=2)
        super().__init__(f"nt-v{version}", (*names, *all_kmers(self.k), *ORDER, "N"), special, head=(3,))
        self.version = version
        self._table = letter_table(ORDER, _UNKNOWN)
        self._first = len(names)
        self._single = self._first + 4**self.k

    def encode(self, sequences: Texts, special: bool = True) -> Encoding:
        flat, lengths = flat_codes(sequences, self._table)
        width = int(lengths.max(initial=0))
        even = len(flat) == width * len(lengths)
        if even and not (len(flat) and int(flat.max()) >= _UNKNOWN):
            frame = self._frame(
                np.full(len(lengths), width // self.k + width % self.k, dtype=np.int64), special, alike=True
            )
            frame.ids[:] = self._plain(flat.reshape(len(lengths), width))
            frame.spans[:] = self._plain_spans(width)
            return frame.finished()
        cut = self._cut(flat, lengths)
        frame = self._frame(cut.counts, special)
        frame.ids[frame.content] = cut.ids
        frame.spans[frame.content] = cut.spans
        return frame.finished()

    def _plain(self, codes: Bytes) -> npt.NDArray[np.uint16]:
        """Ids of rows of one length without N."""
        count, rest = divmod(codes.shape[1], self.k)
        out = np.empty((len(codes), count + rest), dtype=np.uint16)
        words = out[:, :count]
        whole = codes[:, : count * self.k]
        words[:] = whole[:, :: self.k]
        for offset in range(1, self.k):
            words *= np.uint16(4)
            words += whole[:, offset :: self.k]
        words += np.uint16(self._first)
        out[:, count:] = codes[:, count * self.k :]
        out[:, count:] += np.uint16(self._single)
        return out

    def _plain_spans(self, length: int) -> npt.NDArray[np.int32]:
        count, rest = divmod(length, self.k)
        edges = np.concatenate([np.arange(count) * self.k, length - rest + np.arange(rest + 1)]).astype(np.int32)
        return np.stack([edges[:-1], edges[1:]], axis=-1)

    def _cut(self, flat: Bytes, lengths: Ints) -> _Cut:
        """Words of rows of any length with any letters, laid end to end."""
        offsets = np.cumsum(lengths) - lengths
        outside = flat >= _UNKNOWN
        border = outside.copy()
        border[1:] |= outside[:-1]
        border[offsets[lengths > 0]] = True
        # A piece is a run of known bases or one unknown letter.
        begins = np.flatnonzero(border)
        whole, rest = np.divmod(np.diff(begins, append=len(flat)), self.k)
        counts = whole + rest
        number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        whole, begins = np.repeat(whole, counts), np.repeat(begins, counts)
        six = number < whole
        starts = begins + np.where(six, number * self.k, whole * (self.k - 1) + number)
        ids = flat[starts].astype(np.int64)
        for offset in range(1, self.k):
            ids[six] = ids[six] * 4 + flat[starts[six] + offset]
        ids += np.where(six, self._first, self._single)
        rows = np.searchsorted(offsets, starts, side="right") - 1
        spans = np.stack([starts, starts + np.where(six, self.k, 1)], axis=-1) - offsets[rows, None]
        return _Cut(np.bincount(rows, minlength=len(lengths)), ids, spans)

    def longest(self, tokens: int) -> int:
        """The most bases of which any number fits: 20 fewer than six times the words.

        A sequence of exactly six times the words fits too, one base less does not.
        """
        words = tokens - len(self.head)
        return max(0, words, words * self.k - (self.k - 2) * (self.k - 1))
