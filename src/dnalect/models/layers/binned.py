"""From bases to bins: a tower of convolutions that pools by attention, then attention by distance: Enformer.

Shapes: B windows, T bases, N bins (T / stride), C channels, H heads, D channels of a head, P features of a distance.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.errors import ConfigError
from dnalect.models.layers.begun import begun
from dnalect.models.layers.dilated import FixedNorm

LARGEST = {
    "width": 1 << 13,
    "layers": 1 << 7,
    "heads": 1 << 7,
    "key": 1 << 10,
    "halvings": 12,
    "step": 1 << 12,
    "window": 1 << 13,
    "bins": 1 << 13,
}
MOST_TRACKS = 1 << 16
LEAST = {"halvings": 3, "window": 2}
STEM, KERNEL = 15, 5
EPS = 1e-5
# Of a distance there are so many kinds of features (exponential, central mask, gamma), each with and without its sign.
KINDS = 6
FLOOR = 1e-8
_NAME = re.compile(r"[A-Za-z]\w{0,63}", re.ASCII)


@dataclass(frozen=True)
class BinnedSizes:
    """A network.

    outputs: name of each head -> its tracks, as pairs. width: channels of the stream (half of it after the stem).
    layers, heads, key: of the attention. halvings: how often the tower pools, so that a bin has 2^halvings bases.
    step: what the channels of the tower are multiples of. window: bins that are read. bins: those in the middle of
    them, which are answered. peaks: whether a gamma feature is 1 at its peak, as in the published network; if not, the
    largest of each distance is 1, as in networks that were trained by enformer-pytorch.
    """

    outputs: tuple[tuple[str, int], ...]
    width: int = 1536
    layers: int = 11
    heads: int = 8
    key: int = 64
    halvings: int = 7
    step: int = 128
    window: int = 1536
    bins: int = 896
    peaks: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "outputs", check_outputs(self.outputs))
        check_whole({name: getattr(self, name) for name in LARGEST}, LARGEST, LEAST)
        if not isinstance(self.peaks, bool):
            raise ConfigError("peaks must be true or false")
        if self.width % 2 or self.width % (KINDS * self.heads):
            raise ConfigError(
                f"each of {self.heads} heads has a share of the {self.width} channels that is a multiple of {KINDS}"
            )
        if self.bins > self.window or (self.window - self.bins) % 2:
            raise ConfigError(f"{self.bins} bins do not lie in the middle of {self.window}")
        if min(self.channels) < 1 or self.channels[-1] != self.width:
            raise ConfigError(
                f"the tower's channels, in steps of {self.step}, would be {self.channels}, and end with {self.width}"
            )

    @property
    def depth(self) -> int:
        """Layers of attention."""
        return self.layers

    @property
    def stride(self) -> int:
        """Bases of a bin."""
        return int(2**self.halvings)

    @property
    def length(self) -> int:
        """Bases of a window."""
        return self.window * self.stride

    @property
    def crop(self) -> int:
        """Bins on each side of a window that are read and not answered."""
        return (self.window - self.bins) // 2

    @cached_property
    def channels(self) -> tuple[int, ...]:
        """Channels after the stem and after each further halving: they grow by equal factors from half the width."""
        half = self.width // 2
        factor = math.exp(math.log(self.width / half) / (self.halvings - 2))
        grown = (half * factor**n for n in range(self.halvings - 1))
        return half, *(round(each / self.step) * self.step for each in grown)

    @property
    def features(self) -> int:
        """Features of a distance."""
        return self.width // self.heads

    @property
    def tracks(self) -> tuple[str, ...]:
        """Names of all tracks: those of each head, numbered from 0."""
        return numbered(self.outputs)


def check_whole(values: Mapping[str, object], largest: Mapping[str, int], least: Mapping[str, int]) -> None:
    """Raise ConfigError for a value that is no whole number from its least (1 where none is told) to its largest."""
    for name, value in values.items():
        low, high = least.get(name, 1), largest[name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ConfigError(f"{name} must be a whole number in [{low}, {high:,}], not {value!r}")


def check_outputs(outputs: Iterable[Sequence[Any]]) -> tuple[tuple[str, int], ...]:
    """Return the name of each head and the number of its tracks. Raises ConfigError where these are impossible."""
    pairs = tuple((str(name), count) for name, count in outputs)
    counts = {f"outputs of {name}": count for name, count in pairs}
    check_whole(counts, dict.fromkeys(counts, MOST_TRACKS), {})
    if not pairs:
        raise ConfigError("there is one head at least")
    if strange := [name for name, _ in pairs if not _NAME.fullmatch(name) or hasattr(nn.ModuleDict, name)]:
        raise ConfigError(f"a head can't be called {strange[0]!r}")
    return pairs


def numbered(outputs: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return names of all tracks: those of each head, numbered from 0."""
    return tuple(f"{name}_{number}" for name, count in outputs for number in range(count))


def of_distances(config: BinnedSizes) -> Tensor:
    """Return features (2 N - 1, P) of the distances -(N - 1) to N - 1, in float64: float32 is off by up to 0.003."""
    count, n = config.features // KINDS, config.window
    distances = torch.arange(1 - n, n, dtype=torch.float64)
    away = distances.abs()[:, None]
    steps = torch.linspace(0, 1, count, dtype=torch.float64) if count > 1 else away.new_zeros(1)
    halves = 2 ** (3 + steps * (math.log2(n) - 3))
    exponential = torch.exp2(-away / halves)
    central = (2 ** torch.arange(1, count + 1) - 1 > away).double()
    # Gamma densities whose means go from n / count to n; all have the same deviation.
    deviation, means = n / (2 * count), n / count + steps * (n - n / count)
    shape, rate = (means / deviation) ** 2, means / deviation**2
    logs = torch.xlogy(shape - 1, away) - rate * away - torch.lgamma(shape) + shape * torch.log(rate)
    density = logs.exp() + FLOOR
    gamma = density / density.amax(0 if config.peaks else 1, keepdim=True)
    both = torch.cat([exponential, central, gamma], 1)
    return torch.cat([both, distances.sign()[:, None] * both], 1)


def gelu(x: Tensor) -> Tensor:
    """Return what the published network takes for a GELU."""
    return x * torch.sigmoid(1.702 * x)


class NormedConvolution(nn.Module):
    """Norm, GELU (None for Enformer's), convolution of (B, C, T); the ends are filled up with zeros."""

    def __init__(
        self, width: int, out: int, kernel: int, eps: float = EPS, active: Callable[[Tensor], Tensor] | None = None
    ):
        super().__init__()
        self.active = active
        self.norm, self.conv = FixedNorm(width, eps), nn.Conv1d(width, out, kernel, padding=kernel // 2)

    def forward(self, x_BCT: Tensor) -> Tensor:
        normed = self.norm(x_BCT.transpose(1, 2)).transpose(1, 2)
        out: Tensor = self.conv((self.active or gelu)(normed))
        return out


class Halving(nn.Module):
    """A convolution of one tap is added, then each two neighbours become one: their mean by a softmax per channel."""

    def __init__(self, width: int):
        super().__init__()
        self.inner, self.pool = NormedConvolution(width, width, 1), nn.Linear(width, width, bias=False)
        self.pool.weight = begun((width, width), lambda: 2 * torch.eye(width))

    def forward(self, x_BCT: Tensor) -> Tensor:
        x_BCT = x_BCT + self.inner(x_BCT)
        logits = F.conv1d(x_BCT, self.pool.weight[..., None])
        # Of two, a softmax is a sigmoid of the difference.
        share = torch.sigmoid(logits[..., ::2] - logits[..., 1::2])
        return torch.lerp(x_BCT[..., 1::2], x_BCT[..., ::2], share)


class DistanceAttention(nn.Module):
    """Attention of all bins to all, by what they hold and by how far apart they are."""

    def __init__(self, width: int, heads: int, key: int, features: int):
        super().__init__()
        self.heads = heads
        self.query, self.key = (nn.Linear(width, heads * key, bias=False) for _ in range(2))
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width)
        self.distance = nn.Linear(features, heads * key, bias=False)
        shape = (1, heads, 1, key)
        self.content_bias, self.distance_bias = (begun(shape, lambda: torch.randn(shape)) for _ in range(2))

    def forward(self, x_BNC: Tensor, features_MP: Tensor) -> Tensor:
        """features_MP: of the M = 2 N - 1 distances."""
        query, key, value, distance = (
            each.unflatten(-1, (self.heads, -1)).transpose(-2, -3)
            for each in (self.query(x_BNC), self.key(x_BNC), self.value(x_BNC), self.distance(features_MP))
        )
        query = query * query.shape[-1] ** -0.5
        by_distance = laid_out((query + self.distance_bias) @ distance.transpose(-1, -2))
        mixed = F.scaled_dot_product_attention(
            query + self.content_bias, key, value, attn_mask=by_distance.contiguous(), scale=1.0
        )
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


def laid_out(logits_BHNM: Tensor) -> Tensor:
    """Return logits (B, H, N, N) of pairs of bins from those of N bins at the distances -(N - 1) to N - 1."""
    n = logits_BHNM.shape[-2]
    # Each row begins one distance earlier than the one before it.
    flat = logits_BHNM.flatten(-2)[..., n - 1 : n - 1 + n * (2 * n - 2)]
    return flat.reshape(*flat.shape[:-1], n, 2 * n - 2)[..., :n]


class Block(nn.Module):
    """Attention, then a feed-forward layer, each on the normed stream and added to it."""

    def __init__(self, width: int, attention: nn.Module, eps: float):
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width, eps), attention
        self.norm = nn.LayerNorm(width, eps)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x_BNC: Tensor, places: Any) -> Tensor:
        """places: what the attention reads beside the stream."""
        x_BNC = x_BNC + self.attention(self.attention_norm(x_BNC), places)
        out: Tensor = x_BNC + self.down(F.relu(self.up(self.norm(x_BNC))))
        return out


class Binned(nn.Module):
    """A tower, blocks of attention, and heads on the bins in the middle."""

    def __init__(self, config: BinnedSizes):
        super().__init__()
        self.config = config
        first, *others = config.channels
        self.stem, self.stem_pool = nn.Conv1d(4, first, STEM, padding=STEM // 2), Halving(first)
        pairs = list(zip(config.channels[:-1], others, strict=True))
        self.widen = nn.ModuleList(NormedConvolution(before, after, KERNEL) for before, after in pairs)
        self.pools = nn.ModuleList(Halving(after) for _, after in pairs)
        self.blocks = nn.ModuleList(
            Block(
                config.width,
                DistanceAttention(config.width, config.heads, config.key, config.features),
                EPS,
            )
            for _ in range(config.layers)
        )
        self.final = NormedConvolution(config.width, 2 * config.width, 1)
        self.heads = nn.ModuleDict({name: nn.Linear(2 * config.width, count) for name, count in config.outputs})

    def forward(self, bases_BTV: Tensor, layers: Sequence[int | None] = (), tracks: bool = True) -> tuple[Tensor, ...]:
        """Return streams (B, N, C) after some layers (0: the tower; None: the last), then tracks (B, bins, tracks).

        tracks: whether they are wanted. bases_BTV: of T = `config.length`, A, C, G, T; nothing for an unknown one.
        """
        stream = self.stem_pool(self.stem(bases_BTV.transpose(1, 2)))
        for widen, pool in zip(self.widen, self.pools, strict=True):
            stream = pool(widen(stream))
        stream = stream.transpose(1, 2)
        last = len(self.blocks)
        wanted = [last if layer is None else layer for layer in layers]
        deepest = last if tracks else max(wanted, default=0)
        kept = {0: stream}
        features = of_distances(self.config).to(stream.device, stream.dtype)
        for number, block in enumerate(self.blocks[:deepest], 1):
            stream = block(stream, features)
            if number in wanted:
                kept[number] = stream
        found = tuple(kept[layer] for layer in wanted)
        return (*found, self._tracks(stream)) if tracks else found

    def _tracks(self, stream_BNC: Tensor) -> Tensor:
        crop = self.config.crop
        middle = stream_BNC[:, crop : crop + self.config.bins].transpose(1, 2)
        read = gelu(self.final(middle)).transpose(1, 2)
        return torch.cat([F.softplus(head(read)) for head in self.heads.values()], -1)
