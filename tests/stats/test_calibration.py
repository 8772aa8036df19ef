import json

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef

from dnalect.core.calibration import Calibration
from dnalect.core.errors import InputError
from dnalect.core.examples import Target
from dnalect.stats.calibration import _temperature, fit_calibration, reliability

CLASSES = Target("c", "classes", ("a", "b", "c"))
TWO = Target("two", "classes", ("no", "yes"))
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


def nll(calibration, target, raw, truth):
    chances = calibration.apply(target, raw)[np.arange(len(truth)), truth]
    return -np.log(chances).mean()


def shifted(target, biases, rng, count=20_000):
    """Logits of frequent and rare classes, and labels of as many items of each."""
    raw = 4 * rng.normal(size=(count, len(target.outputs))) - 1.5 * np.array(biases)
    return raw, drawn(Calibration((1.5,), biases).apply(target, raw), rng)


@pytest.mark.parametrize(("target", "biases"), [(TWO, (1.2, -1.2)), (CLASSES, (1.5, -0.5, -1.0))])
def test_shares_of_classes_that_changed_are_mended(target, biases):
    raw, truth = shifted(target, biases, np.random.default_rng(4))
    found = fit_calibration(target, raw[:2000], truth[:2000].astype(float))
    assert found.temperatures == pytest.approx((1.5,), rel=0.1)
    assert found.biases == pytest.approx(biases, abs=0.2)
    alone = Calibration(found.temperatures)
    assert nll(found, target, raw[2000:], truth[2000:]) < nll(alone, target, raw[2000:], truth[2000:]) - 0.05
    scores = [matthews_corrcoef(truth[2000:], each.apply(target, raw[2000:]).argmax(axis=1)) for each in (alone, found)]
    assert scores[1] > scores[0] + 0.05
    assert Calibration.from_dict(json.loads(json.dumps(found.as_dict()))) == found


@pytest.mark.parametrize("target", [TWO, CLASSES])
def test_few_items_whose_shares_did_not_change_keep_the_temperature_alone(target):
    rng, kept, harm = np.random.default_rng(5), 0, []
    for _ in range(20):
        raw, truth = shifted(target, (0.0,) * len(target.outputs), rng, 1050)
        found = fit_calibration(target, raw[:50], truth[:50].astype(float))
        kept += bool(found.biases)
        alone = Calibration((_temperature(raw[:50], truth[:50]),))
        harm.append(nll(found, target, raw[50:], truth[50:]) - nll(alone, target, raw[50:], truth[50:]))
    assert kept <= 2
    assert np.mean(harm) < 0.01


def test_two_classes_keep_their_order():
    raw, truth = shifted(TWO, (1.0, -1.0), np.random.default_rng(6), 500)
    found = fit_calibration(TWO, raw, truth.astype(float))
    assert found.biases
    order = np.argsort(raw[:, 1] - raw[:, 0])
    assert (np.diff(found.apply(TWO, raw)[order, 1]) > 0).all()


@pytest.mark.parametrize("labels", [[0.0], [0.0, 1.0], [1.0] * 30, [0.0] * 29 + [1.0]])
def test_few_labels_or_one_class_give_a_finite_calibration(labels):
    raw = np.random.default_rng(7).normal(size=(len(labels), 3))
    found = fit_calibration(CLASSES, raw, np.array(labels))
    assert np.isfinite([*found.temperatures, *found.biases]).all()
    assert np.abs([0.0, *found.biases]).max() < 10


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


@pytest.mark.parametrize("count", [30, 400])
def test_a_signal_that_rises_evenly_gets_a_line_without_steps_or_ends(count):
    rng = np.random.default_rng(4)
    raw = rng.normal(size=count)
    found = fit_calibration(SIGNAL, raw, 3 * raw - 1 + rng.normal(0, 1, count))
    assert not found.raw
    assert found.apply(SIGNAL, np.array([0.0, 10.0])) == pytest.approx([-1, 29], abs=30 / np.sqrt(count))


@pytest.mark.parametrize("raw", [np.zeros(100), -np.arange(100.0)])
def test_a_signal_that_does_not_rise_gets_its_mean(raw):
    truth = np.arange(100.0)
    assert fit_calibration(SIGNAL, raw, truth).apply(SIGNAL, raw) == pytest.approx(truth.mean())


def test_what_is_perfectly_apart_stays_finite():
    raw = np.linspace(-3, 3, 50)[:, None]
    found = fit_calibration(Target("t", "tracks", ("x",)), raw, (raw > 0).astype(float))
    assert np.isfinite([*found.temperatures, *found.biases]).all()


def test_without_labels_there_is_nothing_to_fit():
    with pytest.raises(InputError, match="no validation example has a label"):
        fit_calibration(SIGNAL, np.zeros(3), np.full(3, np.nan))


def test_reliability_shows_what_calibration_mends():
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(6000, 2))
    truth = drawn(Calibration((0.3,)).apply(TWO, raw), rng).astype(float)
    before = reliability(TWO, Calibration().apply(TWO, raw), truth)
    after = reliability(TWO, fit_calibration(TWO, raw, truth).apply(TWO, raw), truth)
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


@pytest.mark.parametrize("target", [TWO, TRACKS])
def test_validation_items_that_are_all_right_make_nothing_certain(target):
    """Twelve items that are told apart: the likeliest temperature is 0, and every prediction 0 or 1."""
    truth = np.arange(12) % 2
    raw = np.stack([1.0 - 2 * truth, 2.0 * truth - 1], axis=1)
    labels = truth.astype(float) if target is TWO else np.stack([1.0 - truth, truth], axis=1)
    chances = fit_calibration(target, raw, labels).apply(target, raw)
    assert chances.max() < 0.999
    assert chances.max() > 0.9


def test_validation_items_of_one_class_say_nothing_of_temperatures():
    raw = np.stack([np.full(20, 1.0), np.linspace(-1, 0.5, 20)], axis=1)
    assert fit_calibration(TWO, raw, np.zeros(20)) == Calibration((1.0,))
