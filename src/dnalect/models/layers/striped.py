"""StripedHyena 1 and 2 (Poli 2023, Brixi 2026): long, medium and short convolutions between gates, and some attention.

Shapes: B windows, T tokens, C channels, S states of a filter, G groups of channels that share one, K taps, N heads.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.begun import begun
from dnalect.models.layers.convolutions import Exact, long, short
from dnalect.models.layers.feed_forward import SwiGLU
from dnalect.models.layers.positions import Folders, rotary, rotated
from dnalect.models.layers.sizes import Sizes
from dnalect.models.layers.stack import Stack

LONG, MEDIUM, SHORT, ATTENTION = "lmsa"


@dataclass(frozen=True)
class StripedSizes(Sizes):
    """kinds: of the layers, a letter each: l, m and s for a long, a medium and a short filter, a for attention.

    second: StripedHyena 2. states: S. taps: of the convolution after the projections. medium, near: K of medium and of
    short filters. medium_groups, near_groups: G. theta: the base of the rotary angles. stretch: places for one of
    those that the angles were made for.
    """

    kinds: str = ""
    second: bool = False
    states: int = 8
    taps: int = 3
    medium: int = 128
    near: int = 7
    medium_groups: int = 1
    near_groups: int = 1
    theta: float = 10_000.0
    stretch: float = 1.0
    eps: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        known = {*self.kinds} <= ({LONG, MEDIUM, SHORT, ATTENTION} if self.second else {LONG, ATTENTION})
        self.check(
            f"{self.layers} layers can't be of the kinds {self.kinds!r}", known and len(self.kinds) == self.layers
        )
        for groups in (self.medium_groups, self.near_groups):
            self.check(f"{groups} groups do not divide the width {self.width}", self.width % groups == 0)
        self.check(f"rotary positions need an even head width, not {self.width // self.heads}", self.head % 2 == 0)
        self.check("theta must be above 1 and stretch at least 1", self.theta > 1 and self.stretch >= 1)

    @property
    def head(self) -> int:
        """Channels of a head."""
        return self.width // self.heads

    @property
    def attends(self) -> bool:
        """Whether there is attention in every layer."""
        return False

    @property
    def positions(self) -> int | None:
        """There is no end."""
        return None

    def _shares(self, share: float) -> dict[str, Any]:
        """The first layers stay, the last of them as attention where there would be none; groups keep their size."""
        changed = super()._shares(share)
        kinds = self.kinds[: changed["layers"]]
        if ATTENTION in self.kinds and ATTENTION not in kinds and len(kinds) > 1:
            kinds = kinds[:-1] + ATTENTION
        sizes = {name: self.width // getattr(self, name) for name in ("medium_groups", "near_groups")}
        return changed | {"kinds": kinds} | {name: max(1, changed["width"] // size) for name, size in sizes.items()}


class RootNorm(nn.Module):
    """Division by the root of the mean square, to which eps is added: after the root, other than in nn.RMSNorm."""

    def __init__(self, config: StripedSizes):
        super().__init__()
        self.eps = config.eps
        self.weight = nn.Parameter(torch.ones(config.width))

    def forward(self, x_BTC: Tensor) -> Tensor:
        size = x_BTC.float().square().mean(-1, keepdim=True).sqrt()
        out: Tensor = (x_BTC.float() / (size + self.eps)).to(x_BTC.dtype) * self.weight
        return out


class Modes(Exact):
    """A long filter as a sum of decaying modes: residue * pole ** place; float32, as powers of thousands need it.

    Of StripedHyena 1 poles and residues are complex, (C, S, 1, 2), and the real part counts; of 2 real, (C, S, 1) the
    logarithm of the poles and (C, S).
    """

    def __init__(self, config: StripedSizes):
        super().__init__()
        shape = config.width, config.states
        if config.second:
            self.poles = begun((*shape, 1), lambda: -torch.rand(*shape, 1))
            self.residues = begun(shape, lambda: torch.randn(shape))
        else:
            self.poles = begun((*shape, 1, 2), lambda: _within_the_circle(*shape, 1))
            self.residues = begun((*shape, 1, 2), lambda: torch.randn(*shape, 1, 2))

    def forward(self, length: int, at: slice) -> Tensor:
        """Return the filters (C, T) of some channels."""
        if self.poles.dim() == 3:
            logs, residues = self.poles[at, :, 0], self.residues[at]
        else:
            logs = torch.view_as_complex(self.poles[at, :, 0].contiguous()).log()
            residues = torch.view_as_complex(self.residues[at, :, 0].contiguous())
        places = torch.arange(length, device=logs.device)
        out = torch.zeros(len(logs), length, device=logs.device)
        for state in range(logs.shape[1]):
            out = out + (residues[:, state, None] * (logs[:, state, None] * places).exp()).real
        return out


def _within_the_circle(*shape: int) -> Tensor:
    size, angle = torch.rand(*shape), torch.randn(*shape)
    return torch.stack([size * angle.cos(), size * angle.sin()], dim=-1)


class Taps(nn.Module):
    """A filter of K taps (G, 1, K)."""

    def __init__(self, groups: int, taps: int):
        super().__init__()
        self.weight = begun((groups, 1, taps), lambda: torch.randn(groups, 1, taps) * taps**-0.5)

    def of(self, width: int) -> Tensor:
        """Return the filter of every channel (C, 1, K)."""
        return self.weight.repeat_interleave(width // len(self.weight), dim=0)


class StripedMixer(nn.Module):
    """Projections, a few taps of each, and of two of them the product through a filter; the third is a gate."""

    def __init__(self, config: StripedSizes, kind: str):
        super().__init__()
        width, first = config.width, not config.second
        # How the file counts channels: the thirds of each head side by side in 1, of each channel in 2.
        self.kind, self.blocks = kind, config.heads if first else width
        self.qkv = nn.Linear(width, 3 * width, bias=first)
        self.short = nn.Conv1d(3 * width, 3 * width, config.taps, groups=3 * width, bias=first)
        self.modes = Modes(config) if kind == LONG else None
        self.filter = (
            Taps(config.medium_groups, config.medium)
            if kind == MEDIUM
            else Taps(config.near_groups, config.near)
            if kind == SHORT
            else None
        )
        self.here = None if kind == SHORT else nn.Parameter(torch.zeros(width))
        self.out = nn.Linear(width, width)

    def forward(self, x_BTC: Tensor, places: Folders) -> Tensor:
        """Return (B, T, C)."""
        gate, key, value = thirds(short(self.qkv(x_BTC), self.short.weight, self.short.bias), self.blocks)
        out: Tensor = self.out(self._filtered(key * value) * gate)
        return out

    def _filtered(self, x_BTC: Tensor) -> Tensor:
        length, width = x_BTC.shape[1:]
        if self.here is None:
            assert self.filter is not None
            return short(x_BTC, self.filter.of(width))
        if self.modes is not None:
            modes = self.modes
            mixed = long(x_BTC, lambda at: modes(length, at))
        else:
            assert self.filter is not None
            taps_CK = self.filter.of(width)[:, 0, :length]
            mixed = long(x_BTC, lambda at: taps_CK[at])
        return mixed + x_BTC * self.here


class StripedAttention(nn.Module):
    """Causal attention with rotary angles, its three projections in one."""

    def __init__(self, config: StripedSizes):
        super().__init__()
        self.heads, self.blocks = config.heads, config.heads if config.second else 1
        self.qkv = nn.Linear(config.width, 3 * config.width, bias=not config.second)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x_BTC: Tensor, places: Folders) -> Tensor:
        """Return (B, T, C)."""
        parts = thirds(self.qkv(x_BTC), self.blocks)
        query, key, value = (part.reshape(*part.shape[:-1], self.heads, -1).transpose(1, 2) for part in parts)
        assert places.rotation is not None
        query, key = rotated(query, places.rotation), rotated(key, places.rotation)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class StripedLayer(nn.Module):
    """Mixer or attention, and a gated feed-forward, each after a norm and with a residual sum."""

    def __init__(self, config: StripedSizes, number: int):
        super().__init__()
        kind = config.kinds[number]
        self.mixer_norm = RootNorm(config)
        self.attention = StripedAttention(config) if kind == ATTENTION else None
        self.mixer = None if kind == ATTENTION else StripedMixer(config, kind)
        self.feed_forward_norm = RootNorm(config)
        # In 2 all layers but the first one go without an activation.
        self.feed_forward = SwiGLU(config.width, config.hidden, nn.Identity() if config.second and number else F.gelu)

    def forward(self, x_BTC: Tensor, places: Folders, weights: bool = False) -> tuple[Tensor, None]:
        """Return (B, T, C), and None for the attention, which only some layers have."""
        mixer = self.mixer or self.attention
        assert mixer is not None
        x_BTC = x_BTC + mixer(self.mixer_norm(x_BTC), places)
        return x_BTC + self.feed_forward(self.feed_forward_norm(x_BTC), places), None


class Striped(Stack):
    """The network, its weights drawn; the head is the table of words."""

    config: StripedSizes

    def __init__(self, config: StripedSizes):
        layers = (StripedLayer(config, number) for number in range(config.layers))
        super().__init__(config, layers, RootNorm(config), tied=True)

    def places(self, mask_BT: Tensor, x_BTC: Tensor) -> Folders:
        """Work out the places of a batch: see `Stack.places`."""
        config, inside = self.config, mask_BT[..., None].to(x_BTC.dtype)
        turned = rotary(mask_BT.shape[1], config.head, mask_BT.device, config.theta, stretch=config.stretch)
        return Folders(None, turned, inside, inside)


def thirds(x_BTC: Tensor, blocks: int) -> tuple[Tensor, ...]:
    """Return the three parts (B, T, C) of projections that stand as so many blocks of three thirds."""
    return tuple(part.flatten(-2) for part in x_BTC.reshape(*x_BTC.shape[:-1], blocks, 3, -1).unbind(-2))
