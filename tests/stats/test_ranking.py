import numpy as np
import pytest

from dnalect.stats.ranking import (
    AurocBootstrap,
    SpearmanBootstrap,
    auroc,
    group_means,
    interval,
    quantiles_within,
    ranks,
    unit_draws,
)


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


@pytest.mark.parametrize("levels", [3, 1000])
def test_auroc_is_the_share_of_pairs_won(levels):
    rng = np.random.default_rng(levels)
    scores, positive = rng.integers(0, levels, 120) / 7, rng.random(120) < 0.3
    assert auroc(scores, positive) == pytest.approx(naive(scores, positive), abs=1e-12)
    assert auroc(-scores, positive) == pytest.approx(1 - auroc(scores, positive))


def test_auroc_without_one_of_both_groups_is_undefined():
    assert np.isnan(auroc(np.arange(3.0), np.ones(3, dtype=bool)))
    value = AurocBootstrap(np.zeros(3, dtype=bool), np.arange(3)).value(np.arange(3.0))
    assert np.isnan(value).all()


@pytest.mark.parametrize("levels", [4, 1000])
def test_every_resample_is_the_auroc_of_the_units_drawn(levels):
    rng = np.random.default_rng(0)
    scores, positive, units = rng.integers(0, levels, 90), rng.random(90) < 0.5, rng.integers(0, 12, 90)
    samples = AurocBootstrap(positive, units, resamples=5, seed=3).samples(scores)
    for draws, sample in zip(unit_draws(12, 5, 3), samples, strict=True):
        assert sample == pytest.approx(naive(scores, positive, draws[units]), abs=1e-12)


def test_intervals_cover_at_their_rate():
    rng = np.random.default_rng(1)
    truth, inside = 0.7602, 0  # of two normals one apart: Phi(1 / sqrt 2)
    for _ in range(120):
        positive = np.arange(200) < 100
        value = AurocBootstrap(positive, np.arange(200), resamples=300).value(rng.normal(size=200) + positive)
        inside += value.low <= truth <= value.high
    assert 0.88 <= inside / 120 <= 0.99


def test_units_that_vary_together_widen_the_interval():
    rng = np.random.default_rng(2)
    units = np.repeat(np.arange(40), 10)
    positive = rng.random(400) < 0.5
    scores = rng.normal(size=40)[units] + positive[::10][units] * 0.0
    together = AurocBootstrap(np.repeat(positive[:40], 10), units).value(scores)
    apart = AurocBootstrap(np.repeat(positive[:40], 10), np.arange(400)).value(scores)
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_a_paired_difference_is_narrower_than_both_values():
    rng = np.random.default_rng(3)
    positive = np.arange(600) % 2 == 0
    base = rng.normal(size=600) + positive
    draws = AurocBootstrap(positive, np.arange(600))
    worse = base + 0.5 * rng.normal(size=600)
    difference = draws.difference(base, worse)
    assert difference.mean == pytest.approx(auroc(base, positive) - auroc(worse, positive))
    assert 0 < difference.low
    assert difference.high - difference.low < draws.value(base).high - draws.value(base).low


def test_ranks_share_ties():
    assert ranks(np.array([3, 1, 3, 2])).tolist() == [3.5, 1, 3.5, 2]


def test_spearman_is_the_correlation_of_ranks_and_its_interval_covers():
    rng = np.random.default_rng(4)
    truth, inside = 6 / np.pi * np.arcsin(0.4 / 2), 0
    for _ in range(100):
        x = rng.normal(size=150)
        y = 0.4 * x + np.sqrt(1 - 0.16) * rng.normal(size=150)
        value = SpearmanBootstrap(y, np.arange(150), resamples=300).value(x)
        inside += value.low <= truth <= value.high
    assert value.mean == pytest.approx(np.corrcoef(ranks(x), ranks(y))[0, 1])
    assert 0.87 <= inside / 100


def test_spearman_of_a_constant_is_undefined():
    value = SpearmanBootstrap(np.arange(9.0), np.arange(9)).value(np.ones(9))
    assert np.isnan(value).all()


def test_spearman_difference_is_paired():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=400)
    good, poor = truth + rng.normal(size=400), rng.normal(size=400)
    difference = SpearmanBootstrap(truth, np.arange(400) // 4).difference(good, poor)
    assert 0.3 < difference.low < difference.mean < difference.high


def test_quantiles_within_strata_forget_their_levels():
    values = np.array([10.0, 30, 20, 1, 3, 2, 2])
    found = quantiles_within(values, np.array([0, 0, 0, 1, 1, 1, 1]))
    assert found == pytest.approx([1 / 6, 5 / 6, 3 / 6, 1 / 8, 7 / 8, 4 / 8, 4 / 8])
    assert quantiles_within(np.ones(4), np.array([0, 0, 1, 1])).tolist() == [0.5] * 4


def test_group_means_and_their_resamples():
    values, groups, units = np.array([1.0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    mean, samples = group_means(values, groups, 3, units, resamples=50)
    assert mean[:2].tolist() == [0.5, 1]
    assert np.isnan(mean[2])
    assert set(samples[:, 0]) == {0.0, 0.5, 1.0}
    assert (samples[:, 1] == 1).all()


def test_an_interval_of_undefined_samples_has_no_bounds():
    assert np.isnan(interval(0.5, np.full(10, np.nan)).low)
    assert np.isnan(interval(0.5, np.zeros(0)).high)
