"""The case study in yeast on small made-up files in the layout of the real ones, where the right answer is known."""

import numpy as np
import pandas
import pytest

from dnalect.core.errors import InputError
from dnalect.jobs.benchmark.learners import Folders
from dnalect.jobs.benchmark.suite import Entry, Suite, TaskSpec
from studies.cases.expression import PUBLISHED, run_expression
from studies.cases.natural import LEFT, RIGHT, Natural, natural_figures
from studies.cases.trajectories import expression_task, read_trajectories, trajectory_figures

LETTERS = np.array(list("ACGT"))


def expression_of(text):
    """What the made-up promoters express: their G."""
    return 6 + 0.3 * text.count("G")


@pytest.fixture
def promoters(tmp_path):
    rng = np.random.default_rng(1)
    folder = tmp_path / "tasks/yeast_promoters"
    folder.mkdir(parents=True)
    texts = [LEFT + "".join(rng.choice(LETTERS, 80)) + RIGHT for _ in range(150)]
    random = pandas.DataFrame({"seq110": texts, "meanEL": [expression_of(t) + rng.normal() * 0.1 for t in texts]})
    random.to_csv(folder / "vaishnav2022_Random_defined.csv.gz")
    rows = []
    for base in range(12):
        text = list(LEFT + "".join(rng.choice(LETTERS, 80)) + RIGHT)
        for distance in range(4):
            joined = "".join(text)
            rows.append((joined, expression_of(joined), expression_of(joined), "max", base, float(distance), "SCUra"))
            at = 20 + 7 * distance
            text[at] = "G" if text[at] != "G" else "C"
    names = ["seq110", "meanEL", "edvPred", "trajDir", "baseSeq", "ED", "trajOpt"]
    steps = pandas.DataFrame(rows, columns=names).sample(frac=1, random_state=3)
    steps.to_csv(folder / "vaishnav2022_SSWM_defined.csv.gz")
    return tmp_path


def suite(model):
    tasks = (TaskSpec("yeast expression", "tasks/yeast_promoters"),)
    entry = Entry("tiny", str(model), "probe", pool="mean")
    return Suite("case", (entry,), tasks, rivals=("words-one-strand", "composition"), seeds=1, about="made up")


def test_changes_are_counted_from_the_start_of_each_trajectory(promoters):
    steps = read_trajectories(promoters)
    assert len(steps.sequences) == 48
    assert len(steps.moved) == 36
    assert set(steps.distance[steps.start]) == {0}
    wanted = [steps.expression[row] - steps.expression[steps.start[row]] for row in steps.moved]
    assert np.allclose(steps.change(steps.expression), wanted)
    one = steps.group == steps.group[0]
    assert sorted(steps.distance[one]) == [0, 1, 2, 3]


def test_promoters_that_are_steps_too_are_not_learned_from(promoters):
    steps = read_trajectories(promoters)
    path = promoters / "tasks/yeast_promoters/vaishnav2022_Random_defined.csv.gz"
    table = pandas.read_csv(path, index_col=0)
    table.loc[len(table)] = [steps.sequences[3], 9.0]
    table.to_csv(path)
    task = expression_task(promoters, steps)
    learned = [t for t, part in zip(task.examples.sequences, task.examples.parts, strict=True) if part == "train"]
    assert steps.sequences[3] not in learned
    assert len(task.examples) == 150 + 48


def test_more_promoters_are_learned_from_in_the_unit_of_the_others(promoters):
    steps = read_trajectories(promoters)
    plain = expression_task(promoters, steps)
    trained = [row for row, part in enumerate(plain.examples.parts) if part == "train"]
    tested = [plain.examples.sequences[row] for row in plain.tested]
    rng = np.random.default_rng(5)
    new = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(40)]
    table = pandas.DataFrame({"sequence": [*new, steps.sequences[3], tested[0]]})
    table["expression"] = 1e3 * np.arange(len(table))
    table.to_csv(promoters / "more.csv", index=False)
    task = expression_task(promoters, steps, ["ACGT" * 10], also=promoters / "more.csv")
    assert [task.examples.sequences[row] for row in task.tested] == [*tested, "ACGT" * 10]
    learned = [row for row, part in enumerate(task.examples.parts) if part == "train"]
    assert [task.examples.sequences[row] for row in learned[len(trained) :]] == new
    values = task.examples.labels["expression"][learned, 0]
    before, after = values[: len(trained)], values[len(trained) :]
    assert np.isclose(after.mean(), before.mean(), rtol=1e-4)
    assert np.isclose(after.std(), before.std(), rtol=1e-4)
    assert (np.diff(after) > 0).all()
    table[-2:].to_csv(promoters / "more.csv", index=False)
    with pytest.raises(InputError, match="no promoters of unlike expression"):
        expression_task(promoters, steps, also=promoters / "more.csv")


def test_figures_of_a_perfect_predictor_and_of_noise(promoters):
    steps = read_trajectories(promoters)
    task = expression_task(promoters, steps)
    rng = np.random.default_rng(0)
    texts = [task.examples.sequences[row] for row in task.tested]
    perfect = np.array([expression_of(text) for text in texts])
    given = {"perfect": [perfect], "noise": [rng.normal(size=len(texts))]}
    figures = trajectory_figures(task, steps, given, ["noise"])
    kept = {(each.part, each.who, each.metric): each for each in figures}
    assert kept["trajectories", "perfect", "Pearson"].value.mean == pytest.approx(1)
    assert kept["trajectories", "perfect", "Pearson"].difference.low > 0
    assert kept["random promoters", "perfect", "Pearson"].value.mean > 0.9
    assert kept["first step", "noise", "Pearson"].value.low < 0.3


def test_the_whole_case_runs_and_says_where_the_model_loses(promoters, model_folder):
    places = Folders(promoters, promoters, promoters / "run")
    figures = run_expression(suite(model_folder), places, promoters / "out", natural=0)
    found = {(each.part, each.who, each.metric) for each in figures}
    assert ("trajectories", "tiny", "Pearson") in found
    assert ("trajectories", PUBLISHED, "Pearson") in found
    assert ("random promoters", PUBLISHED, "Pearson") not in found
    text = (promoters / "out" / "index.html").read_text()
    assert "words of 3-6, one strand" in text
    assert (promoters / "out" / "trajectories.png").is_file()
    again = run_expression(suite(model_folder), places, promoters / "out", natural=0)
    assert [each.cells() for each in again] == [each.cells() for each in figures]


@pytest.mark.slow
def test_rivals_may_learn_from_what_the_models_know(promoters, model_folder):
    rng = np.random.default_rng(6)
    texts = ["".join(rng.choice(LETTERS, 80)) for _ in range(300)]
    table = pandas.DataFrame({"sequence": texts, "expression": [expression_of(text) for text in texts]})
    table.to_csv(promoters / "more.csv", index=False)
    places = Folders(promoters, promoters, promoters / "run")
    found = []
    for more in (None, promoters / "more.csv"):
        figures = run_expression(suite(model_folder), places, promoters / "out", 0, rivals_also=more)
        kept = {(each.part, each.who): each.value.mean for each in figures if each.metric == "Pearson"}
        found.append([kept["trajectories", who] for who in ("tiny", "words of 3-6, one strand")])
    (model, words), (same, better) = found
    assert same == model
    assert better > words


def test_large_effects_that_stay_rare_are_seen():
    rng = np.random.default_rng(2)
    count = 400
    rare = np.arange(count) % 2 == 0
    natural = Natural(
        contig=np.zeros(count, dtype=np.int64),
        position=np.arange(count) * 5_000,
        kind=np.ones(count, dtype=np.int64),
        count=np.where(rare, 1, 500),
        frequency=np.where(rare, 0.001, 0.4),
        sequences=(),
    )
    expression = rng.normal(size=(count, 4))
    expression[:, 1] = expression[:, 0] + np.where(rare, 3, 0.1)
    expression[:, 3] = expression[:, 2] - np.where(rare, 3, 0.1)
    effect = natural.effect(expression.ravel())
    assert np.allclose(effect, np.where(rare, 3, 0.1))
    figures = natural_figures(natural, {"model": [effect], "noise": [rng.normal(size=count)]})
    kept = {(each.who, each.metric): each.value for each in figures}
    assert kept["model", "AUROC"].mean == 1
    assert kept["model", "Spearman with frequency"].high < 0
    assert abs(kept["noise", "AUROC"].mean - 0.5) < 0.1


def test_missing_files_are_named(tmp_path):
    with pytest.raises(InputError, match="which is missing"):
        read_trajectories(tmp_path)
