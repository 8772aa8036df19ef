"""Fine-tuning: a network and heads learn from labels, by LoRA or in full, and stop when validation says so."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.examples import Examples
from dnalect.core.reporter import say
from dnalect.models.lora import add_lora
from dnalect.models.pooled import Pooled
from dnalect.models.precision import computes_bf16
from dnalect.tokens.bases import opposite
from dnalect.training.checkpoint import Identity
from dnalect.training.course import Checks, Course, Home, TrainState, warm_up_and_decay
from dnalect.training.engine import engine_for
from dnalect.training.loop import fit
from dnalect.training.objectives import mean_loss
from dnalect.training.ranks import ranks
from dnalect.training.tuning import TuneConfig

Judge = Callable[[Pooled], float]
Part_ = TypeVar("Part_")
Singles = npt.NDArray[np.float32]
# What stands above the network and begins at random.
_ABOVE = ("heads.", "fusion.")


def finetune(
    pooled: Pooled,
    train: Examples,
    judge: Judge,
    config: TuneConfig,
    folder: Path | None,
    data: Mapping[str, str],
    states: Singles | None = None,
) -> dict[str, Any]:
    """Train in place, end at the weights that were best on validation data, and return what the card says of the run.

    judge: the validation figure, the higher the better, of the model as it stands. folder: takes
    log.jsonl and checkpoint.pt; a run found there goes on: see `fit`; None for neither. data: what it learns from ->
    checksum. states: pooled states (n, P) of the sequences, where the network stays as it is and what is built on it
    learns alone. `lora` freezes the network and adds the updates. All that differs from run to run is in
    the entry `times`. Raises ModelError where layers are fetched for their turn.
    """
    if states is None and any(each.is_meta for each in pooled.network.parameters()):
        raise ModelError(
            f"the layers of this model do not all fit into memory, and {config.method} needs them there: "
            "--method probe does not, nor a smaller --dtype"
        )
    torch.manual_seed(config.seed)
    if states is None and config.method == "lora":
        add_lora(pooled.network, config.lora)
    a_pass = max(1, len(train) // config.batch)
    batches = _Batches(pooled, train, a_pass, config, states)
    with _frozen(pooled.network) if states is not None else nullcontext():
        return learned(pooled, batches, a_pass, lambda: judge(pooled), config, folder, data)


class Batches(Protocol[Part_]):
    """What a network learns from, and what its errors there cost. count: items of a pass."""

    count: int

    def after(self, step: int) -> Iterator[Iterator[Part_]]:
        """Return the batches after so many steps, in parts."""
        ...

    def loss(self, part: Part_) -> Tensor:
        """Return what a part adds to the loss of its batch."""
        ...


def learned(
    network: Any,
    batches: Batches[Any],
    a_pass: int,
    judge: Callable[[], float],
    config: TuneConfig,
    folder: Path | None,
    data: Mapping[str, str],
    least: int = 1,
) -> dict[str, Any]:
    """Train a network with `base` and `heads` in place: see `finetune`.

    a_pass: its steps. judge: of the network as it is then. least: steps between two checks, where a pass has fewer.
    """
    steps, every = config.epochs * a_pass, max(least, a_pass // config.checks)
    say(_first_line(network.base.device, batches.count, config, steps))
    home = None
    if folder is not None:
        home = Home(
            folder, Identity(json.dumps(asdict(config), sort_keys=True), data), every, _Log(a_pass, config.batch)
        )
    engine = engine_for(network)
    parts, least_rows = engine.ranks.size * config.accumulate, min(config.batch, batches.count)
    if parts > least_rows and engine.ranks.size > 1:
        raise ConfigError(
            f"a batch of {least_rows} sequences is too small for {engine.ranks.size} processes of {config.accumulate} "
            f"parts each: make it {parts} at least, or start fewer processes"
        )
    at = fit(
        network,
        batches.after,
        batches.loss,
        Course(
            [_optimizer(network, config)],
            steps,
            warm_up_and_decay(steps, int(config.warmup * steps)),
            config.clip,
            config.precision,
            engine=engine,
        ),
        Checks(lambda _: {"validation": judge()}, every, "validation", config.patience, config.warm),
        home,
    )
    times = {"seconds": round(at.seconds, 1)}
    return {"steps": at.step, "best_step": at.best_step, "validation": at.best, "times": times}


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Leave the weights of a network as they are."""
    learning = [each for each in network.parameters() if each.requires_grad]
    network.requires_grad_(False)
    try:
        yield
    finally:
        for each in learning:
            each.requires_grad = True


class _Log:
    """Loss in training, and the validation figure."""

    what = "fine-tuning"

    def __init__(self, a_pass: int, batch: int):
        self.a_pass, self.batch = a_pass, batch

    def entry(self, at: TrainState) -> dict[str, Any]:
        """Return what log.jsonl has of a check."""
        told = {"epoch": round(at.step / self.a_pass, 2), "loss": at.loss, **at.figures}
        return told | {"seconds": round(at.seconds, 1)}

    def words(self, at: TrainState) -> str:
        """Return loss, figure and the best figure."""
        figure = at.figures["validation"]
        return f"loss {at.loss:.4f} in training, {figure:.4f} in validation (best {at.best:.4f})"

    def facts(self, at: TrainState) -> dict[str, str]:
        """Return the figure and the best one."""
        return {"validation": f"{at.figures['validation']:.4f}", "best": f"{at.best:.4f}"}

    def speed(self, steps: float) -> str:
        """Return sequences a second."""
        return f"{steps * self.batch:,.3g} sequences a second"


def _first_line(device: torch.device, count: int, config: TuneConfig, steps: int) -> str:
    half = config.precision == "bf16" and computes_bf16(device)
    where = f"{device}, {torch.get_num_threads()} threads" if device.type == "cpu" else str(device)
    processes = f"{now.size} processes, " if (now := ranks()).size > 1 else ""
    return (
        f"{config.method}: {count:,} sequences to learn from, at most {steps:,} steps of {config.batch}, on "
        f"{where}, {processes}in {'bf16' if half else 'fp32'}"
    )


def _optimizer(network: nn.Module, config: TuneConfig) -> torch.optim.Optimizer:
    learned = {name: p for name, p in network.named_parameters() if p.requires_grad}
    groups = []
    for heads in (True, False):
        for matrix in (True, False):
            params = [p for n, p in learned.items() if n.startswith(_ABOVE) == heads and (p.ndim > 1) == matrix]
            decay = config.weight_decay if matrix else 0.0
            if params:
                peak = config.head_peak if heads else config.peak
                groups.append({"params": params, "weight_decay": decay, "lr": peak})
    return torch.optim.AdamW(groups, config.head_peak, (0.9, 0.98))


@dataclass(frozen=True, eq=False)
class _Part:
    """Some rows of a batch. given: texts, or their pooled states. known: labels of each head in the whole batch."""

    given: list[str] | Tensor
    signals: Singles | None
    labels: dict[str, Tensor]
    known: dict[str, int]


class _Batches:
    """Sequences and labels of every step, which depend on seed and step alone, and what they cost."""

    def __init__(self, pooled: Pooled, train: Examples, a_pass: int, config: TuneConfig, states: Singles | None = None):
        self.pooled, self.labels, self.a_pass, self.config = pooled, train.labels, a_pass, config
        self.count = len(train)
        self.texts = pooled.cut(train.sequences) if states is None else []
        self.states, self.signals = states, train.signals

    def after(self, step: int) -> Iterator[Iterator[_Part]]:
        """Return the batches after so many steps, in parts."""
        return (self._parts(number) for number in count(step))

    def _parts(self, step: int) -> Iterator[_Part]:
        config, device = self.config, self.pooled.base.device
        rows = batch_rows(self.count, config.batch, step, self.a_pass, config.seed)
        turned = np.random.default_rng((config.seed, 3, step)).random(len(rows)) < 0.5
        counts = {name: int(np.isfinite(each[rows]).sum()) for name, each in self.labels.items()}
        for part in ranks().shares(len(rows), config.accumulate):
            chosen, flips = rows[part], turned[part] & config.reverse_complement
            labels = {name: torch.from_numpy(each[chosen]).to(device) for name, each in self.labels.items()}
            signals = None
            if self.signals is not None:
                signals = np.where(flips[:, None, None], self.signals[chosen, :, ::-1], self.signals[chosen])
            if self.states is not None:
                yield _Part(torch.from_numpy(self.states[chosen]).to(device), signals, labels, counts)
                continue
            texts = [self.texts[row] for row in chosen]
            shown = [opposite(text) if flip else text for text, flip in zip(texts, flips, strict=True)]
            yield _Part(shown, signals, labels, counts)

    def loss(self, part: _Part) -> Tensor:
        """Return what a part adds to the loss of its batch."""
        if isinstance(part.given, Tensor):
            raw = self.pooled.answers(part.given, part.signals)
        else:
            raw = self.pooled(replace(self.pooled.base.encode(part.given), signals=part.signals))
        given = {name: each.float() for name, each in raw.items()}
        return mean_loss(self.pooled.heads.specs, given, part.labels, part.known, self.config.class_weights)


def batch_rows(count: int, batch: int, step: int, a_pass: int, seed: int) -> npt.NDArray[np.int64]:
    """Return which rows a step reads: each pass goes once over all rows in an order of its own.

    What does not fill a batch at the end of a pass is left out of that pass.
    """
    order = np.random.default_rng((seed, 1, step // a_pass)).permutation(count)
    low = step % a_pass * batch
    return order[low : low + batch]
