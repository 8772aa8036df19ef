import numpy as np
import pytest

from dnalect.why.motifs.seqlets import NullScores, call_seqlets, false_discoveries

LENGTH = 400


def noise(seed, length=LENGTH):
    """Scores that are alike near by, as those of models are."""
    rng = np.random.default_rng(seed)
    return np.convolve(rng.gamma(1.0, 0.2, length + 2), np.ones(3) / 3, mode="valid")


NULL = NullScores.of([noise(1000 + n) for n in range(25)])


def test_planted_stretches_are_found_where_they_are():
    scores = noise(0)
    for start, width in ((50, 6), (200, 13), (330, 19)):
        scores[start : start + width] += 1.2
    found = call_seqlets(scores, NULL)
    assert [
        (abs(each.start - start) <= 2, abs(each.end - end) <= 3)
        for each, (start, end) in zip(found, ((50, 56), (200, 213), (330, 349)), strict=True)
    ] == [(True, True)] * 3
    assert all(each.q <= 0.05 for each in found)
    assert found[0].score == pytest.approx(scores[found[0].start : found[0].end].sum())


def test_where_there_is_nothing_something_is_called_in_one_of_twenty_sequences():
    # Binomial(200, 0.05): 22 or more would come once in 400 times.
    assert 0 < sum(bool(call_seqlets(noise(n), NULL)) for n in range(200)) < 22


def test_what_is_below_the_null_is_no_seqlet():
    scores = noise(3)
    scores[100:130] = 0
    assert not [each for each in call_seqlets(scores, NULL) if each.start in range(90, 130)]


def test_unknown_bases_are_in_no_seqlet():
    scores = noise(0)
    scores[100:113] += 1.5
    scores[106] = np.nan
    assert all(each.end <= 106 or each.start > 106 for each in call_seqlets(scores, NULL))
    assert call_seqlets(np.full(50, np.nan), NULL) == call_seqlets(np.zeros(0), NULL) == []


def test_a_null_without_numbers_is_refused():
    for scores in ([], [np.full(100, np.nan)], [noise(1, 10)]):
        with pytest.raises(ValueError, match="null"):
            NullScores.of(scores)
    assert not call_seqlets(noise(0), NullScores.of([np.zeros(100)]))


def test_false_discoveries_are_those_of_benjamini_and_hochberg():
    p = np.array([[0.01, 0.02], [0.03, 0.5]])
    # p times the number of all by its rank, and never more than those behind it.
    assert false_discoveries(p) == pytest.approx(np.array([[0.04, 0.04], [0.04, 0.5]]))
    assert false_discoveries(np.zeros(0)).shape == (0,)
