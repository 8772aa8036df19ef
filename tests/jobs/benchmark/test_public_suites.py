"""The suites of published benchmarks: readable, and run on small folders that are laid out as the published ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnalect.core.errors import InputError
from dnalect.jobs.benchmark.learners import Folders
from dnalect.jobs.benchmark.run import run_suite
from dnalect.jobs.benchmark.suite import Entry, Published, TaskSpec, read_suite
from dnalect.jobs.benchmark.tasks import open_task
from dnalect.stats.draws import Draws
from dnalect.stats.measures import class_measures
from examples.layouts import gue, intervals, reference, sequences, transformer, windows

SUITES = Path(__file__).parents[3] / "configs" / "benchmarks"
PUBLIC = {"gue": 28, "genomic-benchmarks": 9, "nt-tasks": 18, "nt-tasks-original": 18}
CLASSES = ("negative", "positive")


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_suite_is_readable(path):
    suite = read_suite(path)
    assert suite.tasks
    assert PUBLIC.get(path.stem, len(suite.tasks)) == len(suite.tasks)


@pytest.mark.parametrize("name", PUBLIC)
def test_published_numbers_are_in_metrics_that_are_measured_here_and_have_a_source(name):
    draws = Draws.of(np.arange(4), 2, 0)
    measured = class_measures(np.array([[0.1, 0.9], [0.8, 0.2]] * 2), np.array([1, 0, 1, 0]), draws)
    for task in read_suite(SUITES / f"{name}.yaml").tasks:
        told = [(one.who, one.metric) for one in task.published]
        assert len(set(told)) == len(told)
        for one in task.published:
            assert one.metric in measured
            assert 0 < one.value < 1
            assert one.source
            assert one.differs


def test_strands_are_read_together_only_where_the_label_does_not_depend_on_them():
    one = {"prom", "spli", "covi", "demo_coding_vs_intergenomic_seqs", "human_nontata_promoters"}
    for name in PUBLIC:
        for task in read_suite(SUITES / f"{name}.yaml").tasks:
            assert task.both_strands == (task.name not in one and task.name[:4] not in one), task.name


def small(name, only, model_folder):
    """Some tasks of a suite, with a tiny model and one seed."""
    suite = read_suite(SUITES / f"{name}.yaml")
    models = (Entry("tiny", str(model_folder)),)
    tasks = tuple(task for task in suite.tasks if task.name in only)
    assert len(tasks) == len(only)
    return replace(suite, models=models, seeds=1, tasks=tasks)


def run(suite, data):
    figures = run_suite(suite, Folders(data, data, data / "run"), data / "out")
    value = {(each.task, each.who, each.metric): each.value.mean for each in figures if each.part == "test"}
    return value, (data / "out" / "index.html").read_text()


def test_gue_runs_as_it_is_downloaded(tmp_path, model_folder):
    gue(tmp_path / "GUE" / "EMP" / "H3", windows(120))
    gue(tmp_path / "GUE" / "splice" / "reconstructed", windows(120, classes=3))
    value, page = run(small("gue", ("EMP H3", "splice"), model_folder), tmp_path)
    assert value["EMP H3", "words of 3-6", "MCC"] > 0.5
    assert value["splice", "GC and length", "MCC"] > 0.3
    assert np.isfinite(value["EMP H3", "tiny", "AUROC"])
    assert "DNABERT-2, published" in page
    assert "0.914" in page
    assert "Feng 2025, doi 10.1038/s41467-025-65823-8, table 3" in page


def test_genomic_benchmarks_run_as_they_are_downloaded(tmp_path, model_folder):
    sequences(tmp_path / "human_enhancers_cohn", windows(120), CLASSES)
    value, page = run(small("genomic-benchmarks", ("human_enhancers_cohn",), model_folder), tmp_path)
    assert value["human_enhancers_cohn", "GC and length", "MCC"] > 0.5
    # Published in accuracy and AUROC, compared here by MCC: ours stand beside theirs in all three.
    assert all(f'<th class="r">{name} [95%]</th>' in page for name in ("MCC", "AUROC", "accuracy"))
    assert f"{value['human_enhancers_cohn', 'GC and length', 'accuracy']:.3f}" in page
    assert "HyenaDNA 0.742, CNN (Grešová 2023) 0.695" in page
    assert "taken out of train, clusters kept together" in page


def test_genomic_benchmarks_run_from_the_repository_with_a_reference(tmp_path, model_folder):
    intervals(tmp_path / "human_ocr_ensembl", windows(120), CLASSES)
    reference(tmp_path / "genomes" / "yeast.fa")
    suite = small("genomic-benchmarks", ("human_ocr_ensembl",), model_folder)
    with pytest.raises(InputError, match="name that genome as the reference"):
        run(suite, tmp_path)
    suite = replace(suite, tasks=(replace(suite.tasks[0], reference="genomes/yeast.fa"),))
    value, _ = run(suite, tmp_path)
    assert value["human_ocr_ensembl", "words of 3-6", "MCC"] > 0.5


def test_nucleotide_transformer_tasks_run_as_they_are_downloaded(tmp_path, model_folder):
    transformer(tmp_path / "H2AFZ", windows(120))
    value, _ = run(small("nt-tasks", ("H2AFZ",), model_folder), tmp_path)
    assert value["H2AFZ", "words of 3-6", "MCC"] > 0.5
    other = tmp_path / "original"
    transformer(other / "promoter_tata", windows(120), ("fna",))
    value, page = run(small("nt-tasks-original", ("promoter_tata",), model_folder), other)
    assert np.isfinite(value["promoter_tata", "tiny", "MCC"])
    assert "LDARNet, published" in page


def test_test_windows_on_the_bases_of_training_windows_are_dropped(tmp_path):
    rows = windows(120, size=60, step=50)
    task = open_task(TaskSpec("H2AFZ", "H2AFZ"), transformer(tmp_path / "H2AFZ", rows).parent)
    parts = np.array(task.examples.parts)
    taken = {base for row in np.flatnonzero(parts != "test") for base in range(*span(task.examples, row))}
    assert not any(taken & set(range(*span(task.examples, row))) for row in np.flatnonzero(parts == "test"))
    assert task.audit is not None
    assert task.audit.rows


def span(examples, row):
    return int(examples.starts[row]), int(examples.ends[row])


@pytest.mark.parametrize(("gone", "message"), [("train", "has no train part"), ("test", "has no test part")])
def test_a_task_without_one_of_its_parts_says_which(tmp_path, gone, message):
    folder = gue(tmp_path / "GUE" / "EMP" / "H3", windows(60))
    (folder / f"{gone}.csv").unlink()
    spec = read_suite(SUITES / "gue.yaml").tasks[0]
    there = " ".join(f"{each}.csv," for each in ("dev", "test", "train") if each != gone).rstrip(",")
    with pytest.raises(InputError, match=rf"the task EMP H3 {message}: .*H3 holds {there}; copy what is missing"):
        open_task(spec, tmp_path)
    assert open_task(replace(spec, split="folds"), tmp_path).groups is not None


def test_validation_is_carved_out_of_train_the_same_way_every_time(tmp_path):
    folder = sequences(tmp_path / "x", windows(120), CLASSES)
    one, other = (open_task(TaskSpec("x", "x"), folder.parent).examples for _ in range(2))
    assert one.parts == other.parts
    assert set(one.parts) == {"train", "validate", "test"}


@pytest.mark.slow
def test_a_published_metric_that_is_not_measured_here_has_a_column_of_its_own(tmp_path, model_folder):
    gue(tmp_path / "GUE" / "EMP" / "H4", windows(120))
    suite = small("gue", ("EMP H4",), model_folder)
    odd = Published("Somebody", "F2", 0.4321, "a paper")
    value, page = run(replace(suite, tasks=(replace(suite.tasks[0], published=(odd,), curve="EMP"),)), tmp_path)
    assert np.isfinite(value["EMP H4", "tiny", "MCC"])
    assert "F2" in page
    assert "0.432" in page
    assert "EMP: how few labels?" in page
