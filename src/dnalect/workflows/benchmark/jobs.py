"""One model or rival on one task, all seeds and folds -> predictions, kept in files so that a killed run goes on."""

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.calibration import Calibration
from dnalect.core.errors import ConfigError
from dnalect.core.examples import Examples
from dnalect.core.files import write_durably, written_whole
from dnalect.evaluate.calibration import fit_calibration
from dnalect.evaluate.rivals.catalogue import rival
from dnalect.models.heads import Heads
from dnalect.models.pooled import Reading, read_states
from dnalect.models.predictor import own_unit, target_of
from dnalect.models.registry import Model, language_model, model_folder
from dnalect.models.untrained import untrained
from dnalect.training.answers import specs_of
from dnalect.training.frozen import fit_heads
from dnalect.training.tuning import TuneConfig
from dnalect.workflows.benchmark.suite import Entry
from dnalect.workflows.benchmark.tasks import Task
from dnalect.workflows.tuning.fit import checksum, fit

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Learn = Callable[[Examples, int], Floats]


@dataclass(frozen=True)
class Job:
    """who: name in the table. entry: a model; None for a rival of this name in the catalogue."""

    who: str
    entry: Entry | None
    rival: str = ""


@dataclass(frozen=True)
class Places:
    """Where things are, and how predictions are made.

    data: folder of tasks and genomes. models: that of model folders. run: of what is kept. motifs:
    MEME file. calibrated: predictions as calibrated on the validation part; not where small changes
    of a signal count, as its calibration has steps and ends.
    """

    data: Path
    models: Path
    run: Path
    motifs: Path | None = None
    device: str = "cpu"
    dtype: str = "float32"
    calibrated: bool = True


def done(job: Job, task: Task, seeds: int, places: Places) -> list[Floats]:
    """Return predictions (n, K) or (n, 1) of the task's tested rows, one array a seed, computing what is missing.

    What was kept for another model, other data or another config is computed anew.
    """
    folder = places.run / _safe(task.spec.name)
    folder.mkdir(parents=True, exist_ok=True)
    identity = _identity(job, task, places)
    out: list[Floats] = []
    learn: Learn | None = None
    for seed in range(1, seeds + 1):
        path = folder / f"{_safe(job.who)}.{seed}.npz"
        kept = _kept(path, identity)
        if kept is None:
            learn = learn or _learner(job, task, places)
            # As the file will give it back: a resumed run must end at the same figures.
            kept = _predicted(learn, task, seed).astype(np.float32).astype(np.float64)
            _keep(path, kept, identity)
        out.append(kept)
    return out


def _predicted(learn: Learn, task: Task, seed: int) -> Floats:
    """Return the predictions of the tested rows, each made when it was held out."""
    width = 1 if task.target.kind == "signal" else len(task.target.outputs)
    found = np.full((len(task.examples), width), np.nan)
    for examples in task.folds(seed):
        rows = np.flatnonzero(np.array(examples.parts) == "test")
        found[rows] = np.asarray(learn(examples, seed)).reshape(len(rows), width)
    return found[task.tested]


def _learner(job: Job, task: Task, places: Places) -> Learn:
    if job.entry is None:
        chosen = rival(job.rival, places.motifs, places.device)

        def rival_learns(examples: Examples, seed: int) -> Floats:
            train, tune, test = _parts(examples)
            return chosen.fit_predict(train, tune, test.sequences, task.target, seed)

        return rival_learns
    entry = job.entry
    config = _config(entry, task)
    if entry.method == "probe":
        return _probe(entry, task, config, places)

    def tuned(examples: Examples, seed: int) -> Floats:
        torch.manual_seed(seed)
        # Weights that learn are kept in float32; a cheaper precision is an option of the fine-tuning.
        base = _model(entry, replace(places, dtype="float32"), seed)
        with tempfile.TemporaryDirectory(dir=places.run) as name:
            fitted = fit(base, examples, replace(config, seed=seed), Path(name))
        given = fitted.predictor.predict(_parts(examples)[2].sequences, calibrated=places.calibrated)
        return given[task.target.name].astype(np.float64)

    return tuned


def _probe(entry: Entry, task: Task, config: TuneConfig, places: Places) -> Learn:
    """Heads on states that are computed once for all seeds and folds, or once a seed of an untrained network."""
    states: dict[int, Singles] = {}

    def learn(examples: Examples, seed: int) -> Floats:
        key = seed if entry.untrained else 0
        if key not in states:
            states.clear()
            states[key] = _states(entry, config, examples, places, seed)
        parts = np.array(examples.parts)
        train, tune, test = (np.flatnonzero(parts == part) for part in ("train", "validate", "test"))
        some = {part: examples.take(rows) for part, rows in (("train", train), ("validate", tune))}
        heads = Heads(states[key].shape[1], specs_of(some["train"]))
        x = states[key]
        fit_heads(heads, (x[train], some["train"].labels), (x[tune], some["validate"].labels), config.class_weights)
        target = task.target
        with torch.inference_mode():
            raw = [heads(target.name, torch.from_numpy(x[rows])).numpy() for rows in (tune, test)]
        told, asked = (own_unit(heads.specs[target.name], each) for each in raw)
        calibration = Calibration()
        if places.calibrated:
            truth = some["validate"].labels[target.name]
            calibration = fit_calibration(target_of(heads.specs[target.name]), told, truth)
        return calibration.apply(target, asked).reshape(len(asked), -1)

    return learn


def _states(entry: Entry, config: TuneConfig, examples: Examples, places: Places, seed: int) -> Singles:
    """Return the states (n, P) of all sequences, from a file where another task of the same sequences left them."""
    told = [_weights(Path(model_folder(_folder(entry, places)))), seed if entry.untrained else 0, places.dtype]
    told += [json.dumps(asdict(config.reading), sort_keys=True), *examples.sequences]
    path = places.run / "states" / f"{hashlib.sha256(chr(10).join(map(str, told)).encode()).hexdigest()[:32]}.npy"
    if path.is_file():
        return np.asarray(np.load(path), dtype=np.float32)
    base = _model(entry, places, seed)
    found = read_states(base, config.reading, examples.sequences, quiet=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Another process may write the same states at the same time.
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.save(file, found)
    return found


def _model(entry: Entry, places: Places, seed: int) -> Model:
    model = language_model(_folder(entry, places), places.device, places.dtype)
    return untrained(model, seed) if entry.untrained else model


def _folder(entry: Entry, places: Places) -> str:
    inside = places.models / entry.model
    return str(inside) if inside.is_dir() else entry.model


def _config(entry: Entry, task: Task) -> TuneConfig:
    strands = 2 if task.spec.both_strands else 1
    reading = Reading(entry.pool, entry.layer, strands)
    options = dict(entry.options)
    try:
        return TuneConfig(method=entry.method, reading=reading, reverse_complement=strands == 2, **options)
    except TypeError as error:
        raise ConfigError(f"{entry.name}, options: {str(error).replace('TuneConfig.__init__() ', '')}") from error


def _parts(examples: Examples) -> tuple[Examples, Examples, Examples]:
    parts = np.array(examples.parts)
    train, tune, test = (examples.take(parts == part) for part in ("train", "validate", "test"))
    return train, tune, test


def _identity(job: Job, task: Task, places: Places) -> str:
    """All that a prediction depends on."""
    told: dict[str, object] = {"data": checksum(task.examples), "task": asdict(task.spec) | {"published": ()}}
    if job.entry is None:
        told["rival"] = job.rival
    else:
        told["entry"] = asdict(job.entry) | {"only": ()}
        told["model"] = _weights(Path(model_folder(_folder(job.entry, places))))
        told["dtype"] = places.dtype if job.entry.method == "probe" else "float32"
        if job.entry.method != "probe":
            told["config"] = asdict(_config(job.entry, task))
        if not places.calibrated:
            told["calibrated"] = False
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _weights(folder: Path) -> str:
    card = folder / "card.json"
    return str(json.loads(card.read_text(encoding="utf-8"))["sha256"]) if card.is_file() else folder.name


def _kept(path: Path, identity: str) -> Floats | None:
    if not path.is_file():
        return None
    with np.load(path) as file:
        return np.asarray(file["predictions"], dtype=np.float64) if str(file["identity"]) == identity else None


def _keep(path: Path, predictions: Floats, identity: str) -> None:
    with tempfile.TemporaryFile() as file:
        np.savez_compressed(file, predictions=predictions.astype(np.float32), identity=identity)
        file.seek(0)
        write_durably(path, file.read())


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
