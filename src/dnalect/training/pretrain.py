"""Pretraining: a network learns from the windows of a corpus, by the loss of its recipe."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dnalect.core.errors import ConfigError, ModelError
from dnalect.training.ahead import drawn_ahead
from dnalect.training.checkpoint import Identity, read_checkpoint
from dnalect.training.config import OptimConfig, PretrainConfig
from dnalect.training.corpus import Batch, Corpus
from dnalect.training.course import Checks, Course, Home, TrainState, warm_up_and_decay
from dnalect.training.engine import engine_for
from dnalect.training.loop import fit
from dnalect.training.objectives import Losses
from dnalect.training.optim import build
from dnalect.training.ranks import Ranks

Loss = Callable[[nn.Module, Batch, torch.device], Tensor | Losses]
Check = Callable[[nn.Module], dict[str, float]]
# Threads that draw batches while an accelerator computes.
DRAWERS = 4


def train(
    network: nn.Module,
    corpus: Corpus,
    loss: Loss,
    check: Check,
    config: PretrainConfig,
    folder: Path,
    data: Mapping[str, str],
) -> TrainState:
    """Train `network` in place and return where it ended, with the last validation figures.

    folder: takes log.jsonl and checkpoint.pt; a run found there goes on: see `fit`. data: what it
    learns from -> checksum. `loss` gives the mean loss in nats a base; that of each further
    objective goes into the log as `train_loss_NAME`. check: gives `validation_bits`, and more.
    """
    optim = config.optim
    device = next(network.parameters()).device
    share = warm_up_and_decay(optim.steps, optim.warmup, optim.final_rate)

    compiled(network, optim, device)
    engine = engine_for(network, optim.sharding)
    parts = parts_of(optim, engine.ranks)
    mine = range(engine.ranks.rank * optim.accumulate, (engine.ranks.rank + 1) * optim.accumulate)

    def batches(step: int) -> Iterator[list[Batch]]:
        # A processor that computes has no core to spare for drawing ahead.
        drawers = 0 if device.type == "cpu" else DRAWERS
        drawn = drawn_ahead(corpus.draw, range(step, optim.steps), drawers)
        return ([batch.part(number, parts) for number in mine] for batch in drawn)

    return fit(
        network,
        batches,
        lambda batch: loss(network, batch, device),
        Course(build(network, optim), optim.steps, share, optim.clip, optim.precision, optim.average, engine),
        Checks(partial(_uncompiled, check), optim.check_every),
        Home(folder, identity_of(config, data), optim.save_every, _Log(optim, corpus, share)),
    )


def parts_of(optim: OptimConfig, ranks: Ranks) -> int:
    """Return into how many parts a batch is cut. Raises ConfigError where it has too few windows."""
    parts = ranks.size * optim.accumulate
    if parts > optim.batch:
        raise ConfigError(
            f"optim.batch ({optim.batch}) is the batch of all {ranks.size} processes together, each of which computes "
            f"{optim.accumulate} parts: make it {parts} at least"
        )
    return parts


def compiled(network: nn.Module, optim: OptimConfig, device: torch.device) -> None:
    """Let a network be compiled at its first forward, once, where the config wants that and the device is a GPU."""
    if optim.compile and device.type == "cuda" and network._compiled_call_impl is None:
        network.compile(dynamic=False)


def _uncompiled(check: Check, network: nn.Module) -> dict[str, float]:
    """Check without compiling for the few windows of another number."""
    with torch.compiler.set_stance("force_eager"):
        return check(network)


class _Log:
    """Bits in training and in validation."""

    what = "training"

    def __init__(self, optim: OptimConfig, corpus: Corpus, share: Callable[[int], float]):
        self.optim, self.corpus, self.share = optim, corpus, share

    def entry(self, at: TrainState) -> dict[str, Any]:
        """Return what log.jsonl has of a check."""
        others = {f"train_loss_{name}": total / count for name, (total, count) in sorted(at.others.items())}
        rate = self.optim.learning_rate * self.share(at.step - 1)
        ends = {"seconds": round(at.seconds, 1), "passes": round(at.step / self.corpus.steps_a_pass, 3)}
        return {"train_bits": at.loss / math.log(2), **others, "rate": rate, **at.figures, **ends}

    def words(self, at: TrainState) -> str:
        """Return the bits."""
        return f"{at.loss / math.log(2):.4f} bits in training, {at.figures['validation_bits']:.4f} in validation"

    def facts(self, at: TrainState) -> dict[str, str]:
        """Return the bits in validation."""
        return {"bits": f"{at.figures['validation_bits']:.4f}"}

    def speed(self, steps: float) -> str:
        """Return bases a second."""
        return f"{round(steps * self.optim.batch * self.corpus.window):,} bases a second"


def identity_of(config: PretrainConfig, data: Mapping[str, str]) -> Identity:
    """All that was chosen; what stands at its default is left out, so that a new field changes no old run.

    How the work is cut is no part of it: a run may go on with another number of processes.
    """
    record = _chosen(replace(config, optim=replace(config.optim, accumulate=1, sharding="none")))
    record.pop("card", None)
    record["model"] = _chosen(config.model)
    record |= {"family": config.family} if config.family != "duplex" else {}
    return Identity(json.dumps(record, sort_keys=True), data)


def _chosen(config: Any) -> Any:
    if is_dataclass(config):
        values = {f.name: (getattr(config, f.name), f) for f in fields(config)}
        return {name: _chosen(value) for name, (value, f) in values.items() if not _is_default(value, f)}
    return [_chosen(each) for each in config] if isinstance(config, tuple) else config


def _is_default(value: Any, told: Field[Any]) -> bool:
    if told.default_factory is not MISSING:
        return bool(value == told.default_factory())
    return bool(value == told.default)


def finished(folder: Path, config: PretrainConfig, data: Mapping[str, str]) -> bool:
    """Whether a folder holds the finished model of this very run.

    Raises ModelError where it holds another finished model, which is never overwritten.
    """
    if not (folder / "card.json").exists():
        return False
    state, identity = read_checkpoint(folder), identity_of(config, data)
    if state is None or state["config"] != identity.config or state["at"].get("step", 0) < config.optim.steps:
        raise ModelError(
            f"{folder} holds a finished model, of another config or without its checkpoint; give another output "
            "folder, or remove it"
        )
    identity.check(folder, state)
    return True
