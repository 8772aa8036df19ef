"""Yeast promoters: learn measured expression of random ones, predict changes along measured mutation trajectories.

Vaishnav 2022: 110 bases (17 and 13 of them constant), expression in defined medium without uracil.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.core import Examples, Figure, Target
from dnalect.examples import split
from dnalect.jobs import Task, TaskSpec
from dnalect.stats import Draws, Scores, among_first, estimate
from studies.data import file_of

FOLDER = "tasks/yeast_promoters"
RANDOM, STEPS = "vaishnav2022_Random_defined.csv.gz", "vaishnav2022_SSWM_defined.csv.gz"
TARGET = Target("expression", "signal", ("expression",))
CHANGE = Target("change of expression", "signal", ("change",))
GROUP = ("trajOpt", "trajDir", "baseSeq")
# A doubling of expression, in its log2 units, counts as an effect.
EFFECT = 1.0
FIRST = 50
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trajectories:
    """Steps of designed trajectories.

    sequences (n,). expression (n,): measured. published (n,): what the authors' model predicted.
    group (n,): of 637 trajectories. start (n,): the row of the first sequence of its trajectory.
    distance (n,): mutations from there.
    """

    sequences: tuple[str, ...]
    expression: Floats
    published: Floats
    group: Numbers
    start: Numbers
    distance: Numbers

    @property
    def moved(self) -> Numbers:
        """Rows that are not the start of their trajectory."""
        return np.flatnonzero(self.start != np.arange(len(self.start)))

    def change(self, values: Floats) -> Floats:
        """Return how much a value (n,) changes from the start, of the rows of `moved`."""
        return np.asarray(values[self.moved] - values[self.start[self.moved]], dtype=np.float64)


def read_trajectories(data: Path) -> Trajectories:
    """Read the steps, ordered by trajectory. Raises InputError where the file is missing."""
    import pandas

    path = file_of(data, f"{FOLDER}/{STEPS}")
    table = pandas.read_csv(path, low_memory=False).sort_values([*GROUP, "ED"], kind="stable").reset_index(drop=True)
    group = table.groupby(list(GROUP), sort=False).ngroup().to_numpy()
    first = np.unique(group, return_index=True)[1]
    start = first[group]
    distance = (table["ED"] - table["ED"].to_numpy()[start]).to_numpy().astype(np.int64)
    measured, published = (table[name].to_numpy(dtype=np.float64) for name in ("meanEL", "edvPred"))
    places = group.astype(np.int64), start.astype(np.int64)
    return Trajectories(tuple(table["seq110"]), measured, published, *places, distance)


def expression_task(
    data: Path, steps: Trajectories, extra: Sequence[str] = (), seed: int = 1, also: Path | None = None
) -> Task:
    """Return the task: random promoters to train and validate on, and to test; then all steps; then `extra`.

    Random promoters that are a step, too, are left out. What is to be predicted beside the
    random test promoters has no label. also: a table of more promoters to train on, see `_more`.
    """
    from dnalect.examples import read_examples

    path = data / FOLDER / RANDOM
    known = read_examples(path, labels=("meanEL",), sequence="seq110")
    met = set(steps.sequences)
    known = known.take([row for row, text in enumerate(known.sequences) if text not in met])
    known = split(known, "random", seed=seed)
    more = _more(also, known, met) if also else known.take([])
    asked = [*steps.sequences, *extra]
    labels = np.concatenate(
        [known.labels["meanEL"][:, 0], np.full(len(asked), np.nan), *(each[:, 0] for each in more.labels.values())]
    )
    examples = Examples.of([*known.sequences, *asked, *more.sequences], [TARGET], {TARGET.name: labels})
    examples = replace(examples, parts=(*known.parts, *["test"] * len(asked), *["train"] * len(more)))
    return Task(TaskSpec("yeast expression", FOLDER, metric="Pearson"), examples, None, None)


def _more(path: Path, known: Examples, met: Collection[str]) -> Examples:
    """Return promoters of another experiment, columns `sequence` and `expression`, that are none of those at hand.

    Its unit need not be the same: mean and spread are set to those of the training part of `known`.
    """
    from dnalect.examples import read_examples

    found = read_examples(path, labels=("expression",), kind="signal")
    here = set(known.sequences).union(met)
    found = found.take([row for row, text in enumerate(found.sequences) if text not in here])
    values = found.labels["expression"]
    if not len(values) or not values.std() > 0:
        raise InputError(f"{path} has no promoters of unlike expression beside those at hand")
    wanted = known.labels["meanEL"][np.array(known.parts) == "train"]
    scaled = (values - values.mean()) / values.std() * wanted.std() + wanted.mean()
    return replace(found, labels={"expression": scaled.astype(np.float32)})


def trajectory_figures(
    task: Task, steps: Trajectories, predictions: Mapping[str, Sequence[Floats]], rivals: Sequence[str]
) -> list[Figure]:
    """Return the figures of everybody, by seed where there are several.

    Parts: "random promoters" (expression itself), "trajectories" (the change from the start),
    "first step" (of one mutation), and "50 largest" (of the first steps with the largest predicted
    change, how many changed by a doubling or more; against a random choice).
    predictions: who -> one array a seed, of the tested rows of the task; NaN for random promoters
    where nobody was asked. rivals: whose differences are given.
    """
    count = len(task.tested) - _asked(task)
    truth = task.examples.labels[TARGET.name][task.tested][:count]
    scores = {"random promoters": Scores(TARGET.name, "random promoters", TARGET, truth)}
    changes = steps.change(steps.expression)
    units = steps.group[steps.moved]
    single = steps.distance[steps.moved] == 1
    scores["trajectories"] = Scores(CHANGE.name, "trajectories", CHANGE, changes, units)
    scores["first step"] = Scores(CHANGE.name, "first step", CHANGE, changes[single], units[single])
    given = {who: [np.asarray(one, dtype=np.float64).ravel() for one in each] for who, each in predictions.items()}
    size = len(steps.sequences)
    for who, each in given.items():
        if np.isfinite(each[0][:count]).all():
            scores["random promoters"].add(who, [one[:count] for one in each])
        moved = [steps.change(one[count : count + size]) for one in each]
        scores["trajectories"].add(who, moved)
        scores["first step"].add(who, [one[single] for one in moved])
    out = []
    for each_scores in scores.values():
        for who in (who for who in given if who in each_scores.known):
            out += each_scores.figures(who, [rival for rival in rivals if rival != who])
    for who, each in given.items():
        moved = [steps.change(one[count : count + size])[single] for one in each]
        out.append(_hits(who, moved, changes[single], units[single]))
    return out


def _asked(task: Task) -> int:
    """How many tested rows have no label."""
    return int(np.isnan(task.examples.labels[TARGET.name][task.tested]).sum())


def _hits(who: str, changes: Sequence[Floats], truth: Floats, units: Numbers) -> Figure:
    """Of the steps with the largest predicted change, the share with a measured effect, minus that of all steps."""
    effect = np.abs(truth) >= EFFECT
    draws = Draws.of(units)
    drawn = draws.counts[:, draws.units].astype(np.float64)
    samples = np.mean([among_first(np.abs(change), effect, drawn, FIRST) for change in changes], axis=0)
    return Figure(
        task=CHANGE.name,
        part=f"{FIRST} largest",
        who=who,
        metric="share with an effect",
        n=FIRST,
        value=estimate(samples),
        against="random choice",
        difference=estimate(samples - draws.mean(effect)),
    )
