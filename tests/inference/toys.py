"""Masked models whose probabilities are known, with the interface of the real ones."""

import zlib
from types import SimpleNamespace

import numpy as np
import torch

from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.tokenizer import Special


class Toy:
    """A masked model without a network; counts its passes."""

    kind = "masked"
    context_bases = 512
    dtype = torch.float32
    card = SimpleNamespace(id="toy", sha256="0" * 64)

    def __init__(self, tokenizer):
        self.tokenizer, self.passes = tokenizer, 0

    def logits_at(self, encoding, rows, columns):
        self.passes += len(encoding.input_ids)
        lengths = encoding.attention_mask.sum(axis=1)
        found = [self.log_probs(encoding.input_ids[r, : lengths[r]], c) for r, c in zip(rows, columns, strict=True)]
        return torch.tensor(np.array(found), dtype=torch.float32)


class Hashed(Toy):
    """Any two inputs have unrelated probabilities: a wrong mask or column can't go unseen."""

    def log_probs(self, ids, column):
        seed = zlib.crc32(np.asarray(ids, dtype=np.int64).tobytes())
        logits = np.random.default_rng((seed, int(column))).normal(size=len(self.tokenizer.words)).astype(np.float32)
        return logits - np.logaddexp.reduce(logits)


class Independent(Toy):
    """Bases are independent with frequencies exp(log_q)."""

    def __init__(self, tokenizer, log_q):
        super().__init__(tokenizer)
        known = [all(letter in "ACGT" for letter in word) and bool(word) for word in tokenizer.words]
        self.logits = np.array(
            [
                sum(log_q["ACGT".index(b)] for b in w) if ok else -99
                for w, ok in zip(tokenizer.words, known, strict=True)
            ]
        )

    def log_probs(self, ids, column):
        return self.logits - np.logaddexp.reduce(self.logits)


def byte_pairs():
    """A small vocabulary with merges of two to four bases."""
    merges = [("A", "C"), ("G", "T"), ("T", "T"), ("AC", "G"), ("GT", "A"), ("C", "A"), ("ACG", "T"), ("TT", "G")]
    words = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", *"ACGT", *(a + b for a, b in merges)]
    special = Special(pad=3, unk=0, cls=1, sep=2, mask=4)
    return BytePairs(words, merges, special, unknown=0, head=(1,), tail=(2,))
