"""One model or rival learns one fold of a task -> what it gives for the test part."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from dnalect.baselines.catalogue import rival
from dnalect.core.examples import Examples
from dnalect.core.files import sha256
from dnalect.core.runs import Run, packed, unpacked
from dnalect.inference.embed import read_states
from dnalect.inference.predictions import raw_predictions
from dnalect.jobs.benchmark.suite import Entry
from dnalect.jobs.benchmark.tasks import Task
from dnalect.jobs.tuning.fit import checksum, fit
from dnalect.models.heads import Heads
from dnalect.models.load import language_model, model_folder
from dnalect.models.model import Model
from dnalect.models.predictor import own_unit
from dnalect.training.frozen import fit_heads
from dnalect.training.specs import specs_of
from dnalect.training.tuning import TuneConfig

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Folders:
    """data: folder of tasks and genomes. models: that of model folders. run: of what is kept. motifs: MEME file."""

    data: Path
    models: Path
    run: Path
    motifs: Path | None = None
    device: str = "cpu"
    dtype: str = "float32"


@dataclass(frozen=True)
class Outputs:
    """test (n, K): logits or values of a model, the predictions of a rival. tune (m, K): the same of the validation
    part, on which those of the test part are calibrated; None where they are predictions already.
    """

    test: Floats
    tune: Floats | None = None


Learn = Callable[[Examples, int], Outputs]


def rival_learner(name: str, task: Task, places: Folders) -> Learn:
    """Return how a rival of the catalogue learns."""
    chosen = rival(name, places.motifs, places.device)

    def learn(examples: Examples, seed: int) -> Outputs:
        train, tune, test = (_part(examples, part) for part in ("train", "validate", "test"))
        return Outputs(_table(chosen.fit_predict(train, tune, test.sequences, task.target, seed), len(test)))

    return learn


def model_learner(entry: Entry, task: Task, places: Folders) -> Learn:
    """Return how a model learns by the method of its entry."""
    config = config_of(entry, task)
    if entry.method == "probe" and not config.pools:
        return _probe(entry, task, config, places)

    def learn(examples: Examples, seed: int) -> Outputs:
        mine = replace(config, seed=seed)
        told = [weights_of(entry, places), json.dumps(asdict(mine), sort_keys=True), checksum(examples), str(entry)]
        folder = places.run / "unfinished" / _digest(told)
        folder.mkdir(parents=True, exist_ok=True)
        # Weights that learn are kept in float32; a cheaper precision is an option of the fine-tuning.
        fitted = fit(_model(entry, replace(places, dtype="float32"), seed), examples, mine, folder)
        tune, test = (
            raw_predictions(fitted.predictor, _part(examples, part).sequences)[task.target.name].astype(np.float64)
            for part in ("validate", "test")
        )
        shutil.rmtree(folder)
        return Outputs(test, tune)

    return learn


def _probe(entry: Entry, task: Task, config: TuneConfig, places: Folders) -> Learn:
    """Heads on states that are computed once for all seeds and folds, or once a seed of an untrained network."""
    states: dict[int, Singles] = {}

    def learn(examples: Examples, seed: int) -> Outputs:
        key = seed if entry.untrained else 0
        if key not in states:
            states.clear()
            states[key] = _states(entry, config, examples, places, seed)
        parts, x, name = np.array(examples.parts), states[key], task.target.name
        train, tune, test = (np.flatnonzero(parts == part) for part in ("train", "validate", "test"))
        some = {part: examples.take(rows) for part, rows in (("train", train), ("validate", tune))}
        heads = Heads(x.shape[1], specs_of(some["train"]))
        fit_heads(heads, (x[train], some["train"].labels), (x[tune], some["validate"].labels), config.class_weights)
        with torch.inference_mode():
            raw = [heads(name, torch.from_numpy(x[rows])).numpy() for rows in (test, tune)]
        return Outputs(*(own_unit(heads.specs[name], each).astype(np.float64) for each in raw))

    return learn


def _states(entry: Entry, config: TuneConfig, examples: Examples, places: Folders, seed: int) -> Singles:
    """Return the states (n, P) of all sequences, from a file where another task of the same sequences left them."""
    told = [weights_of(entry, places), seed if entry.untrained else 0, places.dtype]
    told += [json.dumps(asdict(config.reading), sort_keys=True), *examples.sequences]

    def read() -> bytes:
        states = read_states(_model(entry, places, seed), config.reading, examples.sequences, quiet=False)
        return packed({"states": states})

    data = Run(places.run / "states", "states").piece(_digest(told), read)
    return np.asarray(unpacked(data)["states"], dtype=np.float32)


def config_of(entry: Entry, task: Task) -> TuneConfig:
    """Return how an entry learns a task. Raises ConfigError for an unknown option."""
    return entry.tuned(2 if task.spec.both_strands else 1)


def weights_of(entry: Entry, places: Folders) -> str:
    """Return the checksum of a model's weights: that of its card, or of all files of a folder without one."""
    folder = Path(model_folder(_folder(entry, places)))
    card = folder / "card.json"
    return str(json.loads(card.read_text(encoding="utf-8"))["sha256"]) if card.is_file() else _of_files(folder)


@cache
def _of_files(folder: Path) -> str:
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    return _digest([f"{each.relative_to(folder)} {sha256(each)}" for each in files])


def _model(entry: Entry, places: Folders, seed: int) -> Model:
    model = language_model(_folder(entry, places), places.device, places.dtype)
    return model.untrained(seed) if entry.untrained else model


def _folder(entry: Entry, places: Folders) -> str:
    inside = places.models / entry.model
    return str(inside) if inside.is_dir() else entry.model


def _part(examples: Examples, part: str) -> Examples:
    return examples.take(np.array(examples.parts) == part)


def _table(values: npt.NDArray[np.floating], rows: int) -> Floats:
    return np.asarray(values, dtype=np.float64).reshape(rows, -1)


def _digest(told: Sequence[object]) -> str:
    return hashlib.sha256("\n".join(map(str, told)).encode()).hexdigest()[:32]
