"""Whole numbers of files, against int() where that is safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnalect.core.numbers import LONGEST, whole_number, whole_or_none


@given(st.integers(-(10**25), 10**25), st.integers(-99, 0), st.integers(0, 10**20))
def test_as_int_does_within_the_bounds(value, low, high):
    expected = value if low <= value <= high else None
    assert whole_or_none(str(value), low, high) == expected
    assert whole_or_none(f" {value:030d}\n".encode(), low, high) == expected


@pytest.mark.parametrize("text", ["", "-", "1_000", "1,000", "1.0", "1e3", "0x10", "١٢", "NaN", "1 2", b"\xff"])
def test_what_is_no_plain_number(text):
    with pytest.raises(ValueError, match="no whole number"):
        whole_number(text)


def test_more_digits_than_python_reads_are_beyond_the_bounds():
    with pytest.raises(ValueError, match=r"99999999999999999999\.\.\. is beyond 0 to 1,099,511,627,776"):
        whole_number("9" * 5000)
    assert whole_number("0" * 5000 + "7") == 7
    assert whole_number(str(LONGEST)) == LONGEST
