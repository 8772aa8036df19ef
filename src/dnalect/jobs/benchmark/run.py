"""A suite, run: jobs, one after the other or side by side -> figures, plots, page."""

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from dnalect.baselines.catalogue import rival
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.figures import Figure, write_figures
from dnalect.core.files import check_outputs, made_folder
from dnalect.core.reporter import track, using
from dnalect.core.runs import mapped
from dnalect.jobs.benchmark.jobs import Job, done
from dnalect.jobs.benchmark.learners import Folders
from dnalect.jobs.benchmark.options import Options
from dnalect.jobs.benchmark.page import PAGE, benchmark_page, main_metric, picture_of
from dnalect.jobs.benchmark.suite import Suite, TaskSpec, read_suite, untrained_of
from dnalect.jobs.benchmark.tasks import Task, open_task
from dnalect.models.precision import device_named, use_threads
from dnalect.stats.metrics import RESAMPLES, Scores, by_class, by_group, holm_corrected

Floats = npt.NDArray[np.float64]
# Items of a contig from which on it has a figure of its own.
ENOUGH = 20
TABLE = "figures.tsv"


def run_benchmark(options: Options) -> list[Figure]:
    """Run a suite from its file: see `run_suite`."""
    use_threads(options.threads)
    suite = read_suite(options.suite).narrowed(options.chosen, options.seeds)
    motifs = options.data / suite.motifs if suite.motifs else None
    run = options.run or options.out / "predictions"
    places = Folders(options.data, options.models, run, motifs, str(device_named(options.device)), options.dtype)
    return run_suite(suite, places, options.out, options.workers, options.only, options.command, options.suite)


def run_suite(
    suite: Suite,
    places: Folders,
    out: Path,
    workers: int = 1,
    only: Sequence[str] = (),
    command: str = "",
    file: Path | None = None,
) -> list[Figure]:
    """Compute what is missing, then write OUT/figures.tsv, plots and index.html, and return the figures.

    workers: processes, each with one thread. only: names of tasks, () for all; the table then
    holds these. Finished predictions are kept under `places.run`. file: that the suite was read
    from. Raises OutputError where an output would replace that, or a file of the tasks.
    """
    specs = [spec for spec in suite.tasks if not only or spec.name in only]
    if unknown := set(only) - {spec.name for spec in suite.tasks}:
        raise ConfigError(f"the suite {suite.name} has no task {sorted(unknown)[0]!r}")
    _check(suite, specs, places)
    made_folder(places.run)
    made_folder(out)
    needed = [places.data / each for spec in specs for each in (spec.data, spec.reference) if each]
    pictures = [picture_of(spec.name, out) for spec in specs]
    check_outputs([out / TABLE, out / PAGE, *pictures], [file, places.motifs, *needed])
    if workers > 1:
        _side_by_side(suite, specs, places, workers)
    figures, tasks = [], []
    for spec in track(specs, "tasks"):
        task = open_task(spec, places.data)
        tasks.append(task)
        figures += measured(suite, task, predictions(suite, task, places), resamples_of(len(specs)))
    figures = [replace(each, command=command) for each in _corrected(suite, figures, tasks)]
    write_figures(out / TABLE, figures)
    benchmark_page(suite, tasks, figures, out, command)
    return figures


def _check(suite: Suite, specs: Sequence[TaskSpec], places: Folders) -> None:
    """Raise for what would end a run of hours at its last task: missing files, names that don't fit each other."""
    needed = [(spec.name, each) for spec in specs for each in (spec.data, spec.reference) if each]
    missing = [(task, places.data / each) for task, each in needed if not (places.data / each).exists()]
    if missing:
        tasks = list(dict.fromkeys(task for task, _ in missing))
        more = f"; {len(tasks):,} of {len(specs):,} tasks lack files: {', '.join(tasks[:30])}" if len(tasks) > 1 else ""
        raise InputError(f"the task {missing[0][0]} needs {missing[0][1]}, which is missing{more}")
    if places.motifs is not None and not places.motifs.is_file():
        raise InputError(f"the suite {suite.name} needs the motifs {places.motifs}, which are missing")
    names = rivals_of(suite, places.motifs)
    if names and suite.against not in names:
        raise ConfigError(
            f"the suite {suite.name} compares with {suite.against!r} (against), which is none of its rivals: "
            f"{', '.join(names)}"
        )
    if taken := {entry.name for entry in suite.models} & set(names):
        raise ConfigError(f"the model {sorted(taken)[0]!r} has the name of a rival; give it another one")


def rivals_of(suite: Suite, motifs: Path | None = None) -> list[str]:
    """Return the names that the rivals of a suite have in its table."""
    if "motifs" in suite.rivals and motifs is None:
        raise ConfigError("the rival 'motifs' needs the suite to name a MEME file: motifs: FILE")
    return [rival(name, motifs).name for name in suite.rivals]


def resamples_of(tasks: int) -> int:
    """Return how many resamples a p-value needs that can hold after Holm's correction over so many tasks.

    The least p-value of R resamples is 2 / (R + 1): of 1,000 and 28 tasks, 0.056 after correction.
    """
    return max(RESAMPLES, 80 * tasks)


def seeds_of(suite: Suite, spec: TaskSpec) -> int:
    """How many seeds a task has."""
    return spec.seeds or suite.seeds


def jobs_of(suite: Suite, spec: TaskSpec, kind: str, motifs: Path | None = None) -> list[Job]:
    """Return all models, then all rivals, of a task of this kind."""
    models = [Job(entry.name, entry) for entry in suite.models if not entry.only or spec.name in entry.only]
    rivals = []
    for name in suite.rivals:
        if name == "motifs" and motifs is None:
            rivals_of(suite)
        chosen = rival(name, motifs)
        if kind in chosen.kinds:
            rivals.append(Job(chosen.name, None, name))
    return [*models, *rivals]


def _side_by_side(suite: Suite, specs: Sequence[TaskSpec], places: Folders, workers: int) -> None:
    """Compute whole tasks in processes of their own; the first error of any is raised."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for _ in track(mapped(partial(_alone, suite, places), specs, pool), "tasks", total=len(specs)):
            pass


def _alone(suite: Suite, places: Folders, spec: TaskSpec) -> None:
    torch.set_num_threads(1)
    with using(False):  # the bars of several processes would overwrite each other
        task = open_task(spec, places.data)
        predictions(suite, task, places)


def predictions(
    suite: Suite, task: Task, places: Folders, calibrated: bool = True, of_rivals: Task | None = None
) -> dict[str, list[Floats]]:
    """Return what every model, then every rival of a suite predicts of a task, computing what is not kept.

    Args:
        suite: Models, rivals and seeds; its own tasks are not read.
        task: What is learned from, and what is asked.
        places: Where data and models lie, and where predictions are kept.
        calibrated: On the validation part of each fold; not where small changes of a signal count, as its calibration
            has steps and ends.
        of_rivals: The task that rivals learn from in its place, with the same tested rows.

    Returns:
        Name in the table -> predictions (n, K) or (n, 1) of the tested rows, one array a seed.
    """
    jobs = jobs_of(suite, task.spec, task.target.kind, places.motifs)
    learned = [(job, (task if job.entry else of_rivals) or task) for job in jobs]
    seeds = seeds_of(suite, task.spec)
    return {job.who: done(job, mine, seeds, places, calibrated) for job, mine in track(learned, "models")}


def measured(
    suite: Suite, task: Task, predictions: dict[str, list[Floats]], resamples: int = RESAMPLES
) -> list[Figure]:
    """Every model and rival on one task; differences to every rival, and to a model's own untrained network.

    Then each by itself: the main metric of every contig with enough items, and, of more than two
    classes, AUROC and AUPRC of each class against the rest.
    """
    truth = task.examples.labels[task.target.name][task.tested]
    scores = Scores(task.spec.name, "test", task.target, truth, task.units, resamples)
    shaped = {
        who: [values[:, 0] if task.target.kind == "signal" else values for values in each]
        for who, each in predictions.items()
    }
    for who, each in shaped.items():
        scores.add(who, each)
    models = {entry.name: entry for entry in suite.models}
    rivals = [who for who in predictions if who not in models]
    out = []
    for who in predictions:
        against = list(rivals) if who in models else []
        if who in models and not models[who].untrained:
            against += [name for name in untrained_of(suite, who) if name in predictions]
        out += scores.figures(who, against)
    for who, each in shaped.items():
        out += _parts(task, who, each, truth)
    return out


def _parts(task: Task, who: str, predictions: list[Floats], truth: npt.NDArray[np.floating]) -> list[Figure]:
    """Figures of contigs and classes; with fewer resamples than those that are compared."""
    told = (task.spec.name, "test", who)
    out = []
    counts = Counter(np.array(task.examples.contigs, dtype=object)[task.tested].tolist())
    if len(counts) > 1 and "" not in counts:
        contigs = [task.examples.contigs[row] for row in task.tested.tolist()]
        rows = np.flatnonzero([counts[contig] >= ENOUGH for contig in contigs])
        some = [contigs[row] for row in rows.tolist()]
        mine = [each[rows] for each in predictions]
        found = by_group(*told, mine, task.target, truth[rows], some, task.units[rows], None, RESAMPLES)
        out += [each for each in found if each.metric == main_metric(task)]
    if task.target.kind == "classes" and len(task.target.outputs) > 2:
        out += by_class(*told, predictions, task.target, truth, task.units, None, RESAMPLES)
    return out


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
