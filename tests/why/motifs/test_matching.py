import numpy as np
import pytest

from dnalect.genome.motifs import Motif
from dnalect.tokens.bases import encode
from dnalect.why.motifs.matching import Known, _chances, match_motifs


def matrix(text, strength=0.94):
    """A motif that prefers these bases, N: none."""
    codes = encode(text)
    rows = np.full((len(codes), 4), (1 - strength) / 3)
    rows[np.arange(len(codes)), np.minimum(codes, 3)] = strength
    rows[codes == 4] = 0.25
    return rows


def random_motifs(count, seed=3):
    rng = np.random.default_rng(seed)
    return [Motif(f"m{n}", rng.dirichlet(np.full(4, 0.4), int(rng.integers(6, 16)))) for n in range(count)]


TRUE = [
    Motif("REB1_1", matrix("TTACCCGGN")),
    Motif("CBF1_7", matrix("GTCACGTGA")),
    Motif("ABF1", matrix("TCANNNNNNACGA")),
]
MOTIFS = [*TRUE, *random_motifs(60)]


def best(query, motifs=MOTIFS, rate=0.05):
    return next(iter(match_motifs([query], motifs, rate)), None)


def test_planted_motifs_are_named_on_both_strands_and_placed():
    forward, reverse = best(matrix("GCTTACCCGCA")), best(matrix("TGCGGGTAAGC"))
    assert forward.motif.name == reverse.motif.name == "REB1_1"
    assert (forward.forward, forward.offset, forward.paired) == (True, 2, 9)
    # On the other strand its first column is the last base of the site, here TTACCCG at 2 to 9, then GN before it.
    assert (reverse.forward, reverse.offset, reverse.paired) == (False, 0, 9)
    assert forward.p == pytest.approx(reverse.p, rel=0.2)
    assert forward.q <= 0.05


def test_motifs_longer_than_the_query_match():
    found = best(matrix("TTACCC"), rate=0.2)
    assert (found.motif.name, found.offset, found.paired) == ("REB1_1", 0, 6)
    gapped = best(matrix("TCAGACTTGACG"))
    assert gapped.motif.name == "ABF1"


def test_random_matrices_are_named_at_the_stated_rate():
    rng = np.random.default_rng(5)
    sets = [[rng.dirichlet(np.full(4, 0.4), 9) for _ in range(3)] for _ in range(60)]
    # Binomial(60, 0.05): 10 or more would come once in 1,000 times.
    assert sum(bool(match_motifs(each, MOTIFS)) for each in sets) < 10


def test_small_files_have_a_null_of_their_own():
    alone, among = best(matrix("TTACCCGG"), TRUE[:1]), best(matrix("TTACCCGG"))
    assert alone.motif.name == "REB1_1"
    assert max(alone.p, among.p) < 1e-6
    assert not match_motifs([matrix("CAGCTAGCAT")], TRUE[:1])


def test_chances_equal_those_of_all_sums():
    null = np.array([[-2, 0, 1, 3], [-1, 0, 0, 2], [0, 1, 1, 5]])
    total, low, high = np.array([4, 0, 10, 11, -9]), np.array([0, 1, 0, 0, 0]), np.array([2, 2, 3, 3, 1])
    every = [
        np.add.outer(null[0], null[1]).ravel(),
        null[1],
        np.add.outer(np.add.outer(null[0], null[1]), null[2]).ravel(),
    ]
    expected = [(every[0] >= 4).mean(), (every[1] >= 0).mean(), (every[2] >= 10).mean(), 0, 1]
    assert _chances(null, total, low, high) == pytest.approx(expected)


def test_p_values_of_random_queries_are_even():
    known = Known(random_motifs(80))
    rng = np.random.default_rng(8)
    p = np.concatenate([known.compare(rng.dirichlet(np.full(4, 0.4), 10)).p for _ in range(60)])
    for level in (0.01, 0.1):
        assert level / 3 < (p <= level).mean() < level * 1.5


def test_a_rate_of_one_is_refused():
    with pytest.raises(ValueError, match="rate"):
        match_motifs([matrix("ACGT")], MOTIFS, 1.0)
    assert match_motifs([], MOTIFS) == match_motifs([matrix("ACGT")], []) == []
