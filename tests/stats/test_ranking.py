import numpy as np
import pytest

from dnalect.stats.ranking import auroc, quantiles_within, ranks
from stats.test_draws import naive


@pytest.mark.parametrize("levels", [3, 1000])
def test_auroc_is_the_share_of_pairs_won(levels):
    rng = np.random.default_rng(levels)
    scores, positive = rng.integers(0, levels, 120) / 7, rng.random(120) < 0.3
    assert auroc(scores, positive) == pytest.approx(naive(scores, positive), abs=1e-12)
    assert auroc(-scores, positive) == pytest.approx(1 - auroc(scores, positive))


def test_ranks_share_ties():
    assert ranks(np.array([3, 1, 3, 2])).tolist() == [3.5, 1, 3.5, 2]


def test_quantiles_within_strata_forget_their_levels():
    values = np.array([10.0, 30, 20, 1, 3, 2, 2])
    found = quantiles_within(values, np.array([0, 0, 0, 1, 1, 1, 1]))
    assert found == pytest.approx([1 / 6, 5 / 6, 3 / 6, 1 / 8, 7 / 8, 4 / 8, 4 / 8])
    assert quantiles_within(np.ones(4), np.array([0, 0, 1, 1])).tolist() == [0.5] * 4
