"""The interval covers the truth as often as it says, and pairs what it compares."""

import numpy as np
import pytest

from dnalect.stats.bootstrap import BlockBootstrap, block_numbers


def everything(length: int) -> np.ndarray:
    return np.ones(length, dtype=bool)


def test_blocks_do_not_span_contigs() -> None:
    assert block_numbers([5, 2, 4], block=3).tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4]
    assert not len(block_numbers([]))


def test_mean_is_of_the_kept_bases_only() -> None:
    values = np.arange(100.0)
    keep = values >= 50
    estimate = BlockBootstrap(block_numbers([100], 10), keep, resamples=500).mean(np.where(keep, values, np.nan))
    assert estimate.mean == pytest.approx(74.5)
    assert 50 < estimate.low < 74.5 < estimate.high < 99


def test_interval_covers_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(1)
    draws = BlockBootstrap(block_numbers([60 * 20], 20), everything(60 * 20), resamples=1_000)
    covered = 0
    for _ in range(400):
        # Bases of one block move together: intervals that ignored it would be 4 times too narrow.
        values = np.repeat(rng.normal(size=60), 20) + 0.1 * rng.normal(size=60 * 20)
        estimate = draws.mean(values)
        covered += estimate.low <= 0 <= estimate.high
    assert 0.90 <= covered / 400 <= 0.98


def test_width_is_that_of_independent_blocks() -> None:
    values = np.repeat(np.random.default_rng(2).normal(size=400), 10)
    estimate = BlockBootstrap(block_numbers([4_000], 10), everything(4_000)).mean(values)
    expected = 2 * 1.96 * values.std() / np.sqrt(400)
    assert estimate.high - estimate.low == pytest.approx(expected, rel=0.05)


def test_difference_is_paired() -> None:
    rng = np.random.default_rng(4)
    noise = np.repeat(rng.normal(size=50), 10)
    draws = BlockBootstrap(block_numbers([500], 10), everything(500))
    better, worse = noise, noise + 0.01
    difference = draws.difference(better, worse)
    assert difference.mean == pytest.approx(-0.01)
    assert difference.low == pytest.approx(-0.01)
    assert difference.high == pytest.approx(-0.01)
    assert draws.mean(better).high > draws.mean(worse).low


def test_same_seed_same_interval() -> None:
    values = np.random.default_rng(6).normal(size=300)
    blocks = block_numbers([300], 10)
    one, two, other = (BlockBootstrap(blocks, everything(300), 200, seed).mean(values) for seed in (7, 7, 8))
    assert one == two != other


def test_too_few_blocks_give_no_interval() -> None:
    blocks = block_numbers([30], 20)
    keep = np.arange(30) < 20
    estimate = BlockBootstrap(blocks, keep, 10).mean(np.full(30, 3.0))
    assert estimate.mean == 3
    assert np.isnan(estimate.low)
    assert np.isnan(estimate.high)
    assert np.isnan(BlockBootstrap(blocks, np.zeros(30, dtype=bool), 10).mean(np.ones(30)).mean)
