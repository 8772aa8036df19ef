"""Masked models whose probabilities are known, with the interface of the real ones."""

import zlib
from types import SimpleNamespace

import numpy as np
import torch

from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.alleles import normalise
from dnalect.models.model import Abilities, Output
from dnalect.tokens.bases import encode
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.tokenizer import Special


class Toy:
    """A masked model without a network; counts its passes."""

    can = Abilities("masked", context_bases=512, layers=1, width=5, words=5)
    dtype = torch.float32
    card = SimpleNamespace(id="toy", sha256="0" * 64, parameters=10)
    network, device = torch.nn.Identity(), torch.device("cpu")

    def __init__(self, tokenizer):
        self.tokenizer, self.passes = tokenizer, 0

    def encode(self, sequences):
        return self.tokenizer.encode(sequences)

    def forward(self, encoding, ask):
        self.passes += len(encoding.input_ids)
        if ask.states:
            return Output(states=(self.states(encoding),))
        return Output(logits=self.words_at(encoding, ask.logits.rows, ask.logits.columns))

    def states(self, encoding):
        """At every token a vector that any change of the input changes; what stands at padding would be seen."""
        out = np.full((*encoding.input_ids.shape, 5), 1e3, dtype=np.float32)
        for row, (ids, mask) in enumerate(zip(encoding.input_ids, encoding.attention_mask, strict=True)):
            out[row, : mask.sum()] = self.hidden(ids[: mask.sum()])
        return torch.from_numpy(out)

    def hidden(self, ids):
        seed = zlib.crc32(np.asarray(ids, dtype=np.int64).tobytes())
        return np.random.default_rng(seed).normal(size=(len(ids), 5))

    def words_at(self, encoding, rows, columns):
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


TOKENIZERS = {
    "kmers": lambda: OverlappingKmers(3),
    "chunks": lambda: Chunks(1),
    "pieces": byte_pairs,
}


def random_genome(path):
    """One contig of 900 random bases."""
    rng = np.random.default_rng(4)
    text = "".join(rng.choice(list("ACGT"), 900))
    path.write_text(f">c\n{text}\n")
    return open_genome(path)


def variant(genome, start, ref_length, alt):
    ref = encode(genome.fetch(0, start, start + ref_length))
    return normalise(0, start, ref, encode(alt), genome)


def some(genome):
    """The three substitutions of a site, and one or two variants of every other class."""
    snv = [variant(genome, 300, 1, base) for base in "ACGT" if base != chr(genome.fetch(0, 300, 301)[0])]
    others = [(310, 3, "TTG"), (320, 0, "ACCA"), (333, 4, ""), (341, 2, "GATTACA"), (350, 0, "ACGTTGCA" * 5)]
    return snv + [variant(genome, *each) for each in others]


def flipped(genome, v, folder):
    """The genome that carries the alternate allele, and the variant back."""
    text = genome.contig("c").tobytes().decode()
    alt = "".join("ACGT"[c] for c in v.alt)
    path = folder / f"flipped-{v.start}-{alt}.fa"
    path.write_text(f">c\n{text[: v.start]}{alt}{text[v.end :]}\n")
    return open_genome(path), Variant(0, v.start, v.start + len(v.alt), v.alt, v.ref)
