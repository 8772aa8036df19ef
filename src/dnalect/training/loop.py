"""The one training loop: seeded, resumable to the bit, stopped early, logged as JSON lines."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from dnalect.core.errors import DnalectError
from dnalect.core.interrupts import Stopped, stops_between_steps
from dnalect.core.reporter import duration, phase, say
from dnalect.models.precision import autocast
from dnalect.training.checkpoint import (
    SAVE_SECONDS,
    learned,
    misfit,
    put_back,
    read_checkpoint,
    write_checkpoint,
)
from dnalect.training.course import Checks, Course, Home, TrainState
from dnalect.training.logs import trimmed
from dnalect.training.objectives import Losses
from dnalect.training.optim import Averaged

B = TypeVar("B")
# Steps after which a run says how long it will take.
WARM = 3
LARGEST_LOSS = 1e6


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
