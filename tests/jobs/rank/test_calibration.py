"""Labels say how many hits to expect, and when nothing can be said."""

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, TableError
from dnalect.jobs.rank import calibration
from dnalect.jobs.rank.calibration import calibrate
from dnalect.jobs.rank.labels import read_labels
from dnalect.scored.reader import read_scored
from tests.jobs.rank.tables import write_table


@pytest.fixture(autouse=True)
def fewer(monkeypatch):
    monkeypatch.setattr(calibration, "RESAMPLES", 200)


def made(seed, slope, size=400, spread=0.0, per_unit=10):
    """Scores, hits and units where the log-odds of a hit are slope * (score - 0.7), shifted by unit."""
    rng = np.random.default_rng(seed)
    score, unit = rng.random(size), np.arange(size) // per_unit
    shift = rng.normal(0, spread, size)[unit]
    chance = 1 / (1 + np.exp(-slope * (score - 0.7) - shift))
    return score, (rng.random(size) < chance).astype(float), [str(n) for n in unit], chance


def test_expected_hits_are_those_of_the_truth():
    score, hit, units, chance = made(1, 8.0, 2000)
    hit[1000:] = np.nan
    picks = (1000 + np.argsort(-score[1000:])[:50]).tolist()
    found = calibrate(score, hit, units, picks)
    assert "better than random" in found.verdict
    assert found.method in ("logistic", "isotonic")
    assert found.expected.hits.mean == pytest.approx(chance[picks].sum(), abs=3)
    assert found.expected.hits.low < chance[picks].sum() < found.expected.hits.high
    assert found.expected.gain.low > 0
    assert found.expected.random.mean == pytest.approx(50 * hit[:1000].mean())
    assert found.expected.curve.shape == (51, 4)
    assert found.expected.curve[-1, 1] == pytest.approx(found.expected.hits.mean)
    np.testing.assert_allclose(found.chances[1000:], chance[1000:], atol=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_the_interval_holds_the_number_of_hits(spread):
    """95% of 40 runs are 38; fewer than 34 have a chance of 1%. The picks are of four units without labels."""
    inside = 0
    for seed in range(40):
        score, hit, units, _ = made(seed, 5.0, 480, spread, per_unit=20)
        labels = hit.copy()
        labels[400:] = np.nan
        picks = (400 + np.argsort(-score[400:])[:40]).tolist()
        expected = calibrate(score, labels, units, picks, seed).expected.hits
        inside += expected.low <= hit[picks].sum() <= expected.high
    assert inside >= 34


def test_a_useless_ranking_is_called_so():
    score, hit, units, _ = made(3, 0.0)
    found = calibrate(score, hit, units, [0, 1, 2])
    assert "no better than random" in found.verdict
    assert found.expected.hits.low <= 3 * hit.mean() <= found.expected.hits.high


def test_a_ranking_upside_down_is_called_so():
    score, hit, units, _ = made(4, 8.0)
    found = calibrate(1 - score, hit, units, [])
    assert "worse than random" in found.verdict
    assert found.expected is None


def test_too_few_labels_say_nothing_more():
    score, hit, units, _ = made(5, 5.0)
    for count, value in ((19, hit[:19]), (30, np.zeros(30)), (30, np.r_[np.ones(4), np.zeros(26)])):
        labels = np.full(400, np.nan)
        labels[:count] = value
        found = calibrate(score, labels, units, [300])
        assert not found.usable
        assert found.verdict.startswith("Too few labels")
        assert found.expected is None
        assert found.chances is None


KEYS = [("c1", 101, "A", "G"), ("c1", 105, "C", "T"), ("c2", 50, "T", "C"), ("c9", 1, "A", "C")]


def labels(tmp_path, values, name="hit", keys=KEYS):
    rows = [(*key, value) for key, value in zip(keys, values, strict=True)]
    path = write_table(tmp_path / "labels.tsv", rows, ["chrom", "pos", "ref", "alt", name], "")
    return path, read_scored(write_table(tmp_path / "scored.tsv"))


def test_labels_are_matched_by_variant(tmp_path):
    found = read_labels(*labels(tmp_path, (1, 0, None, 1)))
    np.testing.assert_equal(found.hit, [1, 0, np.nan, np.nan, np.nan, np.nan])
    assert (found.known, found.unmatched) == (2, 1)
    found = read_labels(*labels(tmp_path, (-0.5, 0.1, 0.3, 0), "effect"), hit_above=0.3)
    np.testing.assert_equal(found.hit, [1, 0, np.nan, 1, np.nan, np.nan])
    assert read_labels(*labels(tmp_path, (1, 0, 1, 1), "anything")).known == 3


def test_wrong_labels_say_why(tmp_path):
    with pytest.raises(ConfigError, match="--hit-above"):
        read_labels(*labels(tmp_path, (0.5, 0, 1, 1)))
    with pytest.raises(TableError, match="both as a hit and as none"):
        read_labels(*labels(tmp_path, (1, 0, 1, 0), keys=[KEYS[0], KEYS[0], *KEYS[2:]]))
    with pytest.raises(TableError, match="none of the 4 labels"):
        read_labels(*labels(tmp_path, (1, 0, 1, 0), keys=[("z", n, "A", "C") for n in range(1, 5)]))
    path, scored = labels(tmp_path, (1, 0, 1, 1))
    with pytest.raises(TableError, match="no column 'effect'"):
        read_labels(path, scored, "effect")
    path = write_table(tmp_path / "l.tsv", [("c", 1, "A", "C", 1, 2)], ["chrom", "pos", "ref", "alt", "x", "y"], "")
    with pytest.raises(ConfigError, match="label_column"):
        read_labels(path, scored)


def test_short_steps_are_never_certain():
    x, y = np.arange(10.0), np.array([0, 0, 0, 0, 1, 0, 1, 1, 1, 1.0])
    curve = calibration._isotonic(x, y, np.ones(10))
    np.testing.assert_allclose(curve(np.array([-5.0, 0.0, 4.5, 9.0, 20.0])), [0.1, 0.1, 0.5, 0.9, 0.9])
