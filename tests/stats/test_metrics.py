"""Metrics equal scikit-learn's; their intervals cover; differences are paired; words say what the numbers do."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn import metrics as reference

from dnalect.core.errors import InputError
from dnalect.core.examples import Target
from dnalect.core.figures import Estimate, Figure
from dnalect.stats.draws import Draws
from dnalect.stats.measures import binary_measures, calibration_error, class_measures, signal_measures
from dnalect.stats.metrics import (
    Scores,
    across_seeds,
    by_class,
    by_group,
    figures,
    holm,
    holm_corrected,
    two_sided,
    verdict,
)

YES_NO = Target("bound", "classes", ("no", "yes"))
THREE = Target("kind", "classes", ("a", "b", "c"))
SIGNAL = Target("level", "signal", ("level",))


def of_classes(n, classes, seed=0, strength=1.0, decimals=2):
    """Truth and rounded probabilities, so that some are tied."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    raw = rng.normal(size=(n, classes)) + strength * np.eye(classes)[truth]
    odds = np.exp(raw)
    p = np.round(odds / odds.sum(axis=1, keepdims=True), decimals)
    return truth.astype(float), p


def by_name(found, part="test"):
    return {each.metric: each for each in found if each.part == part}


def test_metrics_of_two_classes_are_those_of_scikit_learn():
    truth, p = of_classes(300, 2)
    found = {name: each.value.mean for name, each in by_name(figures("t", "test", "m", p, YES_NO, truth)).items()}
    said = p.argmax(axis=1)
    assert found["MCC"] == pytest.approx(reference.matthews_corrcoef(truth, said))
    assert found["accuracy"] == pytest.approx((said == truth).mean())
    assert found["macro F1"] == pytest.approx(reference.f1_score(truth, said, average="macro"))
    assert found["AUROC"] == pytest.approx(reference.roc_auc_score(truth, p[:, 1]))
    assert found["AUPRC"] == pytest.approx(reference.average_precision_score(truth, p[:, 1]))
    assert found["prevalence"] == pytest.approx(truth.mean())


def test_metrics_of_three_classes_are_means_against_the_rest():
    truth, p = of_classes(400, 3)
    found = {name: each.value.mean for name, each in by_name(figures("t", "test", "m", p, THREE, truth)).items()}
    one_hot = np.eye(3)[truth.astype(int)]
    assert found["MCC"] == pytest.approx(reference.matthews_corrcoef(truth, p.argmax(axis=1)))
    assert found["macro F1"] == pytest.approx(reference.f1_score(truth, p.argmax(axis=1), average="macro"))
    assert found["AUROC"] == pytest.approx(reference.roc_auc_score(one_hot, p, average="macro"))
    assert found["AUPRC"] == pytest.approx(reference.average_precision_score(one_hot, p, average="macro"))
    assert found["prevalence"] == pytest.approx(1 / 3)


def test_calibration_error_is_the_mean_gap_of_bins_of_equal_mass():
    rng = np.random.default_rng(1)
    confidence = rng.random(1500)
    right = rng.random(1500) < confidence**2
    order = np.argsort(confidence).reshape(15, 100)
    wanted = np.mean([abs(confidence[rows].mean() - right[rows].mean()) for rows in order])
    draws = Draws.of(np.arange(1500), 0, 0)
    assert calibration_error(confidence, right, draws)[0] == pytest.approx(wanted, abs=2e-3)
    constant = calibration_error(np.full(1500, 0.5), right, draws)[0]
    assert constant == pytest.approx(abs(0.5 - right.mean()))


def test_metrics_of_a_signal_are_those_of_the_libraries():
    rng = np.random.default_rng(2)
    truth = np.round(rng.normal(1000, 1, 200), 1)
    said = np.round(truth + rng.normal(0, 1, 200), 1)
    found = {name: each.value.mean for name, each in by_name(figures("t", "test", "m", said, SIGNAL, truth)).items()}
    assert found["Pearson"] == pytest.approx(np.corrcoef(said, truth)[0, 1])
    assert found["Spearman"] == pytest.approx(spearmanr(said, truth).statistic)
    assert found["R2"] == pytest.approx(reference.r2_score(truth, said))
    assert found["RMSE"] == pytest.approx(math.sqrt(reference.mean_squared_error(truth, said)))
    flat = by_name(figures("t", "test", "m", np.full(200, 3.0), SIGNAL, truth))
    assert math.isnan(flat["Pearson"].value.mean)
    assert math.isnan(flat["Spearman"].value.mean)
    assert flat["RMSE"].value.mean == pytest.approx(math.sqrt(((truth - 3) ** 2).mean()))


def test_tracks_have_figures_of_their_own_and_a_mean_without_the_holes():
    rng = np.random.default_rng(3)
    truth = (rng.random((300, 3)) < [0.5, 0.2, 0.1]).astype(float)
    p = np.clip(truth * 0.3 + rng.random((300, 3)) * 0.7, 0, 1)
    truth[rng.random((300, 3)) < 0.2] = np.nan
    found = figures("t", "test", "m", p, Target("marks", "tracks", ("x", "y", "z")), truth)
    each = []
    for column, name in enumerate("xyz"):
        known = np.isfinite(truth[:, column])
        one = by_name(found, f"test/{name}")
        each.append(reference.roc_auc_score(truth[known, column], p[known, column]))
        assert one["AUROC"].value.mean == pytest.approx(each[-1])
        assert one["AUROC"].n == known.sum()
        assert one["prevalence"].value.mean == pytest.approx(truth[known, column].mean())
    assert by_name(found)["AUROC"].value.mean == pytest.approx(np.mean(each))


@pytest.mark.parametrize("kind", ["classes", "signal"])
def test_a_resample_is_the_metric_of_the_items_drawn(kind):
    """Every metric of a resample equals that of the items repeated as often as they were drawn."""
    rng = np.random.default_rng(4)
    units = rng.integers(0, 12, 80)
    draws = Draws.of(units, 6, 5)
    _, own = np.unique(units, return_inverse=True)
    truth, p = of_classes(80, 2)
    said = np.round(truth + rng.normal(size=80), 1)
    whole = class_measures(p, truth.astype(int), draws) if kind == "classes" else signal_measures(said, truth, draws)
    for at, counts in enumerate(draws.counts):
        rows = np.repeat(np.arange(80), counts[own].astype(int))
        plain = Draws.of(np.arange(len(rows)), 0, 0)
        if kind == "classes":
            single = class_measures(p[rows], truth[rows].astype(int), plain)
            single.pop("ECE")
        else:
            single = signal_measures(said[rows], truth[rows], plain)
        for name, values in single.items():
            assert whole[name][at] == pytest.approx(values[0], abs=1e-9), name


def test_intervals_cover_at_their_rate():
    inside = {"AUROC": 0, "accuracy": 0, "ECE": 0}
    # Of two normals one apart, and a probability that is too sure; the ECE is that of 4 million items.
    truths = {"AUROC": 0.7602, "accuracy": 0.6915, "ECE": 0.1931}
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truth = np.arange(300) % 2
        p = 1 / (1 + np.exp(-4 * (rng.normal(size=300) + truth - 0.5)))
        p = np.stack([1 - p, p], axis=1)
        found = by_name(figures("t", "test", "m", p, YES_NO, truth.astype(float), resamples=300))
        for name, value in truths.items():
            inside[name] += found[name].value.low <= value <= found[name].value.high
    assert 88 <= inside["AUROC"] <= 99
    assert 88 <= inside["accuracy"] <= 99
    assert 80 <= inside["ECE"] <= 99


def test_the_interval_of_a_small_calibration_error_holds_its_value():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        p = rng.random(300)
        truth = (rng.random(300) < p).astype(float)
        found = by_name(figures("t", "test", "m", np.stack([1 - p, p], axis=1), YES_NO, truth, resamples=200))["ECE"]
        assert 0 <= found.value.low < found.value.mean <= found.value.high


def test_units_that_vary_together_widen_the_interval():
    truth, p = np.repeat(of_classes(60, 2)[0], 10), np.repeat(of_classes(60, 2)[1], 10, axis=0)
    apart = by_name(figures("t", "test", "m", p, YES_NO, truth))["MCC"].value
    blocks = np.repeat([f"block {n}" for n in range(60)], 10)
    together = by_name(figures("t", "test", "m", p, YES_NO, truth, units=blocks))["MCC"].value
    assert together.mean == apart.mean
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_differences_are_paired_and_their_words_follow():
    truth, good = of_classes(500, 2, strength=2.0)
    _, poor = of_classes(500, 2, strength=2.0)
    rng = np.random.default_rng(5)
    poor = np.where(rng.random((500, 1)) < 0.2, 0.5 + 0 * good, good)
    found = by_name(figures("t", "test", "good", good, YES_NO, truth, against={"poor": poor}))
    mcc = found["MCC"]
    assert mcc.difference.mean == pytest.approx(
        reference.matthews_corrcoef(truth, good.argmax(1)) - reference.matthews_corrcoef(truth, poor.argmax(1))
    )
    assert 0 < mcc.difference.low < mcc.difference.high
    assert mcc.difference.high - mcc.difference.low < mcc.value.high - mcc.value.low
    assert 0 < mcc.p <= 0.01
    assert verdict(mcc) == "better than poor"
    other = by_name(figures("t", "test", "poor", poor, YES_NO, truth, against={"good": good}))
    assert verdict(other["MCC"]) == "worse than good: useless here"
    assert other["MCC"].difference.mean == -mcc.difference.mean
    same = by_name(figures("t", "test", "good", good, YES_NO, truth, against={"copy": good}))
    assert same["MCC"].difference == (0, 0, 0)
    assert same["MCC"].p == 1
    assert verdict(same["MCC"]) == "not distinguishable from copy"
    assert found["prevalence"].against == ""
    assert verdict(found["prevalence"]) == "not compared"


def test_of_errors_the_lower_is_the_better():
    rng = np.random.default_rng(6)
    truth = rng.normal(size=300)
    near, far = truth + rng.normal(0, 0.5, 300), truth + rng.normal(0, 1, 300)
    found = by_name(figures("t", "test", "near", near, SIGNAL, truth, against={"far": far}))
    assert found["RMSE"].difference.high < 0
    assert verdict(found["RMSE"]) == "better than far"


def test_p_values_of_no_difference_are_uniform_enough():
    low = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=120)
        mine, theirs = (truth + rng.normal(size=120) for _ in range(2))
        found = by_name(figures("t", "test", "m", mine, SIGNAL, truth, against={"r": theirs}, resamples=200))
        low += found["Pearson"].p < 0.1
    assert 3 <= low <= 20


def test_p_is_never_zero():
    assert two_sided(np.full(999, 0.3)) == pytest.approx(0.002)
    assert math.isnan(two_sided(np.zeros(0)))


def test_seeds_widen_the_interval_and_are_averaged():
    truth, _ = of_classes(400, 2)
    rng = np.random.default_rng(7)
    strengths = np.array([0.2, 0.8, 1.4, 2.0, 2.6])
    raw = [rng.normal(size=400) + strength * (truth - 0.5) for strength in strengths]
    runs = [np.stack([1 - 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(-x))], axis=1) for x in raw]
    found = by_name(across_seeds("t", "test", "m", np.stack(runs), YES_NO, truth, against={"r": runs[0]}))
    single = [by_name(figures("t", "test", "m", run, YES_NO, truth))["AUROC"].value for run in runs]
    value = found["AUROC"].value
    assert value.mean == pytest.approx(np.mean([each.mean for each in single]))
    assert value.high - value.low > 2 * np.mean([each.high - each.low for each in single])
    assert found["AUROC"].difference.mean == pytest.approx(value.mean - single[0].mean)


def test_groups_and_classes_have_figures_of_their_own():
    truth, p = of_classes(300, 3)
    names = np.where(np.arange(300) < 200, "chrB", "chrA")
    found = by_group("t", "test", "m", p, THREE, truth, names.tolist(), against={"r": p[:, ::-1]})
    assert [each.part for each in found][:: len(found) - 1] == ["test/chrA", "test/chrB"]
    one = by_name(found, "test/chrB")["MCC"]
    assert one.n == 200
    assert one.value.mean == pytest.approx(reference.matthews_corrcoef(truth[:200], p[:200].argmax(1)))
    classes = by_class("t", "test", "m", p, THREE, truth)
    assert {each.part for each in classes} == {"test/a", "test/b", "test/c"}
    assert by_name(classes, "test/b")["AUPRC"].value.mean == pytest.approx(
        reference.average_precision_score(truth == 1, p[:, 1])
    )


def test_holes_and_a_single_class_give_no_numbers_rather_than_wrong_ones():
    truth, p = of_classes(50, 2)
    truth[:10] = np.nan
    found = by_name(figures("t", "test", "m", p, YES_NO, truth))
    assert found["MCC"].n == 40
    assert found["MCC"].value.mean == pytest.approx(reference.matthews_corrcoef(truth[10:], p[10:].argmax(1)))
    alone = by_name(figures("t", "test", "m", p, YES_NO, np.zeros(50)))
    assert math.isnan(alone["AUROC"].value.mean)
    assert alone["MCC"].value.mean == 0


def test_what_does_not_fit_is_refused():
    truth, p = of_classes(50, 2)
    with pytest.raises(InputError, match=r"are \(50, 3\), not \(50, 2\)"):
        figures("t", "test", "m", np.ones((50, 3)), YES_NO, truth)
    with pytest.raises(InputError, match="not finite"):
        figures("t", "test", "m", np.full((50, 2), np.nan), YES_NO, truth)
    with pytest.raises(InputError, match="numbers of classes, 0 to 1"):
        figures("t", "test", "m", p, YES_NO, truth + 1)
    with pytest.raises(InputError, match="2 columns"):
        Scores("t", "test", YES_NO, np.zeros((50, 2)))
    with pytest.raises(InputError, match="49 units for 50 items"):
        Scores("t", "test", YES_NO, truth, units=np.arange(49))


def test_holm_steps_down_and_leaves_out_what_is_unknown():
    assert holm([0.01, 0.04, math.nan, 0.03]) == pytest.approx([0.03, 0.06, math.nan, 0.06], nan_ok=True)
    assert holm([0.6, 0.7]).tolist() == [1, 1]
    assert len(holm([])) == 0


def test_holm_is_over_the_tasks_of_one_metric_and_rival():
    def row(task, metric="MCC", against="r", p=0.02):
        return Figure(task, "test", "m", metric, 9, Estimate(1, 1, 1), "", against, Estimate(0.1, 0.05, 0.2), p)

    rows = [row("a"), row("b"), row("c", p=0.5), row("a", "AUROC"), row("a", against="s"), row("a", against="")]
    found = holm_corrected(rows, "MCC")
    assert [each.p_holm for each in found[:3]] == pytest.approx([0.06, 0.06, 0.5])
    assert found[3] == rows[3]
    assert found[4].p_holm == 0.02
    assert found[5] == rows[5]
    assert verdict(rows[0]) == "better than r"
    assert verdict(found[0]) == "not distinguishable from r"
    assert verdict(replace(found[0], p_holm=0.04)) == "better than r"


def test_tied_scores_are_met_at_once():
    positive = np.array([True, False, True, False])
    found = binary_measures(np.ones(4), positive, Draws.of(np.arange(4), 0, 0))
    assert found["AUROC"][0] == 0.5
    assert found["AUPRC"][0] == 0.5
