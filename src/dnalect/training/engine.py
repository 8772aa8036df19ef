"""How a loss is computed and its gradients are gathered, by one process or by many."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from dnalect.training.objectives import Losses
from dnalect.training.ranks import Ranks, ranks
from dnalect.training.sharded import shard

B = TypeVar("B")
T = TypeVar("T")


class Engine(Protocol):
    """Computes with a network. ranks: the processes that do so together."""

    ranks: Ranks

    def turn(self, last: bool) -> Any:
        """Return a context for a part of a batch; gradients are gathered in the last one."""
        ...

    def cost(self, loss: Callable[[B], Tensor | Losses], part: B) -> Losses:
        """Return the losses of a part; the gradients of `total` are, when gathered, those of the batch's loss."""
        ...

    def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns that calls the network without learning."""
        ...

    def end(self) -> None:
        """Leave the network as it was made, with the weights that it has now."""
        ...


class Alone:
    """One process."""

    ranks = Ranks()

    def turn(self, last: bool) -> Any:
        """Return a context that does nothing."""
        return nullcontext()

    def cost(self, loss: Callable[[B], Tensor | Losses], part: B) -> Losses:
        """Return the losses of a part."""
        return _losses(loss(part))

    def call(self, function: Callable[[], T]) -> T:
        """Call a function."""
        return function()

    def end(self) -> None:
        """Do nothing."""


class _Called(nn.Module):
    """A network and whatever is done with it, as one module, whose hooks then see all of it."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, function: Callable[[], T]) -> T:
        return function()


class _Together:
    """Several processes; the gradients of all are summed."""

    def __init__(self, now: Ranks):
        self.ranks = now
        self.called: Any = None

    def cost(self, loss: Callable[[B], Tensor | Losses], part: B) -> Losses:
        """Return the losses of a part; the total times the number of processes, as torch takes the mean over them."""

        def compute() -> tuple[Tensor, Losses]:
            found = _losses(loss(part))
            others = {name: (each.detach(), count) for name, (each, count) in found.others.items()}
            return found.total, Losses(found.total.detach(), found.main.detach(), others)

        total, rest = self.called(compute)
        return Losses(total * self.ranks.size, rest.main, rest.others)


class Replicated(_Together):
    """Every process has the whole network (DDP)."""

    def __init__(self, network: nn.Module, now: Ranks):
        super().__init__(now)
        device = next(network.parameters()).device
        called = _Called(network)
        # One that is never used: where all are, torch warns at every run that it has looked for such in vain.
        called.unused = nn.Parameter(torch.zeros(1, device=device))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # newer versions call broadcast_buffers something else
            self.called = nn.parallel.DistributedDataParallel(
                called,
                device_ids=None if device.type == "cpu" else [device],
                broadcast_buffers=False,
                # A batch without an answer for a head doesn't reach it; and the buckets stay as they are, so that a
                # run that goes on sums in the same order.
                find_unused_parameters=True,
            )
        warnings.filterwarnings("ignore", "Grad strides do not match", UserWarning)

    def turn(self, last: bool) -> Any:
        """Return a context for a part of a batch."""
        return nullcontext() if last else self.called.no_sync()

    def call(self, function: Callable[[], T]) -> T:
        """Call a function; every process does the same."""
        return function()

    def end(self) -> None:
        """Do nothing."""


class Sharded(_Together):
    """Every process has a part of every parameter (FSDP2)."""

    def __init__(self, network: nn.Module, now: Ranks):
        super().__init__(now)
        self.called = _Called(network)
        self.undo = shard(self.called)

    @contextmanager
    def turn(self, last: bool) -> Iterator[None]:
        """Gather gradients in the last part of a batch."""
        self.called.set_requires_gradient_sync(last)
        yield

    def call(self, function: Callable[[], T]) -> T:
        """Call a function; all processes must do so at once."""
        try:
            return self.called(function)  # type: ignore[no-any-return]
        finally:
            for module in self.called.modules():
                if hasattr(module, "reshard"):
                    module.reshard()

    def end(self) -> None:
        """Give every process all weights."""
        self.undo()


def engine_for(network: nn.Module, sharding: str = "none") -> Engine:
    """Return how a network is computed with by the processes that are there; before optimizers are made.

    sharding: "none", or "fsdp" for parameters of which each process holds a part.
    """
    now = ranks()
    if now.size == 1:
        return Alone()
    return Sharded(network, now) if sharding == "fsdp" else Replicated(network, now)


def _losses(cost: Tensor | Losses) -> Losses:
    return cost if isinstance(cost, Losses) else Losses(cost, cost)
