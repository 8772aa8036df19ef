"""Batches that are drawn ahead come in their order, and a draw that fails is heard."""

import threading
import time

import pytest

from dnalect.training.ahead import drawn_ahead


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_in_order(threads):
    """However long each takes."""

    def draw(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return number * number

    assert list(drawn_ahead(draw, range(3, 20), threads)) == [n * n for n in range(3, 20)]


def test_made_before_it_is_asked_for():
    """Twice as many as there are threads, and not more."""
    drawn = []
    coming = drawn_ahead(lambda number: drawn.append(number), range(100), 2)
    next(coming)
    deadline = time.monotonic() + 5
    while len(drawn) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(drawn) == [0, 1, 2, 3, 4]
    coming.close()
    assert not [each for each in threading.enumerate() if each.name.startswith("draw")]


@pytest.mark.parametrize("threads", [0, 2])
def test_errors_are_raised(threads):
    """Where the batch would have come."""

    def draw(number: int) -> int:
        if number == 2:
            raise ValueError("no such window")
        return number

    coming = drawn_ahead(draw, range(5), threads)
    assert [next(coming), next(coming)] == [0, 1]
    with pytest.raises(ValueError, match="no such window"):
        next(coming)
