"""One model or rival on one task, all seeds and folds -> predictions, kept in files so that a killed run goes on."""

import fcntl
import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.calibration import Calibration
from dnalect.core.examples import Examples
from dnalect.core.files import sha256, written_whole
from dnalect.jobs.benchmark.learners import (
    Floats,
    Learn,
    Outputs,
    Places,
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


def done(job: Job, task: Task, seeds: int, places: Places, calibrated: bool = True) -> list[Floats]:
    """Return predictions (n, K) or (n, 1) of the task's tested rows, one array a seed, computing what is missing.

    What was kept for another model, other data or another config is computed anew. calibrated: on
    the validation part of each fold; not where small changes of a signal count, as its calibration
    has steps and ends.
    """
    folder = places.run / safe(task.spec.name)
    folder.mkdir(parents=True, exist_ok=True)
    identity = _identity(job, task, places)
    out: list[Floats] = []
    learn: Learn | None = None
    for seed in range(1, seeds + 1):
        path = folder / f"{safe(job.who)}.{seed}.npz"
        with _turn(path):
            kept = _kept(path, identity, job.entry is not None)
            if kept is None:
                if learn is None:
                    learn = _learner(job, task, places)
                # As the file will give it back: a resumed run must end at the same figures.
                kept = _keep(path, _learnt(learn, task, seed), identity)
        out.append(_predicted(kept, task, seed, calibrated))
    return out


def _learner(job: Job, task: Task, places: Places) -> Learn:
    return model_learner(job.entry, task, places) if job.entry else rival_learner(job.rival, task, places)


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Wait while another process computes the same file; a process that is killed gives its turn away."""
    with path.with_name(f".{path.name}.lock").open("w") as file:
        # Some network file systems have no locks: there two processes do the same work twice.
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


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


def _identity(job: Job, task: Task, places: Places) -> str:
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


def _kept(path: Path, identity: str, of_model: bool) -> Outputs | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as opened, np.load(opened) as file:
            if str(file["identity"]) != identity or (of_model and "tune" not in file):
                return None
            each = {name: file[name].astype(np.float64) for name in ("predictions", "tune") if name in file}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        # Cut short, by a full disk for one: it is computed anew.
        return None
    return Outputs(each["predictions"], each.get("tune"))


def _keep(path: Path, outputs: Outputs, identity: str) -> Outputs:
    """Write outputs, and return them as they were written, in single precision."""
    each = {"predictions": outputs.test.astype(np.float32)}
    if outputs.tune is not None:
        each["tune"] = outputs.tune.astype(np.float32)
    # Another process may keep the same outputs at the same time.
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, identity=np.array(identity), **each)  # type: ignore[arg-type]
    rounded = {name: one.astype(np.float64) for name, one in each.items()}
    return Outputs(rounded["predictions"], rounded.get("tune"))
