"""From bases to bins by a tower of convolutions, attention at its top, and part of the way down again: Borzoi.

Shapes: B windows, T bases, N tokens (T / fold) of the attention, L places of a level, C channels, P features of a
distance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.errors import ConfigError
from dnalect.models.layers.attention import GroupedAttention
from dnalect.models.layers.binned import (
    Block,
    DistanceAttention,
    NormedConvolution,
    check_outputs,
    check_whole,
    numbered,
)
from dnalect.models.layers.dilated import FixedNorm
from dnalect.models.layers.positions import rotary

LARGEST = {
    "channels": 1 << 13,
    "stem": 1 << 8,
    "kernel": 1 << 6,
    "convolutions": 1 << 4,
    "layers": 1 << 7,
    "heads": 1 << 7,
    "key": 1 << 10,
    "features": 1 << 12,
    "groups": 1 << 7,
    "rotated": 1 << 10,
    "ups": 1 << 4,
    "taps": 1 << 6,
    "joined": 1 << 14,
    "window": 1 << 24,
    "crop": 1 << 20,
    "inputs": 1 << 14,
    "species": 1 << 14,
    "trained": 1 << 20,
}
LEAST = dict.fromkeys(("features", "groups", "rotated", "ups", "joined", "crop", "species", "trained"), 0)
DEEPEST = 20
ODD = ("stem", "kernel", "taps")
EPS = 1e-3
gelu = partial(F.gelu, approximate="tanh")


@dataclass(frozen=True)
class PyramidSizes:
    """A network.

    outputs: name of each head -> its tracks, as pairs. channels: after the stem, then after each level of the tower,
    which halves the length; the last is the width of the stream. halved: the stem halves it, too. stem, kernel, taps:
    places that the convolutions of the stem, the tower and the ways down read, odd. convolutions: of a level; all but
    the first are added to it by a scale. layers, heads, key: of the attention. features: of a distance; 0: queries and
    keys are turned by their places instead, the first `rotated` channels of a head, with angles of the base `theta`,
    `groups` keys among the heads. trained: tokens whose distances the features tell apart, 0 for those of a window.
    ups: levels that the length is doubled by again. joined: channels before the heads, 0 for those of the stream.
    window: bases. crop: bins on each side that are not answered. inputs: channels of a base: A, C, G, T and others, of
    which `species` (0 for none) is set at every base. bases: the outputs are logits of the base itself. labels: names
    of the tracks, () where they are numbered.
    """

    outputs: tuple[tuple[str, int], ...]
    channels: tuple[int, ...]
    halved: bool = True
    stem: int = 15
    kernel: int = 5
    convolutions: int = 1
    layers: int = 8
    heads: int = 8
    key: int = 64
    features: int = 32
    groups: int = 0
    rotated: int = 0
    theta: float = 20_000.0
    trained: int = 0
    ups: int = 2
    taps: int = 3
    joined: int = 0
    window: int = 524_288
    crop: int = 0
    inputs: int = 4
    species: int = 0
    bases: bool = False
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "outputs", check_outputs(self.outputs))
        if not 2 <= len(self.channels) <= DEEPEST:
            raise ConfigError(f"a tower has 1 to {DEEPEST - 1} levels")
        for channels in self.channels:
            check_whole({"channels": channels}, LARGEST, {})
        check_whole({name: getattr(self, name) for name in LARGEST if name != "channels"}, LARGEST, LEAST)
        for wrong, message in self._faults():
            if wrong:
                raise ConfigError(message)

    def _faults(self) -> Sequence[tuple[bool, str]]:
        even = [name for name in ODD if getattr(self, name) % 2 == 0]
        head, tracks = self.width // self.heads, len(numbered(self.outputs))
        return (
            (bool(even), f"a convolution of an even number of bases has no middle: {', '.join(even)}"),
            (self.width % self.heads > 0, f"{self.heads} heads do not share {self.width} channels"),
            (self.features % 2 > 0, f"{self.features} features of a distance: half of them have its sign"),
            (self.turned and self._shared_badly, f"{self.groups} keys do not share {self.heads} heads"),
            (
                self.turned and (self.rotated % 2 > 0 or self.rotated > head or not self.theta > 1),
                f"{self.rotated} of {head} channels can't be turned by angles of the base {self.theta}",
            ),
            (self.ups > len(self.channels) - 1, f"the tower has no {self.ups} levels to come back to"),
            (self.window % self.fold > 0, f"a window of {self.window:,} bases is no multiple of {self.fold:,}"),
            (self.bins < 1, f"{self.crop:,} bins less on each side leave none of a window"),
            (self.inputs < 4 or 0 < self.species < 4, "the first four channels of a base are A, C, G, T"),
            (self.species >= self.inputs, f"a base has no channel {self.species}"),
            (len(self.labels) not in (0, tracks), f"{len(self.labels)} names for {tracks} tracks"),
            (self.bases and (self.stride > 1 or tracks != 4), "a base is one of four, and there is one in each bin"),
        )

    @property
    def _shared_badly(self) -> bool:
        return not self.groups or self.heads % self.groups > 0

    @property
    def turned(self) -> bool:
        """Whether the attention turns queries and keys by their places, and knows no distances."""
        return not self.features

    @property
    def width(self) -> int:
        """Channels of the stream."""
        return self.channels[-1]

    @property
    def depth(self) -> int:
        """Layers of attention, then ways down."""
        return self.layers + self.ups

    @property
    def fold(self) -> int:
        """Bases of a token of the attention."""
        return 1 << (len(self.channels) - 1 + self.halved)

    @property
    def stride(self) -> int:
        """Bases of a bin."""
        return self.fold >> self.ups

    @property
    def length(self) -> int:
        """Bases of a window."""
        return self.window

    @property
    def bins(self) -> int:
        """Bins of a window that are answered."""
        return self.window // self.stride - 2 * self.crop

    @property
    def tracks(self) -> tuple[str, ...]:
        """Names of all tracks."""
        return self.labels or numbered(self.outputs)


def of_distances(config: PyramidSizes) -> Tensor:
    """Return features (2 N - 1, P) of the distances -(N - 1) to N - 1: whether each lies within a width, with and
    without its sign. The widths grow by equal factors.
    """
    count, n = config.features // 2, config.window // config.fold
    distances = torch.arange(1 - n, n, dtype=torch.float64)
    widths = (
        torch.exp(torch.arange(1, count + 1, dtype=torch.float64) * (math.log((config.trained or n) + 1) / count)) - 1
    )
    inside = (widths > distances.abs()[:, None]).double()
    return torch.cat([inside, distances.sign()[:, None] * inside], 1)


class Level(nn.Module):
    """Convolutions of (B, C, L): the first is wide, the others, of single places, are added to it by a scale."""

    def __init__(self, before: int, after: int, config: PyramidSizes):
        super().__init__()
        self.wide = NormedConvolution(before, after, config.kernel, EPS, gelu)
        self.single = nn.ModuleList(
            NormedConvolution(after, after, 1, EPS, gelu) for _ in range(config.convolutions - 1)
        )
        self.scale = nn.Parameter(torch.zeros(after)) if config.convolutions > 1 else None

    def forward(self, x_BCL: Tensor) -> Tensor:
        first: Tensor = self.wide(x_BCL)
        if self.scale is None:
            return first
        x_BCL = first
        for convolution in self.single:
            x_BCL = convolution(x_BCL)
        return first + self.scale[:, None] * x_BCL


class Projected(nn.Module):
    """Norm, GELU and a linear layer of (B, L, C)."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.norm, self.linear = FixedNorm(before, EPS), nn.Linear(before, after)

    def forward(self, x_BLC: Tensor) -> Tensor:
        out: Tensor = self.linear(gelu(self.norm(x_BLC)))
        return out


class Down(nn.Module):
    """Each place becomes two, what the tower held there is added, and a convolution reads each channel, then all."""

    def __init__(self, config: PyramidSizes, beside: int):
        super().__init__()
        width = config.width
        self.stream, self.beside = Projected(width, width), Projected(beside, width)
        self.each = nn.Conv1d(width, width, config.taps, padding=config.taps // 2, groups=width, bias=False)
        self.all = nn.Linear(width, width)

    def forward(self, x_BLC: Tensor, beside_BLC: Tensor) -> Tensor:
        """Return (B, 2 L, C). beside: (B, 2 L, C of the tower)."""
        x_BLC = self.stream(x_BLC).repeat_interleave(2, 1) + self.beside(beside_BLC)
        out: Tensor = self.all(self.each(x_BLC.transpose(1, 2)).transpose(1, 2))
        return out


class Pyramid(nn.Module):
    """A tower, attention, ways down, and heads on the bins in the middle."""

    def __init__(self, config: PyramidSizes):
        super().__init__()
        self.config, width = config, config.width
        self.stem = nn.Conv1d(config.inputs, config.channels[0], config.stem, padding=config.stem // 2)
        pairs = list(zip(config.channels[:-1], config.channels[1:], strict=True))
        self.tower = nn.ModuleList(Level(before, after, config) for before, after in pairs)
        self.blocks = nn.ModuleList(Block(width, self._attention(), EPS) for _ in range(config.layers))
        self.ups = nn.ModuleList(Down(config, after) for _, after in pairs[::-1][: config.ups])
        self.joined = Projected(width, config.joined) if config.joined else None
        self.heads = nn.ModuleDict({name: nn.Linear(config.joined or width, n) for name, n in config.outputs})

    def _attention(self) -> nn.Module:
        config = self.config
        if not config.turned:
            return DistanceAttention(config.width, config.heads, config.key, config.features)
        return GroupedAttention(config.width, config.heads, config.groups)

    def forward(self, bases_BTV: Tensor, layers: Sequence[int | None] = (), tracks: bool = True) -> tuple[Tensor, ...]:
        """Return streams (B, L, C) after some layers (0: the tower; then attention and ways down; None: the last), then
        tracks (B, bins, tracks).

        tracks: whether they are wanted. bases_BTV: of T = `config.length`, A, C, G, T; nothing for an unknown one.
        """
        config = self.config
        wanted = [config.depth if layer is None else layer for layer in layers]
        deepest = config.depth if tracks else max(wanted, default=0)
        stream, besides = self._tower(bases_BTV)
        kept = {0: stream}
        places = self._places(stream)
        for number, block in enumerate(self.blocks[:deepest], 1):
            kept[number] = stream = block(stream, places)
        for number, (down, beside) in enumerate(zip(self.ups, besides, strict=True), config.layers + 1):
            if number <= deepest:
                kept[number] = stream = down(stream, beside.transpose(1, 2))
            # Memory: only what was asked for stays.
            kept = {layer: each for layer, each in kept.items() if layer in wanted}
        found = tuple(kept[layer] for layer in wanted)
        return (*found, self._tracks(stream)) if tracks else found

    def _tower(self, bases_BTV: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the stream (B, N, C), and what the ways down read (B, C, L), the shortest first."""
        stream = self._stem(bases_BTV)
        besides: list[Tensor] = []
        for number, level in enumerate(self.tower):
            stream = level(F.max_pool1d(stream, 2) if number or self.config.halved else stream)
            besides = [stream, *besides][: self.config.ups]
        return F.max_pool1d(stream, 2).transpose(1, 2), besides

    def _stem(self, bases_BTV: Tensor) -> Tensor:
        weight, species = self.stem.weight, self.config.species
        read: Tensor = F.conv1d(bases_BTV.transpose(1, 2), weight[:, :4], self.stem.bias, padding=self.stem.padding)
        if species:
            same = bases_BTV.new_ones(1, 1, bases_BTV.shape[1])
            read = read + F.conv1d(same, weight[:, species : species + 1], padding=self.stem.padding)
        return read

    def _places(self, stream_BNC: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        config = self.config
        if not config.turned:
            return of_distances(config).to(stream_BNC.device, stream_BNC.dtype)
        return rotary(stream_BNC.shape[1], config.rotated, stream_BNC.device, config.theta)

    def _tracks(self, stream_BLC: Tensor) -> Tensor:
        middle = stream_BLC[:, self.config.crop : stream_BLC.shape[1] - self.config.crop]
        read = gelu(middle if self.joined is None else self.joined(middle))
        given = torch.cat([head(read) for head in self.heads.values()], -1)
        return given if self.config.bases else F.softplus(given)
