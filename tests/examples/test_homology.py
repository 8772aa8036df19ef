"""Shared words against a set of strings; planted repeats on either strand."""

import numpy as np
import pytest

from dnalect.examples.homology import free_bases, free_tiles, shared_mask, words
from dnalect.tokens.bases import decode, encode, reverse_complement

RNG = np.random.default_rng(5)


def random_codes(length: int) -> np.ndarray:
    return RNG.integers(4, size=length, dtype=np.uint8)


@pytest.mark.parametrize("length", [4, 6, 24])
def test_equals_brute_force(length: int) -> None:
    train = [random_codes(150), random_codes(20), np.zeros(0, dtype=np.uint8)]
    train[0][70] = 4
    test = np.concatenate([random_codes(60), train[0][40:110], reverse_complement(train[0][90:150]), random_codes(30)])
    test[75] = 4
    texts = [decode(strand) for contig in train for strand in (contig, reverse_complement(contig))]
    known = {text[i : i + length] for text in texts for i in range(len(text) - length + 1)}
    expected = np.zeros(len(test), dtype=bool)
    written = decode(test)
    for i in range(len(test) - length + 1):
        word = written[i : i + length]
        if word in known and "N" not in word:
            expected[i : i + length] = True
    assert expected.any()
    np.testing.assert_array_equal(shared_mask(test, train, length), expected)


@pytest.mark.parametrize("flipped", [False, True])
def test_planted_repeat_is_found_exactly(flipped: bool) -> None:
    train, test = random_codes(5_000), random_codes(3_000)
    piece = train[1_000:1_100]
    test[2_000:2_100] = reverse_complement(piece) if flipped else piece
    at = np.flatnonzero(shared_mask(test, [train]))
    # Chance can only lengthen the match by a base or two.
    assert at[0] in range(1_990, 2_001)
    assert at[-1] in range(2_099, 2_110)
    assert len(at) == at[-1] - at[0] + 1


def test_matches_shorter_than_a_word_do_not_count() -> None:
    train = encode("A" * 23 + "C" * 30)
    test = encode("G" + "A" * 23 + "G" * 5)
    assert not shared_mask(test, [train]).any()
    assert shared_mask(encode("T" * 24), [encode("A" * 24)]).all()
    assert not shared_mask(encode("N" * 24), [encode("N" * 24), encode("A" * 24)]).any()


def test_tiles() -> None:
    shared = np.zeros(1_300, dtype=bool)
    shared[511] = True
    assert free_tiles(shared).tolist() == [False, True, True]
    assert free_bases(shared).tolist() == [False] * 512 + [True] * 788
    shared[1_299] = True
    assert free_tiles(shared).tolist() == [False, True, False]
    assert not len(free_tiles(shared[:0]))


def test_short_contigs_and_too_long_words() -> None:
    assert shared_mask(encode("ACGT"), [random_codes(50)]).tolist() == [False] * 4
    with pytest.raises(ValueError, match="1 to 32"):
        words(random_codes(50), 33)
