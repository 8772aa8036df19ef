"""Learning a byte-pair vocabulary from sequences, whole contigs included."""

from collections.abc import Iterable

import numpy as np

from dnalect.core.errors import ConfigError, InputError
from dnalect.tokens.bases import BASES, UNKNOWN, encode, reverse_complement
from dnalect.tokens.bpe import SPECIAL, BytePairs
from dnalect.tokens.tokenizer import Bytes, Special, Text

LARGEST = 1 << 20
_MOST_BASES = (1 << 31) - 2


def train_byte_pairs(
    sequences: Iterable[Text], size: int = 4096, both_strands: bool = False, fewest: int = 1
) -> BytePairs:
    """Learn a vocabulary of `size` words: five special ones, A, C, G, T, and one word a merge.

    sequences: str, bytes or ASCII uint8 arrays of any length; no cutting into pieces is
    needed. Nothing is merged across N or another unknown letter. The pair that occurs most
    often is merged first, among equals the one with the lower ids, as HF's `BpeTrainer` does
    it. both_strands: count the reverse complement too. fewest: no pair that occurs less often
    is merged. The ids are laid out as in DNABERT-2. About 22 bytes of memory a base.

    The vocabulary is smaller than `size` where no pair is left. Raises ConfigError for a size
    that is no size, InputError for sequences that hold no known base or are too long.
    """
    from dnalect.tokens.merge_kernels import learn_merges

    smallest = len(SPECIAL) + len(BASES)
    if not smallest <= size <= LARGEST:
        raise ConfigError(f"a vocabulary has from {smallest} to {LARGEST:,} words, not {size:,}")
    row, wanted = _row(sequences, both_strands), size - smallest
    places, sides = np.full((5, len(row)), -1, dtype=np.int32), np.full((2, len(BASES) + wanted), -1, dtype=np.int64)
    merges = learn_merges(row, len(BASES), wanted, max(1, fewest), places, sides)
    words = list(BASES)
    pairs = []
    for left, right, _ in merges.tolist():
        pairs.append((words[left], words[right]))
        words.append(words[left] + words[right])
    special = Special(unk=0, cls=1, sep=2, pad=3, mask=4)
    return BytePairs((*SPECIAL, *words), pairs, special, unknown=0, head=(1,), tail=(2,), name="trained byte pairs")


def _row(sequences: Iterable[Text], both_strands: bool) -> Bytes:
    """All codes end to end, an unknown one before, between and after the sequences."""
    border = np.array([UNKNOWN], dtype=np.uint8)
    parts = [border]
    for sequence in sequences:
        codes = encode(sequence)
        parts += [codes, border]
        if both_strands:
            parts += [reverse_complement(codes), border]
    row = np.concatenate(parts)
    if not (row != UNKNOWN).any():
        raise InputError("there is no known base to learn a vocabulary from")
    if len(row) > _MOST_BASES:
        raise InputError(f"{len(row):,} bases are more than the 2**31 that one vocabulary is learned from; take fewer")
    return row
