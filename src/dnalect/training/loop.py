"""The one training loop: seeded, resumable to the bit, logged as JSON lines."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dnalect.core.errors import DnalectError, ModelError
from dnalect.core.interrupts import Stopped, stops_between_steps
from dnalect.core.reporter import duration, phase, say
from dnalect.models.precision import autocast
from dnalect.training.checkpoint import ANEW, NAME, SAVE_SECONDS, check_data, misfit, read_checkpoint, write_checkpoint
from dnalect.training.config import OptimConfig, PretrainConfig
from dnalect.training.corpus import Batch, Corpus
from dnalect.training.logs import trimmed
from dnalect.training.objectives import Losses
from dnalect.training.optim import build

Loss = Callable[[nn.Module, Batch, torch.device], Tensor | Losses]
Check = Callable[[nn.Module], dict[str, float]]
# Steps after which a run says how long it will take.
WARM = 3
LAYOUT = {"config": str, "step": int, "seconds": float, "figures": dict, "network": dict, "optimizers": list}


def schedule(config: OptimConfig, step: int) -> float:
    """Return the share of the peak rate at step `step` (from 0): linear warm-up, then linear decay."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    left = (config.steps - step) / max(1, config.steps - config.warmup)
    return config.final_rate + (1 - config.final_rate) * left


def train(
    network: nn.Module,
    corpus: Corpus,
    loss: Loss,
    check: Check,
    config: PretrainConfig,
    folder: Path,
    device: torch.device,
    data: Mapping[str, str],
) -> dict[str, float]:
    """Train `network` in place and return the last validation figures.

    folder: takes log.jsonl and checkpoint.pt. A checkpoint found there is resumed when its config
    and data are the same, and refused otherwise. data: what it learns from -> checksum. `loss`
    gives the mean loss in nats a base; that of each further objective goes into the log as
    `train_loss_NAME`. Ctrl-C and SIGTERM end the run after a step, which is saved: Stopped.
    """
    optim = config.optim
    optimizers = build(network, optim)
    mean = Averaged(network, optim.average)
    state = _resume(folder, network, optimizers, mean, config, data)
    step, clock = int(state["step"]), Clock(float(state["seconds"]), float(state.get("core_seconds", 0.0)))
    log = trimmed(folder / "log.jsonl", step)
    figures: dict[str, float] = state["figures"]
    running = Running(**state.get("running", {}))
    pace = Pace(step, optim, config.data.window)

    def keep() -> None:
        _save(folder, network, optimizers, mean, config, step, clock, figures, running, data)

    network.train()
    with (
        stops_between_steps() as asked,
        log.open("a", encoding="utf-8") as lines,
        phase("training", optim.steps, "steps", step) as bar,
    ):
        saved = time.monotonic()
        while step < optim.steps:
            share = schedule(optim, step)
            for group in (group for optimizer in optimizers for group in optimizer.param_groups):
                group["lr"] = group["peak"] * share
            losses = _step(network, optimizers, loss, corpus.draw(step), optim, device)
            if not (value := losses.total.item()) < 1e4:
                raise DnalectError(f"the loss is {value} at step {step}: lower learning_rate in the config")
            running.add(losses)
            step += 1
            mean.update(network, step)
            bar.update()
            last = step == optim.steps
            if step % optim.check_every == 0 or last:
                network.eval()
                with mean.in_place_of(network):
                    figures = check(network)
                network.train()
                entry = {"step": step, **running.means(), "rate": optim.learning_rate * share, **figures}
                entry |= {"seconds": round(clock.now()[0], 1), "passes": round(step / corpus.steps_a_pass, 3)}
                lines.write(json.dumps(entry) + "\n")
                lines.flush()
                say(pace.told(entry))
                bar.update(0, bits=f"{figures['validation_bits']:.4f}")
                running = Running()
            elif step == pace.first + WARM:
                say(pace.estimate(step))
            if step % optim.save_every == 0 or last or asked() or time.monotonic() - saved > SAVE_SECONDS:
                keep()
                saved = time.monotonic()
            if asked() and not last:
                raise Stopped(
                    f"stopped after step {step:,} of {optim.steps:,}, which is saved in {folder}; the same command "
                    "goes on from there"
                )
    mean.copy_to(network)
    seconds, core_seconds = clock.now()
    return figures | {"seconds": seconds, "core_seconds": core_seconds}


class Pace:
    """How fast this run goes, since it began or was resumed. first: the step that it begins after."""

    def __init__(self, first: int, optim: OptimConfig, window: int):
        self.first, self.steps = first, optim.steps
        self._bases = optim.batch * window
        self._begun = time.monotonic()

    def told(self, entry: Mapping[str, float]) -> str:
        """Return the line of a check."""
        step = int(entry["step"])
        bits = f"{entry['train_bits']:.4f} bits in training, {entry['validation_bits']:.4f} in validation"
        return f"step {step:,} of {self.steps:,}: {bits}; {self._speed(step)}"

    def estimate(self, step: int) -> str:
        """Return the line that says early how long it will take."""
        return f"step {step:,} of {self.steps:,}: {self._speed(step)}; Ctrl-C keeps what was learned"

    def _speed(self, step: int) -> str:
        each = (time.monotonic() - self._begun) / (step - self.first)
        left = f", about {duration(each * (self.steps - step))} left" if step < self.steps else ""
        return f"{round(self._bases / max(each, 1e-9)):,} bases a second{left}"


class Clock:
    """Wall time, and time of this process on all its cores, in seconds, both added to what earlier runs took."""

    def __init__(self, seconds: float, core_seconds: float):
        self._zero = time.perf_counter() - seconds, time.process_time() - core_seconds

    def now(self) -> tuple[float, float]:
        """Return both."""
        return time.perf_counter() - self._zero[0], time.process_time() - self._zero[1]


@dataclass
class Running:
    """The losses since the last line of the log; a checkpoint keeps them, so that a resumed run logs the same.

    main: sum of the first objective's. steps: their number. others: name -> sum over its
    answers, and their number.
    """

    main: float = 0.0
    steps: int = 0
    others: dict[str, tuple[float, int]] = field(default_factory=dict)

    def add(self, losses: Losses) -> None:
        """Take in a step."""
        self.main, self.steps = self.main + losses.main.item(), self.steps + 1
        for name, (loss, count) in losses.others.items():
            total, before = self.others.get(name, (0.0, 0))
            self.others[name] = total + loss.item() * count, before + count

    def means(self) -> dict[str, float]:
        """Return what the log says; 0 bits before the first step."""
        others = {f"train_loss_{name}": total / count for name, (total, count) in sorted(self.others.items())}
        return {"train_bits": self.main / max(1, self.steps) / 0.6931471805599453, **others}


class Averaged:
    """The running mean of a network's weights; with a decay of 0 there is none, and nothing happens.

    The decay grows from 0 with the steps, so that the random beginning is soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float):
        self.decay = decay
        self.weights = {n: p.detach().clone() for n, p in network.named_parameters()} if decay else {}

    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after step `step` (from 1)."""
        share = 1 - min(self.decay, step / (step + 10))
        for name, p in network.named_parameters() if self.weights else ():
            self.weights[name].lerp_(p.detach(), share)

    def copy_to(self, network: nn.Module) -> None:
        """Overwrite the network's weights by their mean."""
        with torch.no_grad():
            for name, p in network.named_parameters() if self.weights else ():
                p.copy_(self.weights[name])

    @contextmanager
    def in_place_of(self, network: nn.Module) -> Iterator[None]:
        """Let the network have the mean for a while."""
        last = {n: p.detach().clone() for n, p in network.named_parameters()} if self.weights else {}
        self.copy_to(network)
        try:
            yield
        finally:
            with torch.no_grad():
                for name, p in network.named_parameters() if last else ():
                    p.copy_(last[name])


def _step(
    network: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    loss: Loss,
    batch: Batch,
    optim: OptimConfig,
    device: torch.device,
) -> Losses:
    network.zero_grad(set_to_none=True)
    with autocast(device, optim.precision):
        told = loss(network, batch, device)
    losses = told if isinstance(told, Losses) else Losses(told, told)
    losses.total.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), optim.clip)
    for optimizer in optimizers:
        optimizer.step()
    return losses


def identity_of(config: PretrainConfig) -> str:
    """All that was chosen; what stands at its default is left out, so that a new field changes no old run."""
    record = _chosen(config)
    record.pop("card", None)
    record["model"] = _chosen(config.model)
    record |= {"family": config.family} if config.family != "duplex" else {}
    return json.dumps(record, sort_keys=True)


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
    state = read_checkpoint(folder, LAYOUT)
    if state is None or state["config"] != identity_of(config) or state["step"] < config.optim.steps:
        raise ModelError(
            f"{folder} holds a finished model, of another config or without its checkpoint; give another output "
            "folder, or remove it"
        )
    check_data(folder, state.get("data"), data)
    return True


def _save(
    folder: Path,
    network: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    mean: "Averaged",
    config: PretrainConfig,
    step: int,
    clock: Clock,
    figures: dict[str, float],
    running: "Running",
    data: Mapping[str, str],
) -> None:
    seconds, core_seconds = clock.now()
    write_checkpoint(
        folder,
        {
            "config": identity_of(config),
            "data": dict(data),
            "step": step,
            "seconds": seconds,
            "core_seconds": core_seconds,
            "figures": figures,
            "network": network.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            "mean": mean.weights,
            "running": asdict(running),
            "random": torch.get_rng_state(),
        },
    )


def _resume(
    folder: Path,
    network: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    mean: "Averaged",
    config: PretrainConfig,
    data: Mapping[str, str],
) -> dict[str, Any]:
    state = read_checkpoint(folder, LAYOUT)
    if state is None:
        return {"step": 0, "seconds": 0.0, "figures": {}}
    if state["config"] != identity_of(config):
        raise ModelError(f"{folder / NAME} belongs to another config; {ANEW}")
    check_data(folder, state.get("data"), data)
    try:
        network.load_state_dict(state["network"])
        for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        for name, kept in state["mean"].items():
            mean.weights[name].copy_(kept)
        torch.set_rng_state(state["random"])
        Running(**state.get("running", {}))
    except (RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise misfit(folder, error) from error
    say(f"going on after step {state['step']:,} of {config.optim.steps:,}")
    return state
