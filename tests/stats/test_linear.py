"""Word counts, linear models and label metrics equal slow, plain references."""

import numpy as np
import pytest

from dnalect.baselines.kmers import opposites, padded, sequence_words, word_shares
from dnalect.stats.linear import fit_logistic, tuned_logistic, tuned_ridge, tuned_tracks
from dnalect.tokens.bases import encode

OTHER = str.maketrans("ACGT", "TGCA")


def test_words_are_counted_on_both_strands_without_unknown_ones():
    texts = ["ACGTTNAC", "GGGGGGGG", "NNNNNNNA"]
    shares = word_shares(np.stack([encode(text) for text in texts]), (1, 2))
    words = [*"ACGT", *(a + b for a in "ACGT" for b in "ACGT")]
    for text, row in zip(texts, shares, strict=True):
        for k in (1, 2):
            both = [s[i : i + k] for s in (text, text.translate(OTHER)[::-1]) for i in range(len(s) - k + 1)]
            known = [word for word in both if "N" not in word]
            for word, value in zip(words, row, strict=True):
                if len(word) == k:
                    assert value == pytest.approx(known.count(word) / max(1, len(known)))


def test_words_of_one_strand_and_of_both_once():
    texts = ["ACGTTNACC", "GGGGA", "TTTTTTTTTTTTTTTT"]
    one = sequence_words(texts, (2, 3), both=False)
    assert one.shape == (3, 16 + 64)
    assert one[1, :16][[10, 8]].tolist() == [0.75, 0.25]  # GG, GA
    both = sequence_words(texts, (2, 3))
    assert both.shape == (3, 10 + 32)
    assert np.allclose(both, sequence_words([text.translate(OTHER)[::-1] for text in texts], (2, 3)))
    whole = word_shares(padded(texts), (2, 3))
    kept = np.r_[np.arange(16)[np.arange(16) <= opposites(2)], 16 + np.arange(64)[np.arange(64) <= opposites(3)]]
    assert np.array_equal(both, whole[:, kept])
    assert opposites(2)[[0, 1, 6]].tolist() == [15, 11, 6]  # AA, AC, CG


def test_tracks_are_fitted_around_their_holes():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(900, 4)).astype(np.float32)
    y = (x[:, :2] + rng.normal(0, 0.5, (900, 2)) > 0).astype(np.float64)
    y[:300, 0] = np.nan
    found = tuned_tracks(x[:600], y[:600], (x[600:700], y[600:700]))
    raw = found(x[700:])
    assert ((raw > 0) == (y[700:] > 0.5)).mean(axis=0).min() > 0.8
    alone = tuned_logistic(x[300:600], y[300:600, 0].astype(np.int64), 2, (x[600:700], y[600:700, 0].astype(np.int64)))
    assert np.corrcoef(raw[:, 0], alone(x[700:])[:, 1])[0, 1] > 0.99


def test_logistic_regression_is_at_its_minimum_and_finds_the_signal():
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (600, 5)).astype(np.float32)
    y = (x[:, 1] - x[:, 2] + rng.normal(0, 1, 600) > 0).astype(np.int64)
    model = fit_logistic(x[:400], y[:400], 2, 0.01)
    z = (x[:400] - model.centre) / model.scale
    raw = model(x[:400])
    p = np.exp(raw - raw.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    slope = z.T @ (p - np.eye(2)[y[:400]]) / 400 + 0.01 * model.weights
    assert np.abs(slope).max() < 2e-3
    tuned = tuned_logistic(x[:400], y[:400], 2, (x[400:500], y[400:500]))
    assert (tuned(x[500:]).argmax(1) == y[500:]).mean() > 0.8


def test_ridge_prefers_a_strong_penalty_where_there_is_nothing_to_learn():
    rng = np.random.default_rng(1)
    x, noise = rng.normal(size=(200, 60)), rng.normal(size=200)
    told = x[:, 0] * 2 + 5
    found = tuned_ridge(x[:100], told[:100], (x[100:], told[100:]))
    assert np.corrcoef(found(x)[:, 0], told)[0, 1] > 0.999
    wide = tuned_ridge(x[:40], told[:40], (x[100:], told[100:]))
    z = (x[:40] - wide.centre) / wide.scale
    slope = z.T @ (told[:40] - wide(x[:40])[:, 0]) / 40
    # At the minimum the slope of the squared error is the penalty times the weights.
    assert np.abs(slope - np.polyfit(wide.weights[:, 0], slope, 1)[0] * wide.weights[:, 0]).max() < 1e-4
    none = tuned_ridge(x[:100], noise[:100], (x[100:], noise[100:]))
    assert np.abs(none.weights).max() < 0.05
