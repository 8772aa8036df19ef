import numpy as np
import pytest

from dnalect.examples import similar
from dnalect.examples.similar import canonical, similar_groups
from examples.mutants import flipped, mutated, sequences


def together(texts, identity=0.8):
    groups = similar_groups(texts, identity)
    return groups[:-1] == groups[-1]


def test_copies_on_either_strand_and_near_copies_are_one_group():
    texts = sequences(50, 200)
    texts += [texts[3], flipped(texts[4]), mutated(texts[5], 0.1), flipped(mutated(texts[6], 0.1))]
    groups = similar_groups(texts)
    assert [int(np.flatnonzero(groups == groups[at])[0]) for at in range(50, 54)] == [3, 4, 5, 6]
    assert groups.max() == 49
    assert np.array_equal(groups[:50], np.arange(50))


def test_windows_that_overlap_are_one_group_and_chains_join():
    long = sequences(1, 1000, seed=1)[0]
    windows = [long[at : at + 200] for at in range(0, 801, 100)]
    assert set(similar_groups(windows).tolist()) == {0}
    assert len(set(similar_groups([windows[0], windows[2]]).tolist())) == 2


def test_the_identity_says_how_alike():
    text = sequences(1, 500, seed=2)[0]
    other = mutated(text, 0.2)  # three in four of the changes are real: 85% identity
    assert together([text, other], 0.8).all()
    assert not together([text, other], 0.97).any()


def test_unrelated_and_repetitive_sequences_stay_apart():
    texts = sequences(300, 150, seed=3)
    tailed = [text + "A" * 40 for text in texts[:150]] + [text + "CA" * 20 for text in texts[150:]]
    assert len(set(similar_groups(tailed).tolist())) == 300


def test_families_larger_than_the_links_of_a_word_stay_whole():
    text = sequences(1, 200, seed=4)[0]
    family = [mutated(text, 0.02, seed) for seed in range(100)]
    assert set(similar_groups([*family, *sequences(20, 200, seed=5)]).tolist()) == set(range(21))


def test_short_sequences_are_compared_whole():
    assert similar_groups(["ACGT", "TTTT", "AAAA", "", "ACG", "NNNNNNNNNNNNNNNNNNNN"]).tolist() == [0, 1, 1, 2, 3, 4]
    assert len(similar_groups([])) == 0
    assert canonical("TTG") == "CAA"


def test_a_share_of_the_words_finds_the_same(monkeypatch):
    texts = sequences(40, 400, seed=6)
    texts += [mutated(text, 0.03) for text in texts[:20]]
    whole = similar_groups(texts)
    monkeypatch.setattr(similar, "MOST", 5_000)
    assert np.array_equal(similar_groups(texts), whole)
    assert whole.max() == 39


@pytest.mark.parametrize("count", [1, 2])
def test_few_sequences(count):
    assert similar_groups(sequences(count, 50)).tolist() == list(range(count))
