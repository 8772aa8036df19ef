"""Sequences that resemble each other, on either strand, as groups: what a split must not cut apart."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.genome.repeats import words
from dnalect.tokens.bases import UNKNOWN, encode, reverse_complement

WORD = 15
# A pair shares at least so many words, whatever its lengths: fewer are met by chance.
FEWEST = 3
# Words of fewer different triplets, of 13, are tails of A or tandem repeats, and say nothing.
TRIPLETS = 8
# Every word links a sequence with so many others that hold it, the next in order: a word of
# thousands of sequences would make millions of pairs, and the chain joins its holders too.
NEXT = 8
# Words that are held at once; of more, one in two, three, ... is used, the same ones everywhere.
MOST = 40_000_000
Numbers = npt.NDArray[np.int64]


def similar_groups(sequences: Sequence[str], identity: float = 0.8) -> Numbers:
    """Return the group (n,) of each sequence, from 0 in the order of their first members.

    Two sequences are alike where one is the other or its reverse complement, or where they
    share, on either strand, at least identity ** 15 of the distinct 15-base words of the shorter
    one: about what a copy of that identity shares. So windows that overlap are alike, too.
    Words of low complexity do not count. Groups are joined in chains: of three where the first
    is like the second and the second like the third, all are in one.
    """
    count = len(sequences)
    spread = 1 + sum(map(len, sequences)) // MOST
    word, owner = _sketch(sequences, spread)
    sizes = np.bincount(owner, minlength=count)
    left, right, shared = _pairs(word, owner, count)
    needed = np.maximum(FEWEST, identity**WORD * np.minimum(sizes[left], sizes[right]))
    alike = shared >= needed
    same = _copies(sequences)
    return _joined(count, np.concatenate([left[alike], np.arange(count)]), np.concatenate([right[alike], same]))


def _sketch(sequences: Sequence[str], spread: int) -> tuple[npt.NDArray[np.uint64], Numbers]:
    """Distinct words of each sequence, the same on both strands, and whose they are; ordered by word, then owner."""
    gap = np.array([UNKNOWN], dtype=np.uint8)
    parts, owners = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    for low in range(0, len(sequences), 4096):
        codes = [encode(text) for text in sequences[low : low + 4096]]
        joined = np.concatenate([part for each in codes for part in (each, gap)])
        word, known = words(joined, WORD)
        opposite, _ = words(reverse_complement(joined), WORD)
        own = np.repeat(np.arange(low, low + len(codes)), [len(each) + 1 for each in codes])[: len(word)]
        word = np.minimum(word, opposite[::-1])
        known &= _varied(word)
        keep = known & (_mixed(word) % np.uint64(spread) == 0)
        order = np.lexsort((own[keep], word[keep]))
        word, own = word[keep][order], own[keep][order]
        new = np.append(True, (word[1:] != word[:-1]) | (own[1:] != own[:-1]))[: len(word)]
        parts.append(word[new])
        owners.append(own[new])
    word, owner = np.concatenate(parts), np.concatenate(owners)
    order = np.argsort(word, kind="stable")
    return word[order], owner[order]


def _varied(word: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which words hold enough different triplets."""
    met = np.zeros(len(word), dtype=np.uint64)
    for at in range(WORD - 2):
        met |= np.uint64(1) << ((word >> np.uint64(2 * at)) & np.uint64(63))
    return np.asarray(np.bitwise_count(met) >= TRIPLETS)


def _mixed(word: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Numbers that look random, so that a fixed share of all words can be kept."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def _pairs(word: npt.NDArray[np.uint64], owner: Numbers, count: int) -> tuple[Numbers, Numbers, Numbers]:
    """Pairs of sequences, the lower number first, and how many words link them."""
    keys = [np.zeros(0, dtype=np.int64)]
    for step in range(1, NEXT + 1):
        at = np.flatnonzero(word[step:] == word[:-step])
        keys.append(owner[at] * count + owner[at + step])
    pairs, shared = np.unique(np.concatenate(keys), return_counts=True)
    return pairs // max(1, count), pairs % max(1, count), shared


def _copies(sequences: Sequence[str]) -> Numbers:
    """The first sequence that each one is a copy of, on either strand."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(canonical(text), at) for at, text in enumerate(sequences)], dtype=np.int64)


_OTHER = str.maketrans("ACGT", "TGCA")


def canonical(sequence: str) -> str:
    """Return an upper-case sequence or its reverse complement, the one that sorts first."""
    return min(sequence, sequence.translate(_OTHER)[::-1])


def _joined(count: int, left: Numbers, right: Numbers) -> Numbers:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not count:
        return np.zeros(0, dtype=np.int64)
    links = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
