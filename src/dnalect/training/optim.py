"""Optimizers: AdamW for every parameter, or Muon for the matrices and AdamW for the rest; a mean of the weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from dnalect.models.layers.convolutions import exact_names
from dnalect.models.precision import computes_bf16
from dnalect.training.config import OptimConfig
from dnalect.training.sharded import local, share_of, whole


class Muon(torch.optim.Optimizer):
    """Momentum whose every step is made orthogonal (Jordan et al. 2024, kellerjordan.github.io/posts/muon).

    A step moves all singular directions of a matrix alike, so that rare features are learned
    as fast as frequent ones. For parameters of two or more dimensions; the first is the output.
    half: make it orthogonal in bfloat16, which is exact enough, where the device computes in it.
    """

    def __init__(
        self, params: Any, lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0, half: bool = False
    ):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.half = half

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient; those of one shape are made orthogonal together."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    alike.setdefault(p.shape, []).append(p)
            for shape, parameters in alike.items():
                rows, columns = shape[0], shape[1:].numel()
                # Only whole matrices can be made orthogonal: every process does so to all, and takes its part.
                ahead = torch.stack([whole(self._ahead(p, group["momentum"])).flatten(1) for p in parameters])
                half = self.half and computes_bf16(ahead.device)
                updates = orthogonal(ahead.bfloat16() if half else ahead).to(ahead.dtype)
                rate = -group["lr"] * max(1.0, rows / columns) ** 0.5
                mine = [local(p) for p in parameters]
                torch._foreach_mul_(mine, 1 - group["lr"] * group["weight_decay"])
                steps = [local(share_of(each.view(shape), p)) for each, p in zip(updates, parameters, strict=True)]
                torch._foreach_add_(mine, steps, alpha=rate)

    def _ahead(self, p: Tensor, momentum: float) -> Tensor:
        """Take in a gradient, and return where the momentum leads from it."""
        assert p.grad is not None
        state = self.state[p]
        if not state:
            state["momentum"] = torch.zeros_like(p)
        state["momentum"].lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(state["momentum"], momentum)


def orthogonal(matrices: Tensor) -> Tensor:
    """Return matrices with the same singular vectors and their singular values drawn to about 1.

    Five Newton-Schulz steps of degree five. matrices: (..., rows, columns) of full rank.
    """
    wide = matrices if matrices.shape[-2] <= matrices.shape[-1] else matrices.mT
    x: Tensor = wide / (wide.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x if matrices.shape[-2] <= matrices.shape[-1] else x.mT


def build(network: nn.Module, config: OptimConfig) -> list[torch.optim.Optimizer]:
    """Return the optimizers of a run, with their peak rates.

    Biases, norms and what is exact (filters as functions of the place, decays of a state space) are never decayed. With
    Muon the embeddings, the last layers (`logits`, `heads`, a causal network's `head`) and convolutions of single
    channels stay with AdamW, as they are tables of tokens, answers or taps, not maps between features.
    """
    exact = exact_names(network)
    named = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
    plain = [p for n, p in named if p.ndim <= 1 or n in exact]
    named = [(n, p) for n, p in named if p.ndim > 1 and n not in exact]
    if config.optimizer == "adamw":
        decay = [p for _, p in named]
        groups = [{"params": decay, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, config.learning_rate, config.betas)]
    else:
        tables = [p for n, p in named if _is_table(n, p)]
        matrices = [p for n, p in named if not _is_table(n, p)]
        adamw = torch.optim.AdamW([*plain, *tables], config.learning_rate, config.betas, weight_decay=0.0)
        optimizers = [
            Muon(matrices, config.muon_rate, weight_decay=config.weight_decay, half=config.precision == "bf16"),
            adamw,
        ]
    return optimizers


def _is_table(name: str, p: Tensor) -> bool:
    taps = p.ndim == 3 and p.shape[1] == 1
    return (
        taps or "embedding" in name or name.startswith(("words.", "logits.", "heads.", "head.weight", "duplex.logits."))
    )


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
            local(self.weights[name]).lerp_(local(p.detach()), share)

    def copy_to(self, network: nn.Module) -> None:
        """Overwrite the network's weights by their mean."""
        with torch.no_grad():
            for name, p in network.named_parameters() if self.weights else ():
                local(p).copy_(local(self.weights[name]))

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
                    local(p).copy_(local(last[name]))
