"""What a training run is told, and where it is: its course, its checks, its home, its state."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from dnalect.training.checkpoint import Identity
from dnalect.training.engine import Alone, Engine


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
    checked and kept, 0 for the last weights. engine: how it is computed, made before the optimizers.
    """

    optimizers: Sequence[torch.optim.Optimizer]
    steps: int
    share: Callable[[int], float] = lambda _: 1.0
    clip: float | None = None
    precision: str = "fp32"
    average: float = 0.0
    engine: Engine = field(default_factory=Alone)


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

    seconds, core_seconds: wall time, and that of all processes on all their cores, of all calls
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

    def add(self, main: float, others: Mapping[str, tuple[float, int]]) -> None:
        """Take in the losses of a batch."""
        self.main += main
        for name, (loss, count) in others.items():
            total, before = self.others.get(name, (0.0, 0))
            self.others[name] = total + loss * count, before + count

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
