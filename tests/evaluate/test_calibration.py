import numpy as np
import pytest

from dnalect.core.calibration import Calibration
from dnalect.core.errors import InputError
from dnalect.core.examples import Target
from dnalect.evaluate.calibration import fit_calibration, reliability

CLASSES = Target("c", "classes", ("a", "b", "c"))
TRACKS = Target("t", "tracks", ("x", "y"))
SIGNAL = Target("s", "signal", ("s",))


def drawn(p, rng):
    return (rng.random(len(p))[:, None] > np.cumsum(p, axis=1)).sum(axis=1)


def test_the_temperature_that_the_labels_were_drawn_with_is_found():
    rng = np.random.default_rng(0)
    raw = 3 * rng.normal(size=(20_000, 3))
    truth = drawn(Calibration((2.5,)).apply(CLASSES, raw), rng).astype(float)
    truth[:100] = np.nan
    found = fit_calibration(CLASSES, raw, truth)
    assert found.temperatures[0] == pytest.approx(2.5, rel=0.05)
    assert not found.biases


def test_every_track_gets_its_own_temperature_and_bias():
    rng = np.random.default_rng(1)
    raw = 2 * rng.normal(size=(20_000, 2))
    wanted = Calibration((0.5, 3.0), (1.0, -2.0))
    truth = (rng.random(raw.shape) < wanted.apply(TRACKS, raw)).astype(float)
    truth[:50, 0] = np.nan
    found = fit_calibration(TRACKS, raw, truth)
    assert found.temperatures == pytest.approx(wanted.temperatures, rel=0.1)
    assert found.biases == pytest.approx(wanted.biases, abs=0.1)
    truth[:, 1] = 1
    assert fit_calibration(TRACKS, raw, truth).temperatures[1] == 1


def test_a_signal_gets_the_monotone_curve_of_least_squares():
    rng = np.random.default_rng(2)
    raw = rng.random(4000) * 4
    truth = np.floor(raw) + rng.normal(0, 0.1, 4000)
    found = fit_calibration(SIGNAL, raw, truth)
    assert len(found.raw) <= 256
    assert found.apply(SIGNAL, np.array([0.5, 1.5, 2.5, 3.5])) == pytest.approx([0, 1, 2, 3], abs=0.1)
    assert np.mean((found.apply(SIGNAL, raw) - truth) ** 2) < 0.02


def test_what_is_perfectly_apart_stays_finite():
    raw = np.linspace(-3, 3, 50)[:, None]
    found = fit_calibration(Target("t", "tracks", ("x",)), raw, (raw > 0).astype(float))
    assert np.isfinite([*found.temperatures, *found.biases]).all()


def test_without_labels_there_is_nothing_to_fit():
    with pytest.raises(InputError, match="no validation example has a label"):
        fit_calibration(SIGNAL, np.zeros(3), np.full(3, np.nan))


def test_reliability_shows_what_calibration_mends():
    rng = np.random.default_rng(3)
    two = Target("c", "classes", ("no", "yes"))
    raw = rng.normal(size=(6000, 2))
    truth = drawn(Calibration((0.3,)).apply(two, raw), rng).astype(float)
    before = reliability(two, Calibration().apply(two, raw), truth)
    after = reliability(two, fit_calibration(two, raw, truth).apply(two, raw), truth)
    assert sum(each.n for each in after) == 6000
    assert len(after) == 15
    gaps = [max(abs(each.predicted - each.observed) for each in table) for table in (before, after)]
    assert gaps[0] > 0.15
    assert gaps[1] < 0.06
    assert after == sorted(after, key=lambda each: each.predicted)


def test_reliability_of_many_classes_is_that_of_the_likeliest():
    p = np.array([[0.6, 0.2, 0.2]] * 10)
    found = reliability(CLASSES, p, np.array([0.0] * 7 + [1.0] * 2 + [np.nan]))
    assert [(each.n, round(each.predicted, 6), round(each.observed, 6)) for each in found] == [
        (9, 0.6, round(7 / 9, 6))
    ]
