"""Suites on small planted tasks: figures, resume, words for what is useless, and what a suite may not say."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.figures import read_figures
from dnalect.core.runs import Run
from dnalect.jobs.benchmark import jobs, run
from dnalect.jobs.benchmark.learners import Folders
from dnalect.jobs.benchmark.run import run_suite
from dnalect.jobs.benchmark.suite import Entry, read_suite
from dnalect.jobs.benchmark.tasks import open_task
from dnalect.stats.calibration import fit_calibration

SUITE = """
name: small
seeds: 2
rivals: [words, composition]
models:
  - {name: tiny, model: MODEL}
  - {name: "tiny, untrained", model: MODEL, untrained: true}
tasks:
  - {name: rich, data: rich.csv, split: folds, folds: 3, both_strands: true}
  - {name: noise, data: noise.csv, labels: [value], split: random}
"""


@pytest.fixture
def data(tmp_path, model_folder):
    """Runs of G against none, which anything learns; and values that nothing explains."""
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(160)]
    with (tmp_path / "rich.csv").open("w") as file:
        rows = csv.writer(file)
        rows.writerow(["sequence", "label"])
        rows.writerows([text[:20] + "GGGGGGGG" + text[28:] if n % 2 else text, n % 2] for n, text in enumerate(texts))
    with (tmp_path / "noise.csv").open("w") as file:
        rows = csv.writer(file)
        rows.writerow(["sequence", "value"])
        rows.writerows([text, round(float(rng.normal()), 3)] for text in texts)
    (tmp_path / "suite.yaml").write_text(SUITE.replace("MODEL", str(model_folder)))
    return tmp_path


def places(data):
    return Folders(data, data, data / "run")


def cells(figures):
    return [each.cells() for each in figures]


def test_a_suite_gives_figures_plots_and_a_page_that_says_what_is_useless(data):
    suite = read_suite(data / "suite.yaml")
    figures = run_suite(suite, places(data), data / "out", command="dnalect benchmark")
    assert len(read_figures(data / "out" / "figures.tsv")) == len(figures)
    kept = {(each.task, each.who, each.against, each.metric): each for each in figures if each.part == "test"}
    rich = kept["rich", "words of 3-6", "", "MCC"]
    assert rich.n == 160
    assert rich.value.low > 0.3
    tiny = kept["noise", "tiny", "words of 3-6", "Pearson"]
    assert tiny.value.low < 0 < tiny.value.high
    assert np.isfinite(tiny.p_holm)
    assert kept["rich", "tiny", "tiny, untrained", "MCC"].against
    page = (data / "out" / "index.html").read_text()
    assert "not distinguishable from words of 3-6" in page
    assert (data / "out" / "rich.png").is_file()


def test_a_killed_run_goes_on_where_it_was_and_ends_at_the_same_figures(data, monkeypatch):
    suite = read_suite(data / "suite.yaml")
    whole = run_suite(suite, Folders(data, data, data / "other"), data / "whole")
    calls = []
    kept = jobs._learnt

    def dies(*args):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return kept(*args)

    monkeypatch.setattr(jobs, "_learnt", dies)
    with pytest.raises(KeyboardInterrupt):
        run_suite(suite, places(data), data / "out")
    done = run_suite(suite, places(data), data / "out")
    assert len(calls) == 2 * 2 * 4 + 1
    assert cells(done) == cells(whole)
    calls.clear()
    assert cells(run_suite(suite, places(data), data / "out")) == cells(whole)
    assert not calls


def test_another_config_is_computed_anew(data):
    suite = read_suite(data / "suite.yaml")
    task = open_task(suite.tasks[0], data)
    job = run.jobs_of(suite, suite.tasks[0], "classes")[0]
    other = replace(job, entry=replace(job.entry, pool="max"))
    assert jobs._identity(job, task, places(data)) != jobs._identity(other, task, places(data))
    same = replace(job, entry=replace(job.entry, only=("rich",)))
    assert jobs._identity(job, task, places(data)) == jobs._identity(same, task, places(data))


def test_every_sequence_is_predicted_once_while_held_out(data):
    suite = read_suite(data / "suite.yaml")
    task = open_task(suite.tasks[0], data)
    tested = [np.flatnonzero(np.array(fold.parts) == "test") for fold in task.folds(1)]
    assert sorted(np.concatenate(tested)) == list(range(160))
    for fold in task.folds(1):
        assert {"train", "validate", "test"} == set(fold.parts)


@pytest.mark.slow
def test_workers_give_the_same_figures(data):
    suite = read_suite(data / "suite.yaml")
    alone = run_suite(suite, places(data), data / "out", only=["noise"])
    more = run_suite(suite, Folders(data, data, data / "two"), data / "more", 2, ["noise"])
    assert cells(more) == cells(alone)


def test_fine_tuning_is_a_method_of_a_suite(data, model_folder):
    suite = read_suite(data / "suite.yaml")
    tuned = Entry("tuned", str(model_folder), "lora", options={"epochs": 1, "batch": 16})
    found = run_suite(replace(suite, models=(tuned,), seeds=1), places(data), data / "out", only=["noise"])
    assert [each for each in found if each.who == "tuned" and each.metric == "Pearson"]
    with pytest.raises(ConfigError, match="tuned, options: magic is unknown"):
        replace(tuned, options={"magic": 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("name: small", "nom: small"), "nom is unknown"),
        (("models:", "modells:"), "models is missing: it must be a list of tables"),
        (("split: folds", "splits: folds"), r"tasks\[0\].splits is unknown. Did you mean split"),
        (("name: noise", "name: rich"), "the same name 'rich'"),
        (("untrained: true", "method: magic"), 'models.1.*method = "magic": must be one of probe, lora, full'),
        (("seeds: 2", "seeds: [2"), "no YAML"),
        (("model: MODEL, untrained", "untrained"), r"models\[1\].model is missing"),
    ],
)
def test_a_suite_that_is_wrong_is_refused(data, change, message):
    (data / "wrong.yaml").write_text(SUITE.replace(*change))
    with pytest.raises(ConfigError, match=message):
        read_suite(data / "wrong.yaml")


def test_missing_data_and_unknown_tasks_are_named(data):
    suite = read_suite(data / "suite.yaml")
    with pytest.raises(ConfigError, match="no task 'other'"):
        run_suite(suite, places(data), data / "out", only=["other"])
    (data / "rich.csv").unlink()
    with pytest.raises(InputError, match=r"rich\.csv, which is missing"):
        run_suite(suite, places(data), data / "out")


def test_outputs_are_kept_and_calibrated_when_they_are_read(data):
    suite = read_suite(data / "suite.yaml")
    task = open_task(suite.tasks[0], data)
    job = run.jobs_of(suite, suite.tasks[0], "classes")[0]
    (plain,), (fitted,) = (jobs.done(job, task, 1, places(data), calibrated=each) for each in (False, True))
    kept = jobs._unpacked(Run(places(data).run / "rich", jobs._identity(job, task, places(data))).get("tiny.1"))
    odds = np.exp(kept.test - np.logaddexp.reduce(kept.test, axis=1, keepdims=True))
    np.testing.assert_allclose(plain, odds)
    assert not np.allclose(plain, fitted)
    told = list(task.folds(1))
    assert len(kept.tune) == sum((np.array(each.parts) == "validate").sum() for each in told)
    fold = told[0]
    tune, test = (np.flatnonzero(np.array(fold.parts) == part) for part in ("validate", "test"))
    mine = fit_calibration(task.target, kept.tune[: len(tune)], fold.labels["label"][tune])
    np.testing.assert_allclose(fitted[test], mine.apply(task.target, kept.test[test]))


def test_a_suite_can_be_narrowed_to_some_models_and_seeds(data):
    suite = read_suite(data / "suite.yaml")
    some = suite.narrowed(["tiny, untrained"], 5)
    assert ([each.name for each in some.models], some.seeds, some.tasks) == (["tiny, untrained"], 5, suite.tasks)
    assert suite.narrowed() == suite
    with pytest.raises(ConfigError, match="has no model 'huge'"):
        suite.narrowed(["huge"])
