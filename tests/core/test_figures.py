"""Figures come back from their table as they were, holes included."""

import math
from dataclasses import replace

import pytest

from dnalect.core.errors import TableError
from dnalect.core.figures import COLUMNS, NOTHING, Estimate, Figure, beside, read_figures, table_of, write_figures

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
        if a is None or isinstance(a, str | int):
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


def test_columns_that_only_some_figures_need_are_written_where_one_does(tmp_path):
    told = replace(FULL, species="S. cerevisiae", seen=False, chance=0.0, chance_name="20 bp away")
    write_figures(tmp_path / "f.tsv", [told, BARE])
    assert (tmp_path / "f.tsv").read_text().splitlines()[0].split("\t") == [
        *COLUMNS, "species", "seen", "chance", "chance_name"
    ]  # fmt: skip
    back = read_figures(tmp_path / "f.tsv")
    assert (back[0].species, back[0].seen, back[0].chance, back[0].chance_name) == (
        "S. cerevisiae",
        False,
        0,
        "20 bp away",
    )
    assert (back[1].species, back[1].seen, back[1].chance_name) == ("", None, "chance")
    assert math.isnan(back[1].chance)


def test_more_digits_are_kept_where_they_are_asked_for(tmp_path):
    write_figures(tmp_path / "f.tsv", [replace(FULL, value=Estimate(0.1234567, -0.0000042, 1.0))], digits=6)
    assert read_figures(tmp_path / "f.tsv")[0].value == (0.123457, -0.0000042, 1.0)


def test_other_tables_are_refused(tmp_path):
    (tmp_path / "f.tsv").write_text("task\tpart\n")
    with pytest.raises(TableError, match="has not the columns of this version's figures"):
        read_figures(tmp_path / "f.tsv")
    (tmp_path / "f.tsv").write_text("\t".join(COLUMNS) + "\n" + "\t".join("x" for _ in COLUMNS) + "\n")
    with pytest.raises(TableError, match="is no table of figures"):
        read_figures(tmp_path / "f.tsv")


def test_the_first_is_set_beside_each_rival_and_the_rivals_stand_alone():
    values = {"us": Estimate(0.9, 0.8, 1.0), "a": Estimate(0.5, 0.4, 0.6), "b": NOTHING}
    found = beside(BARE, values, {"a": Estimate(0.4, 0.3, 0.5), "b": NOTHING})
    assert [(each.who, each.against) for each in found] == [("us", "a"), ("us", "b"), ("a", ""), ("b", "")]
    assert found[0].difference.mean == 0.4
    assert [each.who for each in beside(BARE, values, {})] == ["us", "a", "b"]


def test_people_read_a_table_without_empty_columns():
    text = table_of([FULL, replace(BARE, task="a longer name", value=Estimate(0.5, math.nan, math.nan))])
    head, first, second = text.splitlines()
    assert head.split() == ["task", "part", "who", "metric", "n", "value", "[95%]", "against", "difference", "[95%]"]
    assert first.index("test") == second.index("chrXIV") == head.index("part")
    assert "0.5712 [0.5300, 0.6100]" in first
    assert "\N{MINUS SIGN}0.0123 [\N{MINUS SIGN}0.0200, +0.0001]" in first
    assert "against" not in table_of([BARE])
