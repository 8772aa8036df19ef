import json

import numpy as np
import pytest

from dnalect.core.calibration import Calibration
from dnalect.core.errors import ModelError
from dnalect.core.examples import Target

CLASSES = Target("c", "classes", ("a", "b", "c"))
TRACKS = Target("t", "tracks", ("x", "y"))
SIGNAL = Target("s", "signal", ("s",))


def test_without_numbers_outputs_become_a_softmax_a_sigmoid_or_stay():
    raw = np.array([[0.0, np.log(2), np.log(5)], [1000.0, 0.0, -1000.0]])
    assert Calibration().apply(CLASSES, raw) == pytest.approx(np.array([[1 / 8, 2 / 8, 5 / 8], [1, 0, 0]]))
    assert Calibration().apply(TRACKS, np.array([[np.log(3), -1000.0]])) == pytest.approx(np.array([[0.75, 0]]))
    assert Calibration().apply(SIGNAL, np.array([3.5])).tolist() == [3.5]


def test_numbers_are_applied():
    two = Calibration((2.0,)).apply(CLASSES, np.array([[0.0, 2 * np.log(2), 2 * np.log(5)]]))
    assert two == pytest.approx(np.array([[1 / 8, 2 / 8, 5 / 8]]))
    shift = Calibration((2.0,), (0, np.log(2), 0)).apply(CLASSES, np.array([[0.0, 2 * np.log(2), 2 * np.log(5)]]))
    assert shift == pytest.approx(np.array([[1 / 10, 4 / 10, 5 / 10]]))
    each = Calibration((1.0, 2.0), (np.log(3), 0.0)).apply(TRACKS, np.array([[0.0, 2 * np.log(4)]]))
    assert each == pytest.approx(np.array([[0.75, 0.8]]))
    curve = Calibration(raw=(0, 1, 2), fitted=(5, 5, 9))
    assert curve.apply(SIGNAL, np.array([[-1.0], [0.5], [1.5], [7]])).tolist() == [[5], [5], [7], [9]]


def test_log_odds_are_those_of_the_probabilities_and_exact_at_the_ends():
    classes, tracks = Calibration((2.0,), (0.5, 0.0, -0.5)), Calibration((1.0, 2.0), (0.5, -1.0))
    for one, target in ((classes, CLASSES), (tracks, TRACKS)):
        raw = np.random.default_rng(1).normal(size=(5, len(target.outputs))) * 3
        p = one.apply(target, raw)
        assert one.log_odds(target, raw) == pytest.approx(np.log(p) - np.log(1 - p))
    assert Calibration().log_odds(TRACKS, np.array([[800.0, -800.0]])).tolist() == [[800, -800]]
    far = Calibration().log_odds(CLASSES, np.array([[900.0, 0.0, 0.0]]))
    assert far == pytest.approx(np.array([[900 - np.log(2), -900, -900]]))
    with pytest.raises(ModelError, match="a signal, which has no odds"):
        Calibration().log_odds(SIGNAL, np.zeros((1, 1)))


@pytest.mark.parametrize(
    "one",
    [
        Calibration(),
        Calibration((1.5,)),
        Calibration((1, 2), (0.1, -0.2)),
        Calibration((2,), (0, 1, -1)),
        Calibration(raw=(0, 1), fitted=(2, 2)),
    ],
)
def test_a_card_gives_it_back(one):
    assert Calibration.from_dict(json.loads(json.dumps(one.as_dict()))) == one


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"temperatures": [0.0]}, "above 0"),
        ({"temperatures": ["hot"]}, "wrong fields"),
        ({"temperatures": 1.0}, "wrong fields"),
        ({"heat": [1.0]}, "wrong fields"),
        ({"biases": [float("nan")]}, "finite"),
        ({"raw": [0, 1], "fitted": [1]}, "pairs"),
        ({"raw": [1, 1], "fitted": [1, 2]}, "pairs"),
        ({"raw": [1, 2], "fitted": [2, 1]}, "pairs"),
    ],
)
def test_a_broken_card_is_refused(told, message):
    with pytest.raises(ModelError, match=message):
        Calibration.from_dict(told)


def test_a_calibration_of_another_target_is_refused():
    with pytest.raises(ModelError, match="not one of t: tracks of 2 outputs"):
        Calibration((1.0, 1.0, 1.0)).apply(TRACKS, np.zeros((1, 2)))
    with pytest.raises(ModelError, match="not one of c"):
        Calibration(raw=(0, 1), fitted=(0, 1)).apply(CLASSES, np.zeros((1, 3)))
