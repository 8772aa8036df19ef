import numpy as np
import pytest

from dnalect.examples.matching import matched, strata


@pytest.mark.parametrize("seed", range(5))
def test_every_stratum_has_the_same_ratio(seed):
    rng = np.random.default_rng(seed)
    positive, stratum = rng.random(2000) < 0.2, rng.integers(0, 7, 2000) ** 2
    at = matched(positive, strata(stratum))
    ups, downs = (np.bincount(stratum[at][group], minlength=40) for group in (positive[at], ~positive[at]))
    ratio = downs.sum() / ups.sum()
    assert ratio >= 1
    assert (downs == ratio * ups).all()
    assert len(set(at)) == len(at)
    assert (np.diff(at) > 0).all()


def test_the_rarer_group_of_a_stratum_is_kept_whole():
    positive = np.array([True] * 3 + [False] * 6 + [True] * 2)
    stratum = np.array([0] * 9 + [1] * 2)
    at = matched(positive, stratum)
    assert at.tolist() == list(range(9))


def test_the_draw_depends_on_the_seed_only():
    rng = np.random.default_rng(0)
    positive, stratum = rng.random(500) < 0.5, rng.integers(0, 3, 500)
    assert (matched(positive, stratum) == matched(positive, stratum)).all()
    assert (
        matched(positive, stratum, seed=1) != matched(positive, stratum)[: len(matched(positive, stratum, 1))]
    ).any()


def test_nothing_to_match_is_nothing():
    assert not len(matched(np.zeros(5, dtype=bool), np.zeros(5, dtype=np.int64)))
    assert not len(matched(np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64)))


def test_strata_number_combinations():
    found = strata(np.array([1, 1, 2, 2]), np.array(["a", "b", "a", "a"]))
    assert len(set(found)) == 3
    assert found[2] == found[3]
