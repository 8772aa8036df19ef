"""One token a base."""

from typing import Literal

import numpy as np

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError
from dnalect.tokens.tokenizer import Special, Texts, Tokenizer, letter_table, pack

_MASKED = ("<unk>", "<pad>", "<mask>", "<cls>", *"ACGTN")
_BEGUN = ("[PAD]", "[UNK]", "[BOS]", *"ACGT")
_UNDER = ("[PAD]", "[MASK]", "[UNK]", *"ACGT")
_NTV3 = ("<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", *"ATCGN")
_HYENADNA = ("[CLS]", "[SEP]", "[BOS]", "[MASK]", "[PAD]", "[RESERVED]", "[UNK]", *"ACGTN")
# Bytes, of which those that are no letters here keep their number; 0 ends a text, and begins one in Evo 1.
_BYTES = [chr(number) if chr(number).isascii() and chr(number).isalpha() else f"<{number}>" for number in range(512)]


class SingleBases(Tokenizer):
    """One token a base, in the order A, C, G, T, and N but for "begun" and "gpn".

    ids: "duplex" (A 0, C 1, G 2, T 3; 4 is N, padding and mask; no special tokens), "masked"
    (<unk> 0, <pad> 1, <mask> 2, <cls> 3, A 4 ... N 8; nothing is put at either end), "begun" (MarinDNA: [PAD] 0,
    [UNK] 1, which N is, [BOS] 2, which comes first, A 3 ... T 6), "gpn" (PlantCAD's, too: [PAD] 0, [MASK] 1,
    [UNK] 2, which N is, A 3 ... T 6; nothing at either end), "ntv3" (<unk> 0, <pad> 1, <mask> 2, <cls> 3, <eos> 4,
    <bos> 5, A 6, T 7, C 8, G 9, N 10; nothing at either end), "caduceus" (HyenaDNA's words; N is [PAD] 4 and
    nothing stands at either end, as in Caduceus's pretraining, though its own tokenizer ends with [SEP]), "evo" and
    "evo2" (bytes: A 65, C 67, G 71, T 84, N 78; 512 ids; padding is 1; in "evo" 0 comes first) or
    "hyenadna" (A 7 ... N 11; [SEP] 1 at the end; padding stands on the right, where a causal model never reads it: that
    model's own tokenizer puts it on the left, and the model, which has no mask, reads it).
    """

    k = 1

    def __init__(
        self,
        ids: Literal["duplex", "masked", "hyenadna", "begun", "gpn", "ntv3", "caduceus", "evo", "evo2"] = "duplex",
    ):
        if ids == "hyenadna":
            special = Special(pad=4, unk=6, cls=0, sep=1, mask=3)
            super().__init__(ids, _HYENADNA, special, tail=(1,))
        elif ids == "caduceus":
            super().__init__(ids, _HYENADNA, Special(pad=4, unk=4, cls=0, sep=1, mask=3))
        elif ids in ("evo", "evo2"):
            begun = ids == "evo"
            words = ("<bos>" if begun else "<eod>", "<pad>", *_BYTES[2:])
            super().__init__(ids, words, Special(pad=1, cls=0 if begun else None), head=(0,) if begun else ())
        elif ids == "masked":
            super().__init__("bases", _MASKED, Special(pad=1, unk=0, cls=3, mask=2))
        elif ids == "begun":
            super().__init__("marindna", _BEGUN, Special(pad=0, unk=1, cls=2), head=(2,))
        elif ids == "gpn":
            super().__init__(ids, _UNDER, Special(pad=0, unk=2, mask=1))
        elif ids == "ntv3":
            super().__init__(ids, _NTV3, Special(pad=1, unk=0, cls=3, mask=2))
        elif ids != "duplex":
            raise ConfigError(
                "single bases have the ids of duplex, masked models, begun, gpn, ntv3, caduceus, evo, evo2 or "
                f"hyenadna, not of {ids!r}"
            )
        else:
            super().__init__("single", "ACGTN", Special(pad=4, unk=4, mask=4))
        unknown = self.special.unk if ids == "caduceus" else self.index.get("N", self.special.unk)
        # What lies beyond a sequence is wiped later.
        self._ids = np.full(256, unknown, dtype=np.int64)
        self._ids[:4] = [self.index[base] for base in "ACGT"]
        self._table = letter_table("ACGTN", unknown=4)

    def encode(self, sequences: Texts, special: bool = True) -> Encoding:
        codes, lengths = pack(sequences, self._table)
        alone = not (self.head and special)
        frame = self._frame(lengths, special, alike=True, single=alone)
        np.take(self._ids, codes, out=frame.ids)
        if not alone:
            frame.cover(1)
        return frame.finished()

    def longest(self, tokens: int) -> int:
        return max(0, tokens - len(self.head) - len(self.tail))
