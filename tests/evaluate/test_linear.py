"""Word counts, linear models and label metrics equal slow, plain references."""

import numpy as np
import pytest

from dnalect.evaluate.linear import fit_logistic, tuned_logistic, tuned_ridge
from dnalect.evaluate.ranking import AurocBootstrap
from dnalect.evaluate.rates import LabelBootstrap
from dnalect.evaluate.words import word_shares
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
    none = tuned_ridge(x[:100], noise[:100], (x[100:], noise[100:]))
    assert np.abs(none.weights).max() < 0.05


@pytest.mark.parametrize("classes", [2, 3])
def test_metrics_of_labels_equal_the_plain_ones(classes):
    rng = np.random.default_rng(2)
    truth, units = rng.integers(0, classes, 300), np.repeat(np.arange(30), 10)
    labels = np.where(rng.random(300) < 0.7, truth, rng.integers(0, classes, 300))
    draws = LabelBootstrap(truth, classes, units, 500)
    assert draws.value("accuracy", labels).mean == pytest.approx((labels == truth).mean())
    recalls = [(labels[truth == c] == c).mean() for c in range(classes)]
    assert draws.value("balanced accuracy", labels).mean == pytest.approx(np.mean(recalls))
    one, other = np.eye(classes)[truth], np.eye(classes)[labels]
    cov = [(((a - a.mean(0)) * (b - b.mean(0))).mean(0)).sum() for a, b in ((one, other), (one, one), (other, other))]
    estimate = draws.value("MCC", labels)
    assert estimate.mean == pytest.approx(cov[0] / np.sqrt(cov[1] * cov[2]))
    assert estimate.low < estimate.mean < estimate.high
    assert draws.difference("MCC", labels, labels) == (0, 0, 0)


def test_draws_among_the_same_units_are_the_same():
    rng = np.random.default_rng(4)
    units, scores, positive = np.repeat(np.arange(40), 5), rng.normal(size=200), rng.random(200) < 0.5
    some = units < 30
    alike = AurocBootstrap(positive, units, 200, among=units)
    assert np.array_equal(alike.samples(scores), AurocBootstrap(positive, units, 200).samples(scores))
    part = AurocBootstrap(positive[some], units[some], 200, among=units)
    apart = AurocBootstrap(positive[some], units[some], 200)
    whole = alike.samples(np.where(some, scores, 0.0))
    assert np.corrcoef(part.samples(scores[some]), whole)[0, 1] > np.corrcoef(apart.samples(scores[some]), whole)[0, 1]
