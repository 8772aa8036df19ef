"""6-mers side by side and nothing else: GENERator, Carbon."""

from typing import Literal

import numpy as np

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError
from dnalect.tokens.kmers import ORDER, all_kmers
from dnalect.tokens.tokenizer import Special, Texts, Tokenizer, letter_table, pack

_UNKNOWN = 4
_GENERATOR = (
    *("<oov>", "<s>", "</s>", "<pad>", "<mask>", "<bog>", "<eog>", "<bok>", "<eok>", "<+>", "<->", "<cds>", "<pseudo>"),
    *("<tRNA>", "<rRNA>", "<ncRNA>", "<miscRNA>", "<mam>", "<vrt>", "<inv>", "<pln>", "<fng>", "<prt>", "<arc>"),
    *("<bct>", "<mit>", "<plt>", "<plm>", "<vir>", "<sp0>", "<sp1>", "<sp2>"),
)
# Carbon's 6-mers come after the words of Qwen3, which dnalect never writes; one of them is the padding.
TEXT_WORDS, TEXT_PAD = 151_669, 151_643
_CARBON = ("<dna>", "</dna>", "<oov>")
_UNUSED = 8


class SixMers(Tokenizer):
    """6-mers side by side with the ids of GENERator or Carbon.

    ids: "generator" (<oov> 0, <s> 1 ..., AAAAAA 32 ...) or "carbon" (<dna> 151669, </dna> 151670, <oov> 151671,
    AAAAAA 151672 ...). A 6-mer with any other letter than A, C, G, T is <oov>. <s> or <dna> comes first; nothing is put
    at the end. **The last bases of a length that is no multiple of six have no word**: they are not read, and never
    read as if A followed.
    """

    k = 6

    def __init__(self, ids: Literal["generator", "carbon"] = "generator"):
        kmers = all_kmers(self.k)
        if ids == "generator":
            words, special = (*_GENERATOR, *kmers), Special(pad=3, unk=0, cls=1, sep=2, mask=4)
        elif ids == "carbon":
            text = [f"<text_{n}>" for n in range(TEXT_WORDS)]
            text[TEXT_PAD] = "<|endoftext|>"
            words = (*text, *_CARBON, *kmers, *(f"<unused_{n}>" for n in range(_UNUSED)))
            special = Special(pad=TEXT_PAD, unk=TEXT_WORDS + 2, cls=TEXT_WORDS)
        else:
            raise ConfigError(f"6-mers have the ids of generator or carbon, not of {ids!r}")
        assert special.cls is not None
        super().__init__(ids, words, special, head=(special.cls,))
        self._unknown = special.unk or 0
        self.first = self.index[kmers[0]]
        self._table = letter_table(ORDER, _UNKNOWN)

    def encode(self, sequences: Texts, special: bool = True) -> Encoding:
        codes, lengths = pack(sequences, self._table)
        frame = self._frame(lengths // self.k, special, alike=True)
        if frame.width:
            letters = codes[:, : frame.width * self.k].reshape(len(codes), frame.width, self.k)
            powers = 4 ** np.arange(self.k - 1, -1, -1)
            frame.ids[:] = np.where((letters < _UNKNOWN).all(-1), letters @ powers + self.first, self._unknown)
            frame.cover(self.k, self.k)
        return frame.finished()

    def beginning(self, rest: str) -> tuple[int, int]:
        """Return the ids [first, last) of the words that begin with some bases, fewer than six."""
        first = self.index[rest + ORDER[0] * (self.k - len(rest))]
        return first, first + 4 ** (self.k - len(rest))

    def longest(self, tokens: int) -> int:
        words = tokens - len(self.head)
        return words * self.k + self.k - 1 if words >= 0 else 0
