"""The one training loop: seeded, resumable to the bit, stopped early, logged as JSON lines."""

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from dnalect.core.errors import DnalectError
from dnalect.core.interrupts import Stopped, stops_between_steps
from dnalect.core.reporter import duration, phase, say
from dnalect.models.precision import autocast
from dnalect.training.checkpoint import (
    SAVE_SECONDS,
    Identity,
    learned,
    misfit,
    put_back,
    read_checkpoint,
    write_checkpoint,
)
from dnalect.training.logs import trimmed
from dnalect.training.objectives import Losses
from dnalect.training.optim import Averaged

B = TypeVar("B")
# Steps after which a run says how long it will take.
WARM = 3
LARGEST_LOSS = 1e6


def warm_up_and_decay(steps: int, warmup: int, final: float = 0.02) -> Callable[[int], float]:
    """Return the share of the peak rates at a step (from 0): linear warm-up, then linear decay to `final`."""

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return final + (1 - final) * ((steps - step) / max(1, steps - warmup))

    return share


@dataclass(frozen=True)
class Course:
    """How the weights are learned.

    optimizers: with their peak rates. steps: at most. share: of the peak rates, at a step (from 0).
    clip: largest norm of the gradient, None for any. precision: "fp32", or "bf16", which is float32
    where the device doesn't compute in it. average: decay of the running mean of the weights that is
    checked and kept, 0 for the last weights.
    """

    optimizers: Sequence[torch.optim.Optimizer]
    steps: int
    share: Callable[[int], float] = lambda _: 1.0
    clip: float | None = None
    precision: str = "fp32"
    average: float = 0.0


@dataclass(frozen=True)
class Checks:
    """When the network is looked at, in eval mode, and what follows.

    figures: of the network. every: steps; besides, the last. best: the figure whose highest value
    tells which weights are kept, "" to keep the last. patience: checks without a better one after
    which the training ends, None for never. first: check before the first step, too.
    """

    figures: Callable[[Any], dict[str, float]]
    every: int
    best: str = ""
    patience: int | None = None
    first: bool = False


@dataclass
class TrainState:
    """Where a run is.

    seconds, core_seconds: wall time, and that of this process on all its cores, of all calls
    together. best: the highest figure, at step `best_step`. bad: checks since then. figures: of the
    last check. main, others: losses of the steps since that one (`since`), summed; of others, over
    their answers, and the number of these.
    """

    step: int = 0
    seconds: float = 0.0
    core_seconds: float = 0.0
    best: float = -math.inf
    best_step: int = 0
    bad: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    main: float = 0.0
    others: dict[str, tuple[float, int]] = field(default_factory=dict)
    since: int = 0

    @property
    def loss(self) -> float:
        """The mean loss of the first objective since the last check; 0 before the first step."""
        return self.main / max(1, self.since)

    def add(self, losses: Losses) -> None:
        """Take in the losses of a part of a batch."""
        self.main += losses.main.item()
        for name, (loss, count) in losses.others.items():
            total, before = self.others.get(name, (0.0, 0))
            self.others[name] = total + loss.item() * count, before + count

    def better(self, figure: float) -> bool:
        """Take in a check; whether it is the best one."""
        if not figure > self.best:
            self.bad += 1
            return False
        self.best, self.best_step, self.bad = figure, self.step, 0
        return True


class Log(Protocol):
    """What a kind of training says of itself. what: words of its progress."""

    what: str

    def entry(self, at: TrainState) -> dict[str, Any]:
        """Return the line of a check in log.jsonl, but for its step."""
        ...

    def words(self, at: TrainState) -> str:
        """Return a check in words."""
        ...

    def facts(self, at: TrainState) -> dict[str, str]:
        """Return what stands beside the progress after a check."""
        ...

    def speed(self, steps: float) -> str:
        """Return how fast it goes. steps: a second."""
        ...


@dataclass(frozen=True)
class Home:
    """Where a run is kept and goes on from. every: steps between two checkpoints, at most."""

    folder: Path
    identity: Identity
    every: int
    log: Log


def fit(
    network: nn.Module,
    batches: Callable[[int], Iterator[Iterable[B]]],
    loss: Callable[[B], Tensor | Losses],
    course: Course,
    checks: Checks | None = None,
    home: Home | None = None,
) -> TrainState:
    """Train what wants gradients of a network, in place, leave it in eval mode, and return where that ended.

    batches: those after so many steps; each in parts whose losses add up to that of the batch.
    home: takes log.jsonl and checkpoint.pt; a checkpoint of the same run is gone on from, another
    one is refused (ModelError); Ctrl-C and SIGTERM end the run after its step, which is saved
    (Stopped). Without one nothing is written or said. Raises DnalectError where the loss explodes.
    """
    run = _Run(network, course, checks, home)
    if checks and checks.first and not run.at.step:
        run.check()
    keeper = _Keeper(run, home) if home else None
    network.train()
    with keeper.open() if keeper else nullcontext():
        coming = batches(run.at.step)
        while not run.ended:
            _step(run, next(coming), loss)
            checked = run.due
            if checked:
                run.check()
                network.train()
            if keeper:
                keeper.step(checked)
    run.finish()
    return run.at


class _Run:
    """A network, how it is trained, and where that is."""

    def __init__(self, network: nn.Module, course: Course, checks: Checks | None, home: Home | None):
        self.network, self.course, self.checks = network, course, checks
        self.device = next(network.parameters()).device
        self.groups = [group for optimizer in course.optimizers for group in optimizer.param_groups]
        for group in self.groups:
            group["peak"] = group["lr"]
        self.at, self.mean, self.best = TrainState(), Averaged(network, course.average), {}
        if home and (state := read_checkpoint(home.folder)):
            self._resume(state, home)
        elif checks and checks.best:
            self.best = _copied(network)

    def _resume(self, state: dict[str, Any], home: Home) -> None:
        home.identity.check(home.folder, state)
        try:
            put_back(self.network, state["network"])
            for optimizer, kept in zip(self.course.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(kept)
            for name, kept in state["mean"].items():
                self.mean.weights[name].copy_(kept)
            torch.set_rng_state(state["random"])
            self.at, self.best = TrainState(**state["at"]), state["best"]
        except (RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise misfit(home.folder, error) from error
        self.groups = [group for optimizer in self.course.optimizers for group in optimizer.param_groups]
        say(f"going on after step {self.at.step:,} of {self.course.steps:,}")

    def save(self, home: Home) -> None:
        """Write what `_resume` reads."""
        state = {
            "config": home.identity.config,
            "data": dict(home.identity.data),
            "at": asdict(self.at),
            "network": learned(self.network),
            "optimizers": [optimizer.state_dict() for optimizer in self.course.optimizers],
            "mean": self.mean.weights,
            "best": self.best,
            "random": torch.get_rng_state(),
        }
        write_checkpoint(home.folder, state)

    @property
    def due(self) -> bool:
        """Whether the step that was made is one to check after."""
        step, checks = self.at.step, self.checks
        return checks is not None and (step % checks.every == 0 or step == self.course.steps)

    @property
    def ended(self) -> bool:
        """Whether no step is left, or no patience."""
        patience = self.checks.patience if self.checks else None
        return self.at.step >= self.course.steps or (patience is not None and self.at.bad >= patience)

    def check(self) -> None:
        """Look at the network, and keep its weights where they are the best."""
        assert self.checks is not None
        self.network.eval()
        with self.mean.in_place_of(self.network):
            self.at.figures = self.checks.figures(self.network)
            if self.checks.best and self.at.better(self.at.figures[self.checks.best]):
                self.best = _copied(self.network)

    def finish(self) -> None:
        """Leave the network with the weights that are kept."""
        self.mean.copy_to(self.network)
        if self.best:
            put_back(self.network, self.best)
        self.network.eval()


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: each.clone() for name, each in learned(network).items()}


def _step(run: _Run, parts: Iterable[B], loss: Callable[[B], Tensor | Losses]) -> None:
    """Make one step, and enter it in `run.at`."""
    at, course, network = run.at, run.course, run.network
    for group in run.groups:
        group["lr"] = group["peak"] * course.share(at.step)
    network.zero_grad(set_to_none=True)
    total = 0.0
    for part in parts:
        with autocast(run.device, course.precision):
            cost = loss(part)
        losses = cost if isinstance(cost, Losses) else Losses(cost, cost)
        losses.total.backward()  # type: ignore[no-untyped-call]
        total += losses.total.item()
        at.add(losses)
    if not total < LARGEST_LOSS:
        raise DnalectError(f"the loss is {total} at step {at.step}: lower the learning rate")
    if course.clip is not None:
        nn.utils.clip_grad_norm_(network.parameters(), course.clip)
    for optimizer in course.optimizers:
        optimizer.step()
    at.step, at.since = at.step + 1, at.since + 1
    run.mean.update(network, at.step)


class _Keeper:
    """Writes and says how a run goes, and ends it when that is wished."""

    def __init__(self, run: _Run, home: Home):
        self.run, self.home, self.first = run, home, run.at.step

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep the log and the progress open, and hear the signals."""
        at, log = self.run.at, self.home.log
        path = trimmed(self.home.folder / "log.jsonl", at.step)
        steps = self.run.course.steps
        with (
            stops_between_steps() as self.asked,
            path.open("a", encoding="utf-8") as self.lines,
            phase(log.what, steps, "steps", at.step) as self.bar,
        ):
            self.begun = self.saved = time.monotonic()
            self.zero = time.perf_counter() - at.seconds, time.process_time() - at.core_seconds
            yield

    def step(self, checked: bool) -> None:
        """Take in that a step was made, and maybe a check."""
        at, steps, home = self.run.at, self.run.course.steps, self.home
        self.bar.update()
        at.seconds, at.core_seconds = time.perf_counter() - self.zero[0], time.process_time() - self.zero[1]
        if checked:
            self.lines.write(json.dumps({"step": at.step, **home.log.entry(at)}) + "\n")
            self.lines.flush()
            say(f"step {at.step:,} of {steps:,}: {home.log.words(at)}; {self.pace()}")
            self.bar.update(0, **home.log.facts(at))
            at.main, at.others, at.since = 0.0, {}, 0
        elif at.step == self.first + WARM:
            say(f"step {at.step:,} of {steps:,}: {self.pace()}; Ctrl-C keeps what was learned")
        if at.step % home.every == 0 or self.run.ended or self.asked() or self.late():
            self.run.save(home)
            self.saved = time.monotonic()
        if self.asked() and not self.run.ended:
            raise Stopped(
                f"stopped after step {at.step:,} of {steps:,}, which is saved in {home.folder}; the same command goes "
                "on from there"
            )

    def late(self) -> bool:
        """Whether the last checkpoint is long ago."""
        return time.monotonic() - self.saved > SAVE_SECONDS

    def pace(self) -> str:
        """Return how fast it goes and what is left, in words."""
        at, checks = self.run.at, self.run.checks
        each = max((time.monotonic() - self.begun) / (at.step - self.first), 1e-9)
        how = "at most" if checks and checks.patience is not None else "about"
        seconds = each * (self.run.course.steps - at.step)
        left = f", {how} {duration(seconds)} left" if at.step < self.run.course.steps else ""
        return f"{self.home.log.speed(1 / each)}{left}"
