"""Shuffled sequence keeps its pairs of neighbours, and every order of them is as likely."""

from collections import Counter
from itertools import pairwise, permutations

import numpy as np

from dnalect.tokens.bases import decode, encode
from dnalect.why.nulls import shuffled


def _pairs(codes):
    return Counter(pairwise(codes.tolist()))


def test_pairs_ends_and_unknown_bases_stay():
    rng = np.random.default_rng(1)
    text = "".join(rng.choice(list("ACGT"), 400, p=[0.4, 0.1, 0.2, 0.3]))
    codes = encode(text[:150] + "NNN" + text[150:] + "N")
    new = shuffled(codes, rng)
    assert not np.array_equal(new, codes)
    assert np.array_equal(new == 4, codes == 4)
    for low, high in ((0, 150), (153, 403)):
        assert _pairs(new[low:high]) == _pairs(codes[low:high])
        assert new[low] == codes[low]
        assert new[high - 1] == codes[high - 1]


def test_short_and_empty_ones_are_as_they_were():
    rng = np.random.default_rng(1)
    for text in ("", "A", "AC", "N", "ANC", "AAAA"):
        assert decode(shuffled(encode(text), rng)) == text


def test_every_order_with_these_pairs_is_as_likely():
    text = "ACAGATCA"
    codes, rng = encode(text), np.random.default_rng(5)
    possible = {
        "".join(each)
        for each in permutations(text)
        if each[0] == "A" and each[-1] == "A" and _pairs(encode("".join(each))) == _pairs(codes)
    }
    drawn = Counter(decode(shuffled(codes, rng)) for _ in range(200 * len(possible)))
    assert set(drawn) == possible
    expected = 200.0
    chi = sum((count - expected) ** 2 / expected for count in drawn.values())
    assert chi < 3 * len(possible), drawn  # a biased walk is far beyond
