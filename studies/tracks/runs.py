"""The runs: each trains one network and keeps what it says of the test bins, so that none is made twice."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect import load
from dnalect.core import say
from dnalect.jobs import TrackParts, answers_of, fit_tracks, flat
from dnalect.training import TuneConfig
from studies.tracks.options import Tracks

PRETRAINED, RANDOM = "pretrained", "from random weights"
ARMS = (PRETRAINED, RANDOM)
# Peak learning rates of the trunk, the usual one first: what is trained anew learns faster.
RATES = {PRETRAINED: (3e-4, 1e-3), RANDOM: (1e-3, 3e-4)}
# Passes over the windows, at most, by arm, and windows a step, by the share of the data that is learned from.
PASSES = {1.0: (6, 10), 0.1: (20, 30), 0.01: (60, 80)}
BATCHES = {1.0: 64, 0.1: 32, 0.01: 16}
PATIENCE = 8
# Of all data, so many seeds.
FEW = 2
KEPT = "runs.jsonl"
MODEL = "model"


@dataclass(frozen=True)
class Run:
    """share: of the training windows, drawn by the seed. rate: peak learning rate of the trunk."""

    share: float
    arm: str
    seed: int
    rate: float

    @property
    def key(self) -> str:
        return f"{self.share:g}/{self.arm}/{self.seed}/{self.rate:g}"


Facts = dict[str, Any]


def made(options: Tracks, parts: TrackParts) -> dict[str, Facts]:
    """Make the runs that are not there yet, as far as the limit lets, and return the facts of all by their keys."""
    begun, known = time.monotonic(), kept(options.out)
    for run in _planned(options, known):
        if options.limit is not None and time.monotonic() - begun > options.limit:
            say(f"the limit of {options.limit:g} seconds is over: left out from {run.key} on")
            break
        known[run.key] = _made(run, options, parts)
    return known


def kept(out: Path) -> dict[str, Facts]:
    """Return the facts of the runs that a folder holds."""
    path = out / KEPT
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {each["key"]: each for each in map(json.loads, lines)}


def _planned(options: Tracks, known: dict[str, Facts]) -> Iterator[Run]:
    """Yield the runs that are missing, what matters most first: the usual rates, more seeds, then the other rates."""
    first, *others = options.seeds
    shares = sorted(options.shares)
    some = [share for share in shares if share < 1]
    runs = [Run(share, arm, first, RATES[arm][0]) for share in shares for arm in ARMS]
    runs += [Run(share, arm, seed, RATES[arm][0]) for seed in others[:1] for share in some for arm in ARMS]
    runs += [Run(share, arm, first, rate) for share in some for arm in ARMS for rate in RATES[arm][1:]]
    for number, seed in enumerate(others, 2):
        more = shares if number <= FEW else some
        runs += [Run(share, arm, seed, RATES[arm][0]) for share in more for arm in ARMS]
    yield from (run for run in dict.fromkeys(runs) if run.key not in known)


def _made(run: Run, options: Tracks, parts: TrackParts) -> Facts:
    say(f"run {run.key}")
    begun = time.monotonic()
    base = load(options.model, options.device)
    if run.arm == RANDOM:
        base = base.untrained(run.seed)
    train = parts.windows["train"].sample(run.share, run.seed)
    config = TuneConfig(
        method="full",
        epochs=options.passes or PASSES.get(run.share, (20, 30))[ARMS.index(run.arm)],
        batch=min(len(train), options.batch or BATCHES.get(run.share, 32)),
        rate=run.rate,
        patience=PATIENCE,
        warm=False,
        seed=run.seed,
        precision={"float32": "fp32", "bfloat16": "bf16"}[options.dtype],
    )
    folder = options.out / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    validate = parts.windows["validate"].sample(options.looked, 0)
    model, facts = fit_tracks(base, train, validate, config, folder, {"run": run.key}, MODEL)
    test = parts.windows["test"]
    said = flat(answers_of(model, test.texts(np.arange(len(test)))))
    _keep(options.out, run, said)
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    told = {"key": run.key, **asdict(run), "windows": len(train), **facts, "log": log}
    told["seconds"] = round(time.monotonic() - begun, 1)
    with (options.out / KEPT).open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
    if run.share == 1 and run.arm == PRETRAINED and not (options.out / MODEL).exists():
        model.save(options.out / MODEL)
    shutil.rmtree(folder)
    say(f"run {run.key}: {facts['steps']} steps, validation {facts['validation']:.4f}, {told['seconds']} seconds")
    return told


def _file(out: Path, share: float) -> Path:
    return out / f"said-{share:g}.npz"


def _keep(out: Path, run: Run, said: npt.NDArray[np.float32]) -> None:
    """Put the answers of a run beside those of its share."""
    path = _file(out, run.share)
    arrays = dict(np.load(path)) if path.is_file() else {}
    arrays[run.key.replace("/", "|")] = said.astype(np.float16)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path)


def said_of(out: Path, facts: Facts) -> npt.NDArray[np.float32]:
    """Return what a run said of the test bins (n, K)."""
    with np.load(_file(out, facts["share"])) as file:
        return np.asarray(file[facts["key"].replace("/", "|")], dtype=np.float32)
