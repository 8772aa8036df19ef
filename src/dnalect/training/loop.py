"""The one training loop: seeded, resumable to the bit, stopped early, logged as JSON lines."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
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
    shared_out,
    with_shards,
    write_checkpoint,
)
from dnalect.training.course import Checks, Course, Home, TrainState
from dnalect.training.logs import trimmed
from dnalect.training.objectives import Losses
from dnalect.training.optim import Averaged
from dnalect.training.ranks import Ranks
from dnalect.training.sharded import local, share_of

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

    batches: those after so many steps; each in parts whose losses add up to that of the batch, over all processes of
    the course's engine. home: takes log.jsonl and checkpoint.pt; a checkpoint of the same run is gone on from, another
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
        self.engine, self.ranks = course.engine, course.engine.ranks
        self.device = next(network.parameters()).device
        self.groups = [group for optimizer in course.optimizers for group in optimizer.param_groups]
        for group in self.groups:
            group["peak"] = group["lr"]
        self.at, self.mean, self.best = TrainState(), Averaged(network, course.average), {}
        with self.ranks.agreed():
            state = read_checkpoint(home.folder) if home else None
        self.ranks.check_alike("checkpoints", state["at"] if state else None)
        if home and state:
            self._resume(state, home)
        elif checks and checks.best:
            self.best = _copied(network)

    def _resume(self, state: dict[str, Any], home: Home) -> None:
        with self.ranks.agreed():
            home.identity.check(home.folder, state)
            try:
                self._put_back(with_shards(home.folder, state, self.network))
            except (RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
                raise misfit(home.folder, error) from error
        self.groups = [group for optimizer in self.course.optimizers for group in optimizer.param_groups]
        say(f"going on after step {self.at.step:,} of {self.course.steps:,}")

    def _put_back(self, state: dict[str, Any]) -> None:
        put_back(self.network, state["network"])
        for optimizer, kept in zip(self.course.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(shared_out(optimizer, kept))
        for name, kept in state["mean"].items():
            mine = self.mean.weights[name]
            local(mine).copy_(local(share_of(kept, mine)))
        torch.set_rng_state(state["random"])
        now = learned(self.network)
        self.at, self.best = TrainState(**state["at"]), {n: share_of(b, now[n]) for n, b in state["best"].items()}

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
        write_checkpoint(home.folder, state, self.ranks)

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
            look = partial(self.checks.figures, self.network)
            # What is decided by the figures must be decided alike.
            self.at.figures = self.ranks.of_first(self.engine.call(look))
            if self.checks.best and self.at.better(self.at.figures[self.checks.best]):
                self.best = _copied(self.network)

    def finish(self) -> None:
        """Leave the network with the weights that are kept."""
        self.mean.copy_to(self.network)
        if self.best:
            put_back(self.network, self.best)
        self.engine.end()
        self.network.eval()


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: each.clone() for name, each in learned(network).items()}


def _step(run: _Run, parts: Iterable[B], loss: Callable[[B], Tensor | Losses]) -> None:
    """Make one step, and enter it in `run.at`."""
    at, course, network = run.at, run.course, run.network
    for group in run.groups:
        group["lr"] = group["peak"] * course.share(at.step)
    network.zero_grad(set_to_none=True)
    costs = _Costs()
    for part, last in _with_last(parts):
        with run.engine.turn(last):
            with autocast(run.device, course.precision):
                losses = run.engine.cost(loss, part)
            losses.total.backward()  # type: ignore[no-untyped-call]
        costs.add(losses)
    total, main, others = costs.over(run.ranks)
    at.add(main, others)
    if not total < LARGEST_LOSS:
        error = DnalectError(f"the loss is {total} at step {at.step}: lower the learning rate")
        raise run.ranks.voiced(error)
    if course.clip is not None:
        nn.utils.clip_grad_norm_(network.parameters(), course.clip)
    for optimizer in course.optimizers:
        optimizer.step()
    at.step, at.since = at.step + 1, at.since + 1
    run.mean.update(network, at.step)


class _Costs:
    """The losses of the parts of a batch, which add up."""

    def __init__(self) -> None:
        self.sums, self.counts = {"": 0.0, "main": 0.0}, dict[str, int]()

    def add(self, losses: Losses) -> None:
        """Take in those of a part."""
        others = {f"other {name}": loss for name, (loss, _) in losses.others.items()}
        for name, loss in {"": losses.total, "main": losses.main, **others}.items():
            self.sums[name] = self.sums.get(name, 0.0) + loss.item()
        self.counts |= {name: count for name, (_, count) in losses.others.items()}

    def over(self, ranks: Ranks) -> tuple[float, float, dict[str, tuple[float, int]]]:
        """Return total, main and the others of the whole batch; these with the number of answers."""
        total, main, *others = ranks.summed(list(self.sums.values()))
        # Every process made it as many times as large: see the engine.
        return (
            total / ranks.size,
            main,
            dict(zip(self.counts, zip(others, self.counts.values(), strict=True), strict=True)),
        )


def _with_last(parts: Iterable[B]) -> Iterator[tuple[B, bool]]:
    """Yield parts, each with whether it is the last."""
    coming = iter(parts)
    now = next(coming)
    for after in coming:
        yield now, False
        now = after
    yield now, True


class _Keeper:
    """Writes and says how a run goes, and ends it when that is wished."""

    def __init__(self, run: _Run, home: Home):
        self.run, self.home, self.begun_at, self.ranks = run, home, run.at.step, run.ranks

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep the log and the progress open, and hear the signals."""
        at, log = self.run.at, self.home.log
        path = self.home.folder / "log.jsonl"
        with self.ranks.agreed():
            if self.ranks.first:
                trimmed(path, at.step)
        steps = self.run.course.steps
        with (
            stops_between_steps(self.ranks.size > 1, self.ranks.first) as self.asked,
            (path if self.ranks.first else Path(os.devnull)).open("a", encoding="utf-8") as self.lines,
            phase(log.what, steps, "steps", at.step) as self.bar,
        ):
            self.begun = self.saved = time.monotonic()
            self.zero, self.spent, self.core = time.perf_counter() - at.seconds, at.core_seconds, time.process_time()
            yield

    def step(self, checked: bool) -> None:
        """Take in that a step was made, and maybe a check."""
        at, steps, home = self.run.at, self.run.course.steps, self.home
        self.bar.update()
        mine = time.process_time() - self.core
        wanted, late, cores = self.ranks.summed([self.asked(), self.late(), mine])
        at.seconds, at.core_seconds = time.perf_counter() - self.zero, self.spent + cores
        if checked:
            self.lines.write(json.dumps({"step": at.step, **home.log.entry(at)}) + "\n")
            self.lines.flush()
            say(f"step {at.step:,} of {steps:,}: {home.log.words(at)}; {self.pace()}")
            self.bar.update(0, **home.log.facts(at))
            at.main, at.others, at.since = 0.0, {}, 0
        elif at.step == self.begun_at + WARM:
            say(f"step {at.step:,} of {steps:,}: {self.pace()}; Ctrl-C keeps what was learned")
        if at.step % home.every == 0 or self.run.ended or wanted or late:
            self.run.save(home)
            self.saved = time.monotonic()
        if wanted and not self.run.ended:
            told = Stopped(
                f"stopped after step {at.step:,} of {steps:,}, which is saved in {home.folder}; the same command goes "
                "on from there"
            )
            raise self.ranks.voiced(told, 130)

    def late(self) -> bool:
        """Whether the last checkpoint is long ago."""
        return time.monotonic() - self.saved > SAVE_SECONDS

    def pace(self) -> str:
        """Return how fast it goes and what is left, in words."""
        at, checks = self.run.at, self.run.checks
        each = max((time.monotonic() - self.begun) / (at.step - self.begun_at), 1e-9)
        how = "at most" if checks and checks.patience is not None else "about"
        seconds = each * (self.run.course.steps - at.step)
        left = f", {how} {duration(seconds)} left" if at.step < self.run.course.steps else ""
        return f"{self.home.log.speed(1 / each)}{left}"
