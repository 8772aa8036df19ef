"""One token a base."""

from typing import Literal

import numpy as np

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError
from dnalect.tokens.tokenizer import Special, Texts, Tokenizer, letter_table, pack

_MASKED = ("<unk>", "<pad>", "<mask>", "<cls>", *"ACGTN")
_HYENADNA = ("[CLS]", "[SEP]", "[BOS]", "[MASK]", "[PAD]", "[RESERVED]", "[UNK]", *"ACGTN")


class SingleBases(Tokenizer):
    """One token a base, in the order A, C, G, T, N.

    ids: "duplex" (A 0, C 1, G 2, T 3; 4 is N, padding and mask; no special tokens), "masked"
    (<unk> 0, <pad> 1, <mask> 2, <cls> 3, A 4 ... N 8; nothing is put at either end) or
    "hyenadna" (A 7 ... N 11; [SEP] 1 at the end; other than in that model's own tokenizer,
    padding stands on the right).
    """

    k = 1

    def __init__(self, ids: Literal["duplex", "masked", "hyenadna"] = "duplex"):
        if ids == "hyenadna":
            special = Special(pad=4, unk=6, cls=0, sep=1, mask=3)
            super().__init__(ids, _HYENADNA, special, tail=(1,))
        elif ids == "masked":
            super().__init__("bases", _MASKED, Special(pad=1, unk=0, cls=3, mask=2))
        elif ids != "duplex":
            raise ConfigError(f"single bases have the ids of duplex, masked models or hyenadna, not of {ids!r}")
        else:
            super().__init__("single", "ACGTN", Special(pad=4, unk=4, mask=4))
        self._first = self.index["A"]
        self._table = letter_table("ACGTN", unknown=4)

    def encode(self, sequences: Texts, special: bool = True) -> Encoding:
        codes, lengths = pack(sequences, self._table)
        frame = self._frame(lengths, special, single=True)
        np.add(codes, self._first, out=frame.ids, casting="unsafe")
        return frame.finished()

    def longest(self, tokens: int) -> int:
        return max(0, tokens - len(self.head) - len(self.tail))
