"""One model or rival on one task, all seeds and folds -> predictions, kept in files so that a killed run goes on."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from dnalect.core.calibration import Calibration
from dnalect.core.examples import Examples
from dnalect.core.files import sha256
from dnalect.core.runs import Run, packed, unpacked
from dnalect.jobs.benchmark.learners import (
    Floats,
    Folders,
    Learn,
    Outputs,
    config_of,
    model_learner,
    rival_learner,
    weights_of,
)
from dnalect.jobs.benchmark.suite import Entry, safe
from dnalect.jobs.benchmark.tasks import Task
from dnalect.jobs.tuning.fit import checksum
from dnalect.stats.calibration import fit_calibration


@dataclass(frozen=True)
class Job:
    """who: name in the table. entry: a model; None for a rival of this name in the catalogue."""

    who: str
    entry: Entry | None
    rival: str = ""


def done(job: Job, task: Task, seeds: int, places: Folders, calibrated: bool = True) -> list[Floats]:
    """Return predictions (n, K) or (n, 1) of the task's tested rows, one array a seed, computing what is missing.

    What was kept for another model, other data or another config is computed anew. calibrated: on
    the validation part of each fold; not where small changes of a signal count, as its calibration
    has steps and ends.
    """
    run = Run(places.run / safe(task.spec.name), _identity(job, task, places))
    learner = cache(lambda: _learner(job, task, places))
    names = {seed: f"{safe(job.who)}.{seed}" for seed in range(1, seeds + 1)}
    kept = run.map(lambda seed: _packed(_learnt(learner(), task, seed)), names, names.__getitem__)
    return [_predicted(_unpacked(data), task, seed, calibrated) for seed, data in kept]


def _learner(job: Job, task: Task, places: Folders) -> Learn:
    return model_learner(job.entry, task, places) if job.entry else rival_learner(job.rival, task, places)


def _learnt(learn: Learn, task: Task, seed: int) -> Outputs:
    """Return outputs of the tested rows, each made when it was held out, and of all validation parts in turn."""
    width = 1 if task.target.kind == "signal" else len(task.target.outputs)
    found = np.full((len(task.examples), width), np.nan)
    tune = []
    for examples in task.folds(seed):
        outputs = learn(examples, seed)
        found[_rows(examples, "test")] = outputs.test
        if outputs.tune is not None:
            tune.append(outputs.tune)
    return Outputs(found[task.tested], np.concatenate(tune) if tune else None)


def _predicted(kept: Outputs, task: Task, seed: int, calibrated: bool) -> Floats:
    """Return predictions of the tested rows: outputs are calibrated on the validation part of their fold."""
    if kept.tune is None:
        return kept.test
    found = np.full((len(task.examples), kept.test.shape[1]), np.nan)
    found[task.tested] = kept.test
    at = 0
    for examples in task.folds(seed):
        rows, tune = _rows(examples, "test"), _rows(examples, "validate")
        told = kept.tune[at : at + len(tune)]
        at += len(tune)
        calibration = Calibration()
        if calibrated:
            calibration = fit_calibration(task.target, told, examples.labels[task.target.name][tune])
        found[rows] = calibration.apply(task.target, found[rows])
    return found[task.tested]


def _rows(examples: Examples, part: str) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.array(examples.parts) == part)


def _identity(job: Job, task: Task, places: Folders) -> str:
    """All that outputs depend on."""
    told: dict[str, object] = {"data": checksum(task.examples), "task": asdict(task.spec) | {"published": ()}}
    if task.groups is not None:
        told["groups"] = hashlib.sha256(np.ascontiguousarray(task.groups).tobytes()).hexdigest()
    if job.entry is None:
        told["rival"] = job.rival
        if job.rival == "motifs" and places.motifs is not None:
            told["motifs"] = sha256(places.motifs)
    else:
        told["entry"] = asdict(job.entry) | {"only": ()}
        told["model"] = weights_of(job.entry, places)
        told["dtype"] = places.dtype if job.entry.method == "probe" else "float32"
        if job.entry.method != "probe":
            told["config"] = asdict(config_of(job.entry, task))
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _packed(outputs: Outputs) -> bytes:
    """Outputs in single precision: a resumed run must end at the same figures, so nobody gets them otherwise."""
    each = {"predictions": outputs.test} | ({} if outputs.tune is None else {"tune": outputs.tune})
    return packed({name: one.astype(np.float32) for name, one in each.items()})


def _unpacked(data: bytes) -> Outputs:
    each = {name: one.astype(np.float64) for name, one in unpacked(data).items()}
    return Outputs(each["predictions"], each.get("tune"))
