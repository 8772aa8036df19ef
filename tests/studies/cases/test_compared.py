"""Paired figures, who comes first, and learning that never sees what it predicts."""

import numpy as np
import pytest

from dnalect.core.figures import NOTHING, Figure, read_figures
from dnalect.stats import among_first
from studies.cases.compared import compared, learned
from studies.cases.page import Panel, forest_section

BARE = Figure("task", "part", "", "AUROC", 7, NOTHING)


def test_each_is_set_beside_all_rivals_but_itself():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=1001) * 0.01
    samples = {"model": 0.8 + noise, "good": 0.79 + noise, "bad": 0.5 + rng.normal(size=1001) * 0.01}
    figures = compared(BARE, samples, ["good", "bad"])
    found = {(each.who, each.against): each for each in figures}
    assert set(found) == {("model", "good"), ("model", "bad"), ("good", "bad"), ("bad", "good")}
    # The noise is shared: the difference is known exactly, though the values are not.
    assert found["model", "good"].difference == pytest.approx((0.01, 0.01, 0.01))
    assert found["model", "bad"].difference.mean == pytest.approx(samples["model"][0] - samples["bad"][0])
    assert found["model", "good"].value.low < 0.8 < found["model", "good"].value.high
    assert found["model", "good"].p_holm == pytest.approx(2 * found["model", "good"].p)
    assert {each.n for each in figures} == {7}


def test_without_rivals_there_is_one_figure_and_without_a_value_none():
    figures = compared(BARE, {"model": np.full(11, 0.6), "undefined": np.full(11, np.nan)}, [])
    assert [(each.who, each.against) for each in figures] == [("model", "")]


def test_hits_among_the_first_by_hand():
    score = np.array([0.1, 0.9, 0.5, 0.7])
    hit = np.array([True, True, False, False])
    weights = np.array([[1, 1, 1, 1], [0, 0, 3, 1], [1, 2, 0, 1]], dtype=float)
    # Of the order 1, 3, 2, 0 two come first; in the last resample item 1 was drawn twice.
    assert among_first(score, hit, weights, 2).tolist() == [0.5, 0, 1]
    # A count for each resample.
    assert among_first(score, hit, weights, np.array([1, 1, 4])).tolist() == [1, 0, 0.75]


def test_nothing_is_learned_from_what_is_predicted():
    rng = np.random.default_rng(1)
    part = np.arange(60) % 3
    features = rng.normal(size=(60, 1))
    # In each part the feature means something else: what the other two say of the third is wrong.
    hit = np.where(part == 0, features[:, 0] < 0, features[:, 0] > 0)
    parts = [(part == fold, part == (fold + 1) % 3) for fold in range(3)]
    chance, effect = learned(features, hit, hit.astype(float), parts)
    own = part == 0
    assert np.corrcoef(chance[own], features[own, 0])[0, 1] > 0.99
    assert np.isfinite(chance).all()
    assert np.isfinite(effect).all()


def test_a_section_has_a_picture_and_words_for_who_is_no_rival(tmp_path):
    rng = np.random.default_rng(0)
    samples = {"model": 0.9 + rng.normal(size=201) * 0.01, "rival": 0.6 + rng.normal(size=201) * 0.01}
    figures = compared(BARE, samples, ["rival"])
    panel = Panel("heading", "part", "AUROC", 0.5, "picture", "caption", ("a sentence",))
    section = forest_section(panel, figures, ["rival"], tmp_path)
    assert [row[0] for row in section.rows] == ["model", "rival"]
    assert section.rows[0][2].startswith("better than rival (+0.")
    assert section.rows[1][2] == ""
    assert section.pictures[0][1] == (tmp_path / "picture.png").read_bytes()


def test_figures_can_be_read_again(tmp_path):
    from dnalect.core.figures import write_figures

    figures = compared(BARE, {"model": np.linspace(0.5, 0.7, 101), "rival": np.full(101, 0.5)}, ["rival"])
    write_figures(tmp_path / "figures.tsv", figures)
    assert [each.who for each in read_figures(tmp_path / "figures.tsv")] == ["model", "rival"]
