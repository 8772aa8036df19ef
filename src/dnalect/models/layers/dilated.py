"""Dilated residual convolutions over bases, each base's answer by a fixed stretch around it: SpliceAI and its kin.

Shapes: B windows, T bases, C channels, K taps, R tracks. Convolutions are "valid": each takes its reach off both ends,
so that what is read around the bases in question is never computed further than it is needed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.errors import ConfigError
from dnalect.tokens.bases import BASES

LARGEST = {"channels": 1 << 12, "kernel": 1 << 9, "dilation": 1 << 10, "units": 1 << 8, "members": 1 << 6}
Sides = tuple[int, int]


@dataclass(frozen=True)
class DilatedSizes:
    """A network, or several of one make whose mean is taken.

    tracks: names of the outputs. heads: outputs of each head, in order: several share a softmax, one is a sigmoid.
    channels: of the stream. kernels, dilations: of both convolutions of each residual unit. every: units from one skip
    to the next. slope: of the rectifier below 0. eps: of the norms. members: of each network the outputs that it is
    read for, () for all.
    """

    tracks: tuple[str, ...]
    heads: tuple[int, ...]
    channels: int
    kernels: tuple[int, ...]
    dilations: tuple[int, ...]
    every: int = 4
    slope: float = 0.0
    eps: float = 1e-3
    members: tuple[tuple[int, ...], ...] = ((),)

    def __post_init__(self) -> None:
        for name in ("tracks", "heads", "kernels", "dilations"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "members", tuple(tuple(each) for each in self.members))
        counts = {"channels": (self.channels,), "kernel": self.kernels, "dilation": self.dilations}
        counts |= {"units": (len(self.kernels),), "members": (len(self.members),)}
        for name, values in counts.items():
            if not all(isinstance(each, int) and 1 <= each <= LARGEST[name] for each in values):
                raise ConfigError(f"{name} must lie between 1 and {LARGEST[name]:,}, not {values}")
        if len(self.kernels) != len(self.dilations) or len(self.kernels) % self.every:
            raise ConfigError(
                f"{len(self.kernels)} kernels, {len(self.dilations)} dilations: one each, {self.every} a skip"
            )
        if sum(self.heads) != len(self.tracks) or any(kernel % 2 == 0 for kernel in self.kernels):
            raise ConfigError("each output has a name, and kernels are odd, so that bases keep their place")
        read = {each for member in self.members for each in member or range(len(self.tracks))}
        if read != {*range(len(self.tracks))}:
            raise ConfigError("each output is read from one member at least, and there are no others")

    @property
    def reaches(self) -> tuple[int, ...]:
        """Bases that each convolution of a unit reads on each side."""
        return tuple((k - 1) * d // 2 for k, d in zip(self.kernels, self.dilations, strict=True))

    @property
    def crop(self) -> int:
        """Bases on each side that an answer depends on."""
        return 2 * sum(self.reaches)


class FixedNorm(nn.Module):
    """A batch norm with the means and variances that training left behind."""

    def __init__(self, width: int, eps: float):
        super().__init__()
        self.eps = eps
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.mean = nn.Parameter(torch.zeros(width), requires_grad=False)
        self.variance = nn.Parameter(torch.ones(width), requires_grad=False)

    def forward(self, x_BTC: Tensor) -> Tensor:
        flat = F.batch_norm(x_BTC.flatten(0, -2), self.mean, self.variance, self.weight, self.bias, eps=self.eps)
        return flat.view(x_BTC.shape)


class Convolution(nn.Module):
    """A dilated convolution of (B, T, C), valid: it takes `reach` bases off each end."""

    def __init__(self, width: int, kernel: int, dilation: int):
        super().__init__()
        self.dilation = dilation
        made = nn.Conv1d(width, width, kernel)
        self.weight, self.bias = made.weight, made.bias

    def forward(self, x_BTC: Tensor) -> Tensor:
        # As a one-row image in channels-last order: the fastest convolution on CPUs.
        image = x_BTC.permute(0, 2, 1).unsqueeze(2)
        out = F.conv2d(image, self.weight.unsqueeze(2), self.bias, dilation=(1, self.dilation))
        return out.squeeze(2).permute(0, 2, 1)


class Half(nn.Module):
    """Norm, rectifier, convolution."""

    def __init__(self, config: DilatedSizes, kernel: int, dilation: int):
        super().__init__()
        self.slope, self.reach = config.slope, (kernel - 1) * dilation // 2
        self.norm, self.conv = FixedNorm(config.channels, config.eps), Convolution(config.channels, kernel, dilation)

    def forward(self, x_BTC: Tensor) -> Tensor:
        out: Tensor = self.conv(self.rectified(x_BTC))
        return out

    def rectified(self, x_BTC: Tensor) -> Tensor:
        """Return the normed channels (B, T, C), rectified."""
        normed = self.norm(x_BTC)
        return F.leaky_relu_(normed, self.slope) if self.slope else F.relu_(normed)


class Unit(nn.Module):
    """A residual unit: two halves."""

    def __init__(self, config: DilatedSizes, kernel: int, dilation: int):
        super().__init__()
        self.first, self.second = Half(config, kernel, dilation), Half(config, kernel, dilation)


@dataclass(frozen=True, eq=False)
class Kept:
    """What a network computed of one stretch (T, C), to be read again where a haplotype leaves it as it is.

    stream: before each unit and after the last. middle: between the halves of each unit. tracks: (T - 2 crop, R).
    """

    stream: list[Tensor]
    middle: list[Tensor]
    tracks: Tensor


class Member(nn.Module):
    """One network, its weights drawn."""

    def __init__(self, config: DilatedSizes):
        super().__init__()
        self.config, width = config, config.channels
        self.stem = nn.Linear(len(BASES), width)
        self.units: Any = nn.ModuleList(
            Unit(config, *each) for each in zip(config.kernels, config.dilations, strict=True)
        )
        self.skips = nn.ModuleList(nn.Linear(width, width) for _ in range(1 + len(config.kernels) // config.every))
        self.head = nn.Linear(width, len(config.tracks))

    def forward(self, x_BTB: Tensor) -> Tensor:
        """Return the tracks (B, T - 2 crop, R) of bases (B, T, 4)."""
        return self._run(x_BTB, lambda x: None)

    def keep(self, x_TB: Tensor) -> Kept:
        """Return the tracks of one stretch (T, 4), and all that they were computed from."""
        kept: list[Tensor] = []
        tracks = self._run(x_TB[None], lambda x: kept.append(x[0]))
        return Kept(kept[::2], kept[1::2], tracks[0])

    def _run(self, x_BTB: Tensor, keep: Callable[[Tensor], object]) -> Tensor:
        crop = self.config.crop
        x = self.stem(x_BTB)
        skip = self.skips[0](x[:, crop : x.shape[1] - crop])
        for number, unit in enumerate(self.units, 1):
            keep(x)
            reach = 2 * unit.first.reach
            crop -= reach
            middle = unit.first(x)
            keep(middle)
            x = x[:, reach : x.shape[1] - reach] + unit.second(middle)
            if number % self.config.every == 0:
                skip = skip + self.skips[number // self.config.every](x[:, crop : x.shape[1] - crop])
        keep(x)
        return self._answers(skip)

    def _answers(self, skip_BTC: Tensor) -> Tensor:
        parts = self.head(skip_BTC).float().split(self.config.heads, -1)
        return torch.cat([part.softmax(-1) if part.shape[-1] > 1 else part.sigmoid() for part in parts], -1)

    def replaced(self, kept: Kept, starts_B: Tensor, ends_B: Tensor, bases_BTB: Tensor, sides: Sides) -> Tensor:
        """Return the tracks (B, left + T + right, R) where bases (B, T, 4) replace [start, end) of a kept stretch.

        starts, ends: in the stretch. sides: (left, right), bases beside the new ones that are asked for. Each layer is
        computed only where the new bases reach and an answer still depends on it; the rest is read from `kept`.
        """
        changed = _Around(starts_B, ends_B, self.config.crop, sides)
        x = self.stem(bases_BTB)
        skip = self.skips[0](changed.widened(kept.stream[0], x, (0, 0), 0, sides))
        have, before = (0, 0), 0
        for number, (unit, middle_TC) in enumerate(zip(self.units, kept.middle, strict=True), 1):
            reach, stream_TC = unit.first.reach, kept.stream[number - 1]
            inner = changed.needed(have, before + reach, reach)
            h = unit.first(changed.widened(stream_TC, x, have, before, _more(inner, reach)))
            outer = changed.needed(inner, before + 2 * reach, reach)
            y = unit.second(changed.widened(middle_TC, h, inner, before + reach, _more(outer, reach)))
            x = changed.widened(stream_TC, x, have, before, outer) + y
            have, before = outer, before + 2 * reach
            if number % self.config.every == 0:
                wide = changed.widened(kept.stream[number], x, have, before, sides)
                skip = skip + self.skips[number // self.config.every](wide)
        return self._answers(skip)


class _Around:
    """Bases on each side of replaced ones, layer by layer. `before`: what the layers so far took off each end."""

    def __init__(self, starts_B: Tensor, ends_B: Tensor, crop: int, sides: Sides):
        self.starts, self.ends, self.crop, self.sides = starts_B, ends_B, crop, sides

    def needed(self, have: Sides, before: int, reach: int) -> Sides:
        """Bases on each side that another `reach` may change and an answer still depends on."""
        rest = self.crop - before
        return min(have[0] + reach, self.sides[0] + rest), min(have[1] + reach, self.sides[1] + rest)

    def widened(self, kept_TC: Tensor, x_BTC: Tensor, have: Sides, before: int, want: Sides) -> Tensor:
        """Return `want` bases on each side of x, which has `have`: cut, or filled up with what was kept."""
        left, right = have
        x = x_BTC[:, max(0, left - want[0]) : x_BTC.shape[1] - max(0, right - want[1])]
        parts = [x]
        if want[0] > left:
            at = self.starts[:, None] - before + torch.arange(-want[0], -left, device=x.device)
            parts.insert(0, kept_TC[at])
        if want[1] > right:
            at = self.ends[:, None] - before + torch.arange(right, want[1], device=x.device)
            parts.append(kept_TC[at])
        return torch.cat(parts, dim=1) if len(parts) > 1 else x


def _more(sides: Sides, bases: int) -> Sides:
    return sides[0] + bases, sides[1] + bases


class Dilated(nn.Module):
    """The networks, whose mean is the answer."""

    def __init__(self, config: DilatedSizes):
        super().__init__()
        self.config = config
        self.members: Any = nn.ModuleList(Member(config) for _ in config.members)

    @cached_property
    def shares(self) -> list[list[float]]:
        """Of each member the share of its outputs in the mean."""
        tracks = range(len(self.config.tracks))
        read = [[float(not member or each in member) for each in tracks] for member in self.config.members]
        totals = [sum(column) for column in zip(*read, strict=True)]
        return [[value / total for value, total in zip(row, totals, strict=True)] for row in read]

    def mean(self, answers: Iterable[Tensor]) -> Tensor:
        """Return the mean of what the members answer (..., R)."""
        parts = (each * each.new_tensor(share) for each, share in zip(answers, self.shares, strict=True))
        return torch.stack(list(parts)).sum(0)

    def forward(self, x_BTB: Tensor) -> Tensor:
        """Return the tracks (B, T - 2 crop, R) of bases (B, T, 4), none of them set where one is unknown."""
        return self.mean([member(x_BTB) for member in self.members])

    def states(self, x_BTB: Tensor, layers: Sequence[int | None], inside_BT1: Tensor) -> list[Tensor]:
        """Return the streams (B, T, members C) after some units: 0 for the stem, None for what the head reads.

        inside: which bases a window has. Zeros stand beyond its ends in every layer, as in training; within `crop` of
        an end they count.
        """
        found = [_padded(member, x_BTB, inside_BT1) for member in self.members]
        return [torch.cat([each[-1 if layer is None else layer] for each in found], -1) for layer in layers]


def _padded(member: Member, x_BTB: Tensor, inside_BT1: Tensor) -> list[Tensor]:
    """Return the stream after the stem and each unit, then the sum of the skips."""
    streams = [member.stem(x_BTB)]
    skip = member.skips[0](streams[0])
    for number, unit in enumerate(member.units, 1):
        h = streams[-1]
        for half in (unit.first, unit.second):
            h = half.conv(F.pad(half.rectified(h) * inside_BT1, (0, 0, half.reach, half.reach)))
        streams.append(streams[-1] + h)
        if number % member.config.every == 0:
            skip = skip + member.skips[number // member.config.every](streams[-1])
    return [*streams, skip]
