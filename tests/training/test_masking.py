"""Masking: the published offsets, the published shares, nothing beyond the candidates."""

import numpy as np
import pytest

from dnalect.core.errors import ConfigError
from dnalect.training.masking import NEIGHBOURS, MaskingConfig, choose, hide


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_a_hidden_block_hides_one_base_wholly(k):
    candidates = np.ones((2000, 64), dtype=bool)
    chosen = choose(MaskingConfig(contiguous=k), candidates, 0.15, np.random.default_rng(0))
    assert 0.12 < chosen.mean() < 0.15
    padded = np.pad(chosen, ((0, 0), (1, 1)))
    starts, ends = (np.argwhere(np.diff(padded.astype(int), axis=1) == step) for step in (1, -1))
    inner = (starts[:, 1] > 0) & (ends[:, 1] < 64)
    lengths = (ends[:, 1] - starts[:, 1])[inner]
    assert lengths.min() == k == len(NEIGHBOURS[k]) + 1


def test_single_tokens_are_chosen_at_the_rate_and_only_among_the_candidates():
    rng = np.random.default_rng(1)
    candidates = rng.random((500, 200)) < 0.7
    for k in (0, 6):
        chosen = choose(MaskingConfig(contiguous=k), candidates, 0.15, rng)
        assert not (chosen & ~candidates).any()
    chosen = choose(MaskingConfig(), candidates, 0.15, rng)
    assert chosen.sum() / candidates.sum() == pytest.approx(0.15, abs=0.005)


def test_eighty_ten_ten():
    rng = np.random.default_rng(2)
    ids = rng.integers(10, 4000, (400, 200))
    chosen = rng.random(ids.shape) < 0.2
    seen = hide(MaskingConfig(), ids, chosen, 4, np.arange(10, 4000), rng)
    assert np.array_equal(seen[~chosen], ids[~chosen])
    masked, same = (seen[chosen] == 4).mean(), (seen[chosen] == ids[chosen]).mean()
    assert masked == pytest.approx(0.8, abs=0.01)
    assert same == pytest.approx(0.1, abs=0.01)


def test_the_rate_rises_late():
    config = MaskingConfig(late_rate=0.2, late_from=100 / 120)
    assert [config.rate_at(share) for share in (0, 0.8, 0.84, 1)] == [0.15, 0.15, 0.2, 0.2]
    assert MaskingConfig().rate_at(1) == 0.15


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"contiguous": 7}, {"masked": 0.9, "random": 0.2}, {"late_from": 2}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError, match="must be"):
        MaskingConfig(**wrong)
