"""What a suite must not let pass: mistakes of spelling, p-values that can't hold, rivals that are taken for models."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.examples import Target
from dnalect.core.figures import Estimate, Figure
from dnalect.jobs.benchmark.learners import Folders, weights_of
from dnalect.jobs.benchmark.page import _in_words, _overview, best_of
from dnalect.jobs.benchmark.run import measured, resamples_of, run_suite
from dnalect.jobs.benchmark.suite import Entry, Suite, TaskSpec, read_suite, untrained_of
from dnalect.stats.metrics import RESAMPLES, holm, two_sided

SUITE = """
name: small
rivals: [words]
models:
  - {name: tiny, model: x}
tasks:
  - {name: one, data: one.csv}
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("rivals:", "seeds: 2\nseeds: 5\nrivals:"), "line 4: 'seeds' is there twice"),
        (("name: small", "name: small\n\tseeds: 2"), "line 3: .*'\\\\t'"),
        (("data: one.csv", "data: one.csv, labels: value"), r'tasks\[0\].labels = "value": must be a list of texts'),
        (("data: one.csv", "data: one.csv, drop_contigs: chrXIV"), 'drop_contigs = "chrXIV": must be a list of texts'),
        (("model: x", "model: x, only: one"), 'only = "one": must be a list of texts'),
        (("model: x", "model: x, only: [two]"), "has no task 'two'"),
        (("model: x", "model: x, untrained: maybe"), 'untrained = "maybe": must be true or false'),
        (("data: one.csv", "data: one.csv, most: 1.5"), "most = 1.5: must be a whole number, 1 or more or nothing"),
        (("data: one.csv", "data: one.csv, train_most: 0"), "train_most = 0: must be a whole number, 1 or more"),
        (("data: one.csv", "data: one.csv, folds: 1"), "folds = 1: must be a whole number, 2 or more"),
        (("data: one.csv", "data: one.csv, metric: mcc"), 'metric = "mcc": must be one of MCC'),
        (("data: one.csv", "data: one.csv, split: fold"), 'split = "fold": must be one of folds, given'),
        (("data: one.csv", "data: one.csv, published: {who: x}"), "published = .*: must be a list"),
        (("name: one", "name: 1"), "name = 1: must be a text"),
        (("[words]", "[wrods]"), r'rivals\[0\] = "wrods": must be one of words'),
        (("rivals:", "seeds: 0\nrivals:"), "seeds = 0: must be a whole number, 1 or more"),
        (("- {name: one,", "- {name: one/1, data: a}\n  - {name: one 1,"), "the same files"),
    ],
)
def test_a_suite_with_a_mistake_is_refused_and_the_place_named(tmp_path, change, message):
    (tmp_path / "suite.yaml").write_text(SUITE.replace(*change))
    with pytest.raises(ConfigError, match=message):
        read_suite(tmp_path / "suite.yaml")


def test_a_mapping_may_be_taken_over_and_changed(tmp_path):
    text = SUITE.replace("- {name: one,", "- &a {name: one,") + "  - {<<: *a, name: two}\n"
    (tmp_path / "suite.yaml").write_text(text)
    assert [each.name for each in read_suite(tmp_path / "suite.yaml").tasks] == ["one", "two"]


def suite(**more):
    models = (Entry("tiny", "x"), Entry("tiny, untrained", "x", untrained=True))
    tasks = tuple(TaskSpec(name, f"{name}.csv") for name in ("one", "two", "three"))
    return replace(Suite("s", models, tasks, ("words", "cnn")), **more)


def test_what_is_missing_is_said_before_anything_is_computed(tmp_path):
    places = Folders(tmp_path, tmp_path, tmp_path / "run")
    (tmp_path / "one.csv").write_text("sequence,label\n")
    with pytest.raises(InputError, match=r"two needs .*two\.csv.*2 of 3 tasks lack files: two, three"):
        run_suite(suite(), places, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    for changed, message in (
        ({"against": "words of 3-7"}, "none of its rivals: words of 3-6, CNN"),
        ({"models": (Entry("CNN", "x"),)}, "has the name of a rival"),
        ({"rivals": ("words", "motifs")}, "needs the suite to name a MEME file"),
    ):
        with pytest.raises(ConfigError, match=message):
            run_suite(suite(**changed), places, tmp_path / "out", only=["one"])


@pytest.mark.parametrize("tasks", [1, 9, 18, 28, 100])
def test_the_least_p_value_holds_after_correction_over_the_tasks(tasks):
    never = np.ones(resamples_of(tasks))
    assert holm([two_sided(never)] * tasks).max() < 0.05
    assert resamples_of(tasks) >= RESAMPLES


def figure(who, value, against="", gap=0.0, metric="MCC", part="test"):
    return Figure("one", part, who, metric, 9, Estimate(value, value, value), "", against, Estimate(gap, gap, gap))


def test_random_weights_do_not_win_and_rivals_that_are_not_beaten_are_named():
    figures = [
        figure("tiny", 0.5, "words of 3-6", 0.1),
        figure("tiny", 0.5, "CNN", -0.1),
        figure("tiny", 0.5, "tiny, untrained", -0.2),
        figure("tiny", 0.9, "words of 3-6", 0.1, part="test/chrI"),
        figure("tiny, untrained", 0.7, "words of 3-6", 0.3),
        figure("words of 3-6", 0.4),
        figure("CNN", 0.6),
    ]
    task = SimpleNamespace(spec=TaskSpec("one", "one.csv"), target=Target("y", "classes", ("no", "yes")))
    ((name, _, _, best, rival, _, words, unbeaten),) = _overview(suite(), [task], figures, ["tiny"]).rows
    assert (name, best, rival) == ("one", "tiny 0.500 [0.500, 0.500]", "tiny, untrained 0.700 [0.700, 0.700]")
    assert words == "better than words of 3-6"
    assert unbeaten == "CNN / tiny, untrained"
    assert _in_words(figures[:3], "tiny", figures[0], ["tiny"]) == (
        "better than words of 3-6; not better than CNN / tiny, untrained"
    )
    assert _in_words([*figures[:1], figure("tiny", 0.5, "CNN", 0.1)], "tiny", figures[0], ["tiny"]).endswith(
        "better than every rival"
    )


def test_the_best_error_is_the_lowest():
    errors = [figure("a", 0.3, metric="RMSE"), figure("b", 0.1, metric="RMSE"), figure("c", float("nan"))]
    assert best_of(errors).who == "b"


def test_contigs_and_classes_have_figures_of_their_own(toy_task):
    one = {"words of 3-6": [toy_task.chances]}
    found = measured(suite(models=()), toy_task, one, 50)
    parts = {(each.part, each.metric) for each in found}
    assert {("test/c1", "MCC"), ("test/c2", "MCC"), ("test/b", "AUROC"), ("test/b", "AUPRC")} <= parts
    assert ("test/c3", "MCC") not in parts
    mine = next(each for each in found if (each.part, each.metric) == ("test/c1", "MCC"))
    assert mine.n == 30


@pytest.fixture
def toy_task():
    """Three classes on three contigs, of which the last has too few items."""
    rng = np.random.default_rng(0)
    contigs = ("c1",) * 30 + ("c2",) * 30 + ("c3",) * 5
    truth = rng.integers(0, 3, (65, 1)).astype(float)
    examples = SimpleNamespace(contigs=contigs, labels={"y": truth})
    return SimpleNamespace(
        spec=TaskSpec("one", "one.csv"),
        target=Target("y", "classes", ("a", "b", "c")),
        examples=examples,
        tested=np.arange(65),
        units=np.arange(65),
        chances=rng.dirichlet(np.ones(3), 65),
    )


def test_a_folder_without_a_card_is_known_by_its_files(tmp_path):
    places = Folders(tmp_path, tmp_path, tmp_path / "run")
    for name, text in (("a", "1"), ("b", "2"), ("c", "1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_text(text)
    a, b, c = (weights_of(Entry(name, name), places) for name in "abc")
    assert a == c != b


def test_untrained_twins_are_those_of_the_same_use():
    assert untrained_of(suite(), "tiny") == ["tiny, untrained"]
