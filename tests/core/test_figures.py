"""Figures come back from their table as they were, holes included."""

import math

import pytest

from dnalect.core.figures import COLUMNS, NOTHING, Estimate, Figure, read_figures, write_figures

FULL = Figure(
    task="H3",
    part="test",
    who="duplex",
    metric="MCC",
    n=1497,
    value=Estimate(0.5712, 0.53, 0.61),
    seed="3",
    against="k-mers",
    difference=Estimate(-0.0123, -0.02, 0.0001),
    p=0.00001234,
    p_holm=0.0005,
    command="dnalect benchmark a.yaml",
)
BARE = Figure("H4", "chrXIV", "twin", "AUROC", 0, Estimate(math.nan, math.nan, math.nan))


def same(one, other):
    """Equal but for NaN, which stands for itself, and the digits that are written."""
    for name in Figure.__slots__:
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, str | int):
            assert (name, a) == (name, b)
        else:
            assert b == pytest.approx(a, abs=5e-5, rel=1e-3, nan_ok=True), name


def test_figures_come_back_as_they_were(tmp_path):
    write_figures(tmp_path / "f.tsv", [FULL, BARE])
    back = read_figures(tmp_path / "f.tsv")
    assert len(back) == 2
    same(FULL, back[0])
    same(BARE, back[1])
    assert all(map(math.isnan, (*back[1].value, *back[1].difference, back[1].p, back[1].p_holm)))


def test_small_numbers_keep_their_digits(tmp_path):
    write_figures(tmp_path / "f.tsv", [FULL])
    assert read_figures(tmp_path / "f.tsv")[0].p == pytest.approx(0.00001234, rel=1e-3)
    assert "1.234e-05" in (tmp_path / "f.tsv").read_text()


def test_the_table_has_a_header_and_a_cell_for_every_column(tmp_path):
    write_figures(tmp_path / "f.tsv", [FULL, BARE])
    lines = [line.split("\t") for line in (tmp_path / "f.tsv").read_text().splitlines()]
    assert lines[0] == list(COLUMNS)
    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert lines[2][COLUMNS.index("value")] == ""
    assert "nan" not in (tmp_path / "f.tsv").read_text()


def test_no_figures_are_a_table_of_none(tmp_path):
    write_figures(tmp_path / "f.tsv", [])
    assert read_figures(tmp_path / "f.tsv") == []


def test_a_figure_without_a_rival_says_so():
    assert BARE.difference is NOTHING
    assert BARE.cells()[COLUMNS.index("against") :] == [""] * (len(COLUMNS) - COLUMNS.index("against"))
