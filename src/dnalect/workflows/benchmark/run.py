"""A suite, run: jobs, one after the other or side by side -> figures, plots, page."""

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from dnalect.core.errors import ConfigError
from dnalect.core.figures import Figure, write_figures
from dnalect.evaluate.metrics import Scores, holm_corrected
from dnalect.evaluate.rivals.catalogue import rival
from dnalect.workflows.benchmark.jobs import Job, done
from dnalect.workflows.benchmark.learners import Places
from dnalect.workflows.benchmark.page import benchmark_page, main_metric
from dnalect.workflows.benchmark.suite import Suite, TaskSpec
from dnalect.workflows.benchmark.tasks import Task, open_task

Floats = npt.NDArray[np.float64]


def run_suite(
    suite: Suite, places: Places, out: Path, workers: int = 1, only: Sequence[str] = (), command: str = ""
) -> list[Figure]:
    """Compute what is missing, then write OUT/figures.tsv, plots and index.html, and return the figures.

    workers: processes, each with one thread. only: names of tasks, () for all; the table then
    holds these. Finished predictions are kept under `places.run`.
    """
    specs = [spec for spec in suite.tasks if not only or spec.name in only]
    if unknown := set(only) - {spec.name for spec in suite.tasks}:
        raise ConfigError(f"the suite {suite.name} has no task {sorted(unknown)[0]!r}")
    places.run.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    if workers > 1:
        _side_by_side(suite, specs, places, workers)
    figures, tasks = [], []
    bar = tqdm(specs, desc="tasks", disable=not sys.stderr.isatty())
    for spec in bar:
        task = open_task(spec, places.data)
        tasks.append(task)
        predictions = {
            job.who: done(job, task, seeds_of(suite, spec), places)
            for job in jobs_of(suite, spec, task.target.kind, places.motifs)
        }
        figures += _measured(suite, task, predictions)
    figures = [replace(each, command=command) for each in _corrected(suite, figures, tasks)]
    write_figures(out / "figures.tsv", figures)
    benchmark_page(suite, tasks, figures, out, command)
    return figures


def seeds_of(suite: Suite, spec: TaskSpec) -> int:
    """How many seeds a task has."""
    return spec.seeds or suite.seeds


def jobs_of(suite: Suite, spec: TaskSpec, kind: str, motifs: Path | None = None) -> list[Job]:
    """Return all models, then all rivals, of a task of this kind."""
    models = [Job(entry.name, entry) for entry in suite.models if not entry.only or spec.name in entry.only]
    rivals = []
    for name in suite.rivals:
        if name == "motifs" and motifs is None:
            raise ConfigError("the rival 'motifs' needs the suite to name a MEME file: motifs: FILE")
        chosen = rival(name, motifs)
        if kind in chosen.kinds:
            rivals.append(Job(chosen.name, None, name))
    return [*models, *rivals]


def _side_by_side(suite: Suite, specs: Sequence[TaskSpec], places: Places, workers: int) -> None:
    """Compute whole tasks in processes of their own; the first error of any is raised."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        asked = [pool.submit(_alone, suite, spec, places) for spec in specs]
        for future in tqdm(asked, desc="tasks", disable=not sys.stderr.isatty()):
            future.result()


def _alone(suite: Suite, spec: TaskSpec, places: Places) -> None:
    torch.set_num_threads(1)
    task = open_task(spec, places.data)
    for job in jobs_of(suite, spec, task.target.kind, places.motifs):
        done(job, task, seeds_of(suite, spec), places)


def _measured(suite: Suite, task: Task, predictions: dict[str, list[Floats]]) -> list[Figure]:
    """Every model and rival on one task; differences to every rival, and to a model's own untrained network."""
    truth = task.examples.labels[task.target.name][task.tested]
    scores = Scores(task.spec.name, "test", task.target, truth, task.units)
    for who, each in predictions.items():
        scores.add(who, [values[:, 0] if task.target.kind == "signal" else values for values in each])
    models = {entry.name: entry for entry in suite.models}
    rivals = [who for who in predictions if who not in models]
    out = []
    for who in predictions:
        against = list(rivals) if who in models else []
        if who in models and not models[who].untrained:
            against += [name for name in _untrained(suite, who) if name in predictions]
        out += scores.figures(who, against)
    return out


def _untrained(suite: Suite, who: str) -> list[str]:
    """Names of the entries that use the same network in the same way, untrained."""
    mine = next(entry for entry in suite.models if entry.name == who)
    return [
        each.name
        for each in suite.models
        if each.untrained and (each.model, each.method, each.pool) == (mine.model, mine.method, mine.pool)
    ]


def _corrected(suite: Suite, figures: Sequence[Figure], tasks: Sequence[Task]) -> list[Figure]:
    """Holm's correction over tasks, for every pair of a model and a rival, in each task's own metric."""
    metric = {task.spec.name: main_metric(task) for task in tasks}
    chosen = {n: f for n, f in enumerate(figures) if f.against and f.part == "test" and f.metric == metric[f.task]}
    pairs = sorted({(each.who, each.against) for each in chosen.values()})
    out = list(figures)
    for pair in pairs:
        at = [n for n, each in chosen.items() if (each.who, each.against) == pair]
        alike = [replace(figures[n], metric="main") for n in at]
        for n, each in zip(at, holm_corrected(alike, "main"), strict=True):
            out[n] = replace(each, metric=figures[n].metric)
    return out
