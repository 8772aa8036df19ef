"""Convolutions that pool, then dilated ones that read all before them: small networks of tracks in bins.

Shapes: B windows, T bases, L places, C channels, R tracks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.errors import ConfigError
from dnalect.models.layers.binned import check_whole
from dnalect.models.layers.dilated import FixedNorm

LARGEST = {
    "channels": 1 << 12,
    "kernel": 1 << 10,
    "dilation": 1 << 10,
    "pool": 1 << 6,
    "window": 1 << 20,
    "crop": 1 << 20,
}
# Windows that are read at once where each answers one base.
AT_ONCE = 64


@dataclass(frozen=True)
class Step:
    """A convolution, a rectifier, the largest of `pool` neighbours, a norm. joined: behind the channels it reads."""

    channels: int
    kernel: int
    dilation: int = 1
    pool: int = 1
    joined: bool = False

    def __post_init__(self) -> None:
        check_whole({name: getattr(self, name) for name in ("channels", "kernel", "dilation", "pool")}, LARGEST, {})


@dataclass(frozen=True)
class StackedSizes:
    """A network.

    tracks: names. steps: in order. window: bases. crop: bins on each side that are not answered. eps: of the norms.
    inner: 0 where each bin is answered from its place; else bases of the stretches that answer for their middle base
    alone, from all their places; a window is what they cover then, and `crop` half of one.
    """

    tracks: tuple[str, ...]
    steps: tuple[Step, ...]
    window: int
    crop: int = 0
    eps: float = 1e-5
    inner: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "tracks", tuple(self.tracks))
        object.__setattr__(
            self, "steps", tuple(each if isinstance(each, Step) else Step(**each) for each in self.steps)
        )
        check_whole({"window": self.window, "crop": self.crop}, LARGEST, {"crop": 0})
        if not self.steps or not self.tracks or len({*self.tracks}) < len(self.tracks):
            raise ConfigError("there is one step at least, and tracks have names of their own")
        if self.window % self.pooled or self.window // self.stride <= 2 * self.crop:
            raise ConfigError(f"a window of {self.window:,} bases has no bins, or a part of one, without {self.crop:,}")
        if self.inner and (self.inner % 2 == 0 or self.crop != self.inner // 2):
            raise ConfigError(f"{self.inner:,} bases have no middle, or {self.crop:,} are not half of them")

    @property
    def pooled(self) -> int:
        """Bases of a place after the last step."""
        return prod(each.pool for each in self.steps)

    @property
    def stride(self) -> int:
        """Bases of a bin."""
        return 1 if self.inner else self.pooled

    @property
    def length(self) -> int:
        """Bases of a window."""
        return self.window

    @property
    def depth(self) -> int:
        """Steps but the first."""
        return len(self.steps) - 1

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after each step."""
        found: list[int] = []
        for each in self.steps:
            found.append(each.channels + (found[-1] if each.joined else 0))
        return tuple(found)

    @property
    def width(self) -> int:
        """Channels of the widest stream: the others are filled up."""
        return max(self.widths)


class Convolution(nn.Module):
    """A step of (B, L, C); the ends are filled up with zeros, the longer one behind."""

    def __init__(self, before: int, step: Step, eps: float):
        super().__init__()
        self.step = step
        self.conv = nn.Conv1d(before, step.channels, step.kernel, dilation=step.dilation)
        self.norm = FixedNorm(step.channels, eps)

    def forward(self, x_BLC: Tensor) -> Tensor:
        step, more = self.step, (self.step.kernel - 1) * self.step.dilation
        # As a one-row image in channels-last order: the fastest convolution on CPUs.
        image = F.pad(x_BLC, (0, 0, more // 2, more - more // 2)).permute(0, 2, 1).unsqueeze(2)
        y = F.conv2d(image, self.conv.weight.unsqueeze(2), self.conv.bias, dilation=(1, step.dilation))
        y = F.max_pool2d(F.relu(y), (1, step.pool), ceil_mode=True).squeeze(2).permute(0, 2, 1)
        y = self.norm(y)
        return torch.cat([x_BLC, y], -1) if step.joined else y


class Stacked(nn.Module):
    """The steps, and a head."""

    def __init__(self, config: StackedSizes):
        super().__init__()
        self.config = config
        befores = (4, *config.widths[:-1])
        self.steps = nn.ModuleList(
            Convolution(before, step, config.eps) for before, step in zip(befores, config.steps, strict=True)
        )
        places = 1
        if config.inner:
            places = config.inner
            for step in config.steps:
                places = -(-places // step.pool)
        self.head = nn.Linear(places * config.widths[-1], len(config.tracks))

    def forward(self, bases_BTV: Tensor, layers: Sequence[int | None] = (), tracks: bool = True) -> tuple[Tensor, ...]:
        """Return streams (B, L, C) after some steps (0: the first; None: the last), then tracks (B, bins, R).

        tracks: whether they are wanted. bases_BTV: of T = `config.length`, A, C, G, T; nothing for an unknown one.
        """
        config = self.config
        kept: list[Tensor] = []
        if layers or not config.inner:
            stream = bases_BTV
            for step in self.steps:
                stream = step(stream)
                kept.append(stream)
        wanted = [config.depth if layer is None else layer for layer in layers]
        found = tuple(F.pad(kept[layer], (0, config.width - kept[layer].shape[-1])) for layer in wanted)
        if not tracks:
            return found
        given = self._stretches(bases_BTV) if config.inner else self._cropped(kept[-1])
        return (*found, F.relu(self.head(given)))

    def _cropped(self, stream_BLC: Tensor) -> Tensor:
        crop = self.config.crop
        return stream_BLC[:, crop : stream_BLC.shape[1] - crop]

    def _stretches(self, bases_BTV: Tensor) -> Tensor:
        """Return all places of the stretch around each base that is answered (B, bins, places C)."""
        stretches = bases_BTV.unfold(1, self.config.inner, 1)[:, : self.config.window - 2 * self.config.crop]
        parts = []
        for part in torch.split(stretches.flatten(0, 1).transpose(1, 2), AT_ONCE):
            for step in self.steps:
                part = step(part)
            parts.append(part.flatten(1))
        return torch.cat(parts).view(*stretches.shape[:2], -1)
