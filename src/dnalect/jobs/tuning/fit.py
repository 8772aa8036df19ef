"""A language model and labelled parts -> a predictor, by any method."""

import json
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.errors import InputError, ModelError
from dnalect.core.examples import Examples
from dnalect.inference.embed import read_states
from dnalect.inference.predictions import fused, raw_predictions, states_beside
from dnalect.models.card import PREDICTOR, Card
from dnalect.models.fusion import Beside, Fusion
from dnalect.models.heads import Heads
from dnalect.models.model import Model
from dnalect.models.pooled import Pooled
from dnalect.models.precision import autocast
from dnalect.models.predictor import Predictions, Predictor, target_of
from dnalect.stats.calibration import fit_calibration
from dnalect.stats.draws import Draws
from dnalect.stats.measures import binary_measures, class_measures, signal_measures
from dnalect.training.finetune import finetune
from dnalect.training.frozen import fit_heads
from dnalect.training.ranks import ranks
from dnalect.training.specs import specs_of
from dnalect.training.tuning import TuneConfig

Singles = npt.NDArray[np.float32]
# What training stops on: how well validation items are ranked, which moves more smoothly than any threshold's figure.
JUDGES = {"classes": "AUROC", "tracks": "AUROC", "signal": "Pearson"}


@dataclass(frozen=True)
class Fitted:
    """predictor: calibrated. facts: steps, times and validation figure, for the card.

    kept_probe: no step of the training was better than the probe that it began with.
    """

    predictor: Predictor
    facts: dict[str, Any]
    kept_probe: bool = False


def fit(base: Model, examples: Examples, config: TuneConfig, folder: Path, beside: Beside | None = None) -> Fitted:
    """Tune a model on the part `train`, stop and calibrate on `validate`.

    base: changed in place by "full". folder: takes checkpoint and log; it must exist. A run
    that was cut short goes on. beside: how the signals of the examples are read, None for the sequences alone. Raises
    InputError where a part is empty, ModelError where the folder holds an unfinished run of another kind.
    """
    train, tune = (examples.take(np.array(examples.parts) == part) for part in ("train", "validate"))
    if not len(train) or not len(tune):
        raise InputError("fine-tuning needs sequences to train and to validate on; see the rules of --split")
    for target in examples.targets:
        if not np.isfinite(tune.labels[target.name]).any():
            raise InputError(f"no sequence of the validation part has a label for {target.name}; split them otherwise")
    tried = tried_pools(base, train, tune, config)
    if tried:
        config = replace(config, pools=(), reading=replace(config.reading, pool=max(tried, key=tried.__getitem__)))
    if beside is not None:
        return _fused(base, train, tune, config, folder, beside, checksum(examples))
    pooled = _pooled(base, train, config)
    facts: dict[str, Any]
    if config.method == "probe":
        if (folder / "checkpoint.pt").exists():
            raise ModelError(f"{folder} holds an unfinished run of another method; give another folder, or remove it")
        fit_probe(pooled, train, tune, config.class_weights)
        facts = {"validation": validation_figure(pooled, tune)}
    else:
        cheaply = autocast(base.device, config.precision)
        if config.warm and not (folder / "checkpoint.pt").exists():
            with cheaply:
                fit_probe(pooled, train, tune, config.class_weights)
        identity = {"the model": base.card.sha256, "the labelled sequences": checksum(examples)}
        facts = finetune(pooled, train, cheaply(partial(validation_figure, tune=tune)), config, folder, identity)
    if tried:
        facts |= {"pool": config.reading.pool, "pools": {pool: round(figure, 4) for pool, figure in tried.items()}}
    return _calibrated(pooled, tune, config, facts)


def tuned_predictor(base: Model, examples: Examples, config: TuneConfig, beside: Beside | None = None) -> Predictor:
    """Tune a model on the part `train` and return it as a predictor: `fit`, which keeps nothing of the run.

    base: a language model, changed in place by "lora" and "full": load it anew for anything else.
    """
    with TemporaryDirectory() as folder:
        return fit(base, examples, config, Path(folder), beside).predictor


def _calibrated(pooled: Pooled, tune: Examples, config: TuneConfig, facts: dict[str, Any]) -> Fitted:
    predictor = Predictor(_bare_card(pooled.base.card, config), pooled)
    raw = raw_predictions(predictor, tune.sequences, signals=tune.signals)
    calibration = {
        name: fit_calibration(target_of(spec), raw[name], tune.labels[name])
        for name, spec in predictor.can.targets.items()
    }
    kept = config.method != "probe" and config.warm and facts["best_step"] == 0
    return Fitted(Predictor(predictor.card, pooled, calibration), facts, kept)


def _fused(
    base: Model, train: Examples, tune: Examples, config: TuneConfig, folder: Path, beside: Beside, data: str
) -> Fitted:
    """Fuse on frozen states, which is all that "probe" does; then let the network learn, too."""
    probe = config.method == "probe"
    identity = {
        "the model": base.card.sha256,
        "the labelled sequences": data,
        "the signals": json.dumps(asdict(beside), sort_keys=True),
    }
    with autocast(base.device, config.precision):
        states = [states_beside(base, config.reading, each.sequences, beside, quiet=False) for each in (train, tune)]
    pairs = (train, states[0]), (tune, states[1])
    if probe or (config.warm and not (folder / "checkpoint.pt").exists()):
        pooled, facts = fuse(base, *pairs, config, beside, folder if probe else None, identity)
    else:
        pooled, facts = _joined(base, pairs[0], config, beside), {}
    if not probe:
        judge = autocast(base.device, config.precision)(partial(validation_figure, tune=tune))
        facts = finetune(pooled, train, judge, config, folder, identity)
    return _calibrated(pooled, tune, config, facts)


def fuse(
    base: Model,
    train: tuple[Examples, Singles],
    tune: tuple[Examples, Singles],
    config: TuneConfig,
    beside: Beside,
    folder: Path | None = None,
    identity: dict[str, str] | None = None,
) -> tuple[Pooled, dict[str, Any]]:
    """Learn to join pooled states with the signals of examples; the language model stays as it is.

    train, tune: examples with signals, and what `states_beside` reads of them (n, P); of the weights those that rank
    `tune` best are kept. folder: takes checkpoint and log, see `finetune`. Returns the model, and facts of the run.
    """
    pooled = _joined(base, train, config, beside)
    facts = finetune(
        pooled,
        train[0],
        lambda now: figure_of(now, fused(now, tune[1], tune[0].signals), tune[0]),
        replace(config, method="probe", warm=False),
        folder,
        identity or {},
        train[1],
    )
    return pooled, facts


def _joined(base: Model, train: tuple[Examples, Singles], config: TuneConfig, beside: Beside) -> Pooled:
    examples, states = train
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        fusion = Fusion(beside, states.shape[1]).to(base.device)
        heads = Heads(fusion.out_width, specs_of(examples)).to(base.device)
    fusion.standardise(torch.from_numpy(states).to(base.device))
    return Pooled(base, heads, config.reading, fusion)


def tried_pools(base: Model, train: Examples, tune: Examples, config: TuneConfig) -> dict[str, float]:
    """Return, for each pooling to choose among, the validation figure of a probe."""
    found = {}
    for pool in config.pools:
        pooled = _pooled(base, train, replace(config, reading=replace(config.reading, pool=pool)))
        with autocast(base.device, config.precision):
            fit_probe(pooled, train, tune, config.class_weights)
        found[pool] = validation_figure(pooled, tune)
    # What is decided by them must be decided alike.
    return ranks().of_first(found)


def fit_probe(pooled: Pooled, train: Examples, tune: Examples, balanced: bool = False) -> None:
    """Fit all heads on the frozen states of `train`: see `fit_heads`."""
    read = partial(read_states, pooled.base, pooled.reading, quiet=False)
    fit_heads(
        pooled.heads, (read(train.sequences), train.labels), (read(tune.sequences), tune.labels), balanced=balanced
    )


def _pooled(base: Model, train: Examples, config: TuneConfig) -> Pooled:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        heads = Heads(config.reading.width(base.can.width), specs_of(train)).to(base.device)
    return Pooled(base, heads, config.reading)


def validation_figure(pooled: Pooled, tune: Examples) -> float:
    """Return the mean over targets of how well items are ranked: AUROC of classes and tracks, Pearson of signals."""
    predictor = Predictor(_bare_card(pooled.base.card, None), pooled)
    return figure_of(pooled, raw_predictions(predictor, tune.sequences, signals=tune.signals), tune)


def figure_of(pooled: Pooled, raw: Predictions, tune: Examples) -> float:
    """Return the mean over targets of how well raw predictions rank items."""
    return float(np.mean([_figure(pooled.heads.specs[name].kind, raw, name, tune) for name in raw]))


def _figure(kind: str, raw: Predictions, name: str, tune: Examples) -> float:
    truth, given = tune.labels[name], raw[name].astype(np.float64)
    whole = Draws.of(np.arange(len(truth)), 0)
    values = []
    for column in range(truth.shape[1]):
        known = np.isfinite(truth[:, column])
        mine, draws = truth[known, column], whole.take(known)
        if kind == "classes":
            odds = np.exp(given[known] - np.logaddexp.reduce(given[known], axis=1, keepdims=True))
            found = class_measures(odds, mine.astype(np.int64), draws)
        elif kind == "tracks":
            found = binary_measures(given[known, column], mine > 0.5, draws)
        else:
            found = signal_measures(given[known, 0], mine.astype(np.float64), draws)
        values.append(found[JUDGES[kind]][0])
    # What can't be told (one class, a constant prediction) is as good as chance.
    return float(np.mean(np.nan_to_num(values, nan=0.0)))


def checksum(examples: Examples) -> str:
    """Return the hex SHA-256 of sequences, labels, parts, and signals where there are some."""
    digest = sha256()
    for sequence, part in zip(examples.sequences, examples.parts, strict=True):
        digest.update(f"{sequence}\t{part}\n".encode())
    for name in sorted(examples.labels):
        digest.update(name.encode() + np.ascontiguousarray(examples.labels[name]).tobytes())
    if examples.signals is not None:
        digest.update(np.ascontiguousarray(examples.signals).tobytes())
    return digest.hexdigest()


def _bare_card(base: Card, config: TuneConfig | None) -> Card:
    """A card for a predictor that has no folder yet."""
    told = asdict(config) if config else {}
    return replace(base, family=PREDICTOR, config=told, heads={}, figures={})
