"""The one bootstrap: intervals cover the truth as often as they say, pair what they compare, and draw whole units."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from dnalect.core.figures import NOTHING, Figure
from dnalect.stats.draws import METRICS, Draws, agreement, block_numbers, estimate, interval, paired
from dnalect.stats.ranking import auroc, ranks, spearman


def naive(scores, positive, weights=None):
    """AUROC by comparing every pair."""
    weights = np.ones(len(scores)) if weights is None else weights
    won = total = 0.0
    for i in np.flatnonzero(positive):
        for j in np.flatnonzero(~positive):
            pair = weights[i] * weights[j]
            won += pair * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
            total += pair
    return won / total


def test_blocks_do_not_span_contigs() -> None:
    assert block_numbers([5, 2, 4], block=3).tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4]
    assert not len(block_numbers([]))


def test_mean_is_of_the_kept_bases_only() -> None:
    values = np.arange(100.0)
    keep = values >= 50
    found = estimate(Draws.of(block_numbers([100], 10)[keep], 500).mean(values[keep]))
    assert found.mean == pytest.approx(74.5)
    assert 50 < found.low < 74.5 < found.high < 99


def test_interval_covers_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(1)
    draws = Draws.of(block_numbers([60 * 20], 20), 1_000)
    covered = 0
    for _ in range(400):
        # Bases of one block move together: intervals that ignored it would be 4 times too narrow.
        values = np.repeat(rng.normal(size=60), 20) + 0.1 * rng.normal(size=60 * 20)
        found = estimate(draws.mean(values))
        covered += found.low <= 0 <= found.high
    assert 0.90 <= covered / 400 <= 0.98


def test_width_is_that_of_independent_blocks() -> None:
    values = np.repeat(np.random.default_rng(2).normal(size=400), 10)
    found = estimate(Draws.of(block_numbers([4_000], 10), 10_000).mean(values))
    expected = 2 * 1.96 * values.std() / np.sqrt(400)
    assert found.high - found.low == pytest.approx(expected, rel=0.05)


def test_difference_is_paired() -> None:
    rng = np.random.default_rng(4)
    noise = np.repeat(rng.normal(size=50), 10)
    draws = Draws.of(block_numbers([500], 10))
    better, worse = draws.mean(noise), draws.mean(noise + 0.01)
    difference = estimate(better - worse)
    assert difference.mean == pytest.approx(-0.01)
    assert difference.low == pytest.approx(-0.01)
    assert difference.high == pytest.approx(-0.01)
    assert estimate(better).high > estimate(worse).low


def test_same_seed_same_interval() -> None:
    values = np.random.default_rng(6).normal(size=300)
    blocks = block_numbers([300], 10)
    one, two, other = (estimate(Draws.of(blocks, 200, seed).mean(values)) for seed in (7, 7, 8))
    assert one == two != other


def test_too_few_blocks_give_no_interval() -> None:
    found = estimate(Draws.of(block_numbers([30], 20)[:20], 10).mean(np.full(20, 3.0)))
    assert found.mean == 3
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    assert np.isnan(estimate(Draws.of(np.zeros(0), 10).mean(np.zeros(0))).mean)


def test_auroc_without_one_of_both_groups_is_undefined():
    assert np.isnan(auroc(np.arange(3.0), np.ones(3, dtype=bool)))
    assert np.isnan(estimate(Draws.of(np.arange(3)).auroc(np.arange(3.0), np.zeros(3, dtype=bool)))).all()


@pytest.mark.parametrize("levels", [4, 1000])
def test_every_resample_is_the_metric_of_the_units_drawn(levels):
    rng = np.random.default_rng(0)
    scores, positive, units = rng.integers(0, levels, 90), rng.random(90) < 0.5, rng.integers(0, 12, 90)
    truth, draws = np.round(scores / 2 + rng.normal(0, levels / 4, 90)), Draws.of(units, 5, 3)
    assert draws.counts.shape == (6, 12)
    assert (draws.counts[0] == 1).all()
    samples = draws.auroc(scores, positive)
    ordered = [draws.spearman(scores, truth), draws.spearman(truth, scores)]
    grouped = draws.group_means(truth, positive.astype(np.int64), 3)
    for at, counts in enumerate(draws.counts):
        assert samples[at] == pytest.approx(naive(scores, positive, counts[units]), abs=1e-12)
        rows = np.repeat(np.arange(90), counts[units])
        assert ordered[0][at] == pytest.approx(spearmanr(scores[rows], truth[rows]).statistic, abs=1e-12)
        assert ordered[1][at] == pytest.approx(ordered[0][at], abs=1e-12)
        assert draws.mean(truth)[at] == pytest.approx(truth[rows].mean())
        assert grouped[at, 1] == pytest.approx(truth[rows][positive[rows]].mean())
        assert np.isnan(grouped[at, 2])


def test_intervals_cover_at_their_rate():
    rng = np.random.default_rng(1)
    truth, inside = 0.7602, 0  # of two normals one apart: Phi(1 / sqrt 2)
    for _ in range(120):
        positive = np.arange(200) < 100
        value = estimate(Draws.of(np.arange(200), 300).auroc(rng.normal(size=200) + positive, positive))
        inside += value.low <= truth <= value.high
    assert 0.88 <= inside / 120 <= 0.99


def test_units_that_vary_together_widen_the_interval():
    rng = np.random.default_rng(2)
    units = np.repeat(np.arange(40), 10)
    positive = rng.random(400) < 0.5
    scores = rng.normal(size=40)[units] + positive[::10][units] * 0.0
    together = estimate(Draws.of(units).auroc(scores, np.repeat(positive[:40], 10)))
    apart = estimate(Draws.of(np.arange(400)).auroc(scores, np.repeat(positive[:40], 10)))
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_a_paired_difference_is_narrower_than_both_values():
    rng = np.random.default_rng(3)
    positive = np.arange(600) % 2 == 0
    base = rng.normal(size=600) + positive
    draws = Draws.of(np.arange(600))
    worse = base + 0.5 * rng.normal(size=600)
    samples = {"base": draws.auroc(base, positive), "worse": draws.auroc(worse, positive)}
    first, second = paired(Figure("t", "p", "", "AUROC", 600, NOTHING), samples)
    assert (first.who, first.against, second.who, second.against) == ("base", "worse", "worse", "")
    assert first.difference.mean == pytest.approx(auroc(base, positive) - auroc(worse, positive))
    assert 0 < first.difference.low
    assert first.difference.high - first.difference.low < first.value.high - first.value.low


@pytest.mark.parametrize("strength", [0.4, 0.9])
def test_spearman_is_the_correlation_of_ranks_and_its_interval_covers(strength):
    rng = np.random.default_rng(4)
    truth, inside = 6 / np.pi * np.arcsin(strength / 2), 0
    for _ in range(100):
        x = rng.normal(size=150)
        y = strength * x + np.sqrt(1 - strength**2) * rng.normal(size=150)
        value = estimate(Draws.of(np.arange(150), 300).spearman(x, y))
        inside += value.low <= truth <= value.high
    assert value.mean == pytest.approx(np.corrcoef(ranks(x), ranks(y))[0, 1])
    assert value.mean == pytest.approx(spearman(x, y))
    assert 0.87 <= inside / 100


def test_spearman_of_a_constant_is_undefined():
    assert np.isnan(estimate(Draws.of(np.arange(9)).spearman(np.ones(9), np.arange(9.0)))).all()
    assert np.isnan(spearman(np.ones(9), np.arange(9.0)))


def test_spearman_difference_is_paired():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=400)
    draws = Draws.of(np.arange(400) // 4)
    good, poor = draws.spearman(truth + rng.normal(size=400), truth), draws.spearman(rng.normal(size=400), truth)
    difference = estimate(good - poor)
    assert 0.3 < difference.low < difference.mean < difference.high


def test_group_means_and_their_resamples():
    values, groups, units = np.array([1.0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    mean, *samples = Draws.of(units, 50).group_means(values, groups, 3)
    assert mean[:2].tolist() == [0.5, 1]
    assert np.isnan(mean[2])
    assert {each[0] for each in samples} == {0.0, 0.5, 1.0}
    assert {each[1] for each in samples} == {1.0}


def test_an_interval_of_undefined_samples_has_no_bounds():
    assert np.isnan(interval(0.5, np.full(10, np.nan)).low)
    assert np.isnan(interval(0.5, np.zeros(0)).high)


@pytest.mark.parametrize("classes", [2, 3])
def test_metrics_of_labels_equal_the_plain_ones(classes):
    rng = np.random.default_rng(2)
    truth, units = rng.integers(0, classes, 300), np.repeat(np.arange(30), 10)
    labels = np.where(rng.random(300) < 0.7, truth, rng.integers(0, classes, 300))
    tables = Draws.of(units, 500).confusions(labels, truth, classes)
    value = {metric: estimate(agreement(metric, tables)) for metric in METRICS}
    assert value["accuracy"].mean == pytest.approx((labels == truth).mean())
    recalls = [(labels[truth == c] == c).mean() for c in range(classes)]
    assert value["balanced accuracy"].mean == pytest.approx(np.mean(recalls))
    one, other = np.eye(classes)[truth], np.eye(classes)[labels]
    cov = [(((a - a.mean(0)) * (b - b.mean(0))).mean(0)).sum() for a, b in ((one, other), (one, one), (other, other))]
    f1 = [2 * ((labels == c) & (truth == c)).sum() / ((labels == c).sum() + (truth == c).sum()) for c in range(classes)]
    assert value["macro F1"].mean == pytest.approx(np.mean(f1))
    assert value["MCC"].mean == pytest.approx(cov[0] / np.sqrt(cov[1] * cov[2]))
    assert value["MCC"].low < value["MCC"].mean < value["MCC"].high
    with pytest.raises(ValueError, match="no metric 'kappa'"):
        agreement("kappa", tables)


def test_draws_among_the_same_units_are_the_same():
    rng = np.random.default_rng(4)
    units, scores, positive = np.repeat(np.arange(40), 5), rng.normal(size=200), rng.random(200) < 0.5
    some = units < 30
    alike, alone = Draws.of(units, 200, among=units), Draws.of(units, 200)
    assert np.array_equal(alike.auroc(scores, positive), alone.auroc(scores, positive))
    part, apart = Draws.of(units[some], 200, among=units), Draws.of(units[some], 200)
    whole = alike.auroc(np.where(some, scores, 0.0), positive)
    of_some = [each.auroc(scores[some], positive[some])[1:] for each in (part, apart)]
    assert np.corrcoef(of_some[0], whole[1:])[0, 1] > np.corrcoef(of_some[1], whole[1:])[0, 1]
    assert np.array_equal(part.counts, alike.take(some).counts)
