"""Hyena (Poli 2023): gates around a long convolution whose filter is a function of the place.

Shapes: B windows, T tokens, C channels, P numbers that say where a place is, H hidden channels of that function.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.errors import InputError
from dnalect.models.layers.begun import begun
from dnalect.models.layers.convolutions import Exact, long, short
from dnalect.models.layers.feed_forward import Plain
from dnalect.models.layers.positions import Folders
from dnalect.models.layers.sizes import Sizes
from dnalect.models.layers.stack import Stack

# How a filter fades: to 1% after 30% of the longest window in the fastest channel, after 150% in the slowest; and what
# never fades.
FADED, FASTEST, SLOWEST, SHIFT = 0.01, 0.3, 1.5, 0.05


@dataclass(frozen=True)
class HyenaSizes(Sizes):
    """longest: places that the filters have. places: P. filter: H. inner: layers inside the function.

    frequency: of its sines, before training. taps: of the short convolution. headless: there is no head.
    """

    heads: int = 1
    eps: float = 1e-5
    places: int = 5
    filter: int = 64
    inner: int = 2
    frequency: float = 10.0
    taps: int = 3
    headless: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        odd = self.places % 2 == 1
        self.check(f"places are told by an odd number of at least 3, not {self.places}", odd and self.places > 1)

    @property
    def attends(self) -> bool:
        """Whether there is attention."""
        return False

    @property
    def held(self) -> int:
        """Most in the feed-forward: long convolutions go through some channels at a time."""
        return 6 * self.width + 2 * self.hidden


class Filter(Exact):
    """The long filters, as a function of the place; float32 in any precision, as places are beyond 1 in 256 otherwise.

    A place is told by its share of the longest window and by waves; three sine layers make it H numbers, one layer more
    the tap of every channel, which fades with the distance.
    """

    def __init__(self, config: HyenaSizes):
        super().__init__()
        count, hidden = config.longest, config.filter
        self.places = begun((1, count, config.places), lambda: _places(count, config.places // 2))
        self.share = begun((1, count, 1), lambda: _share(count)[None], learned=False)
        slow, fast = (math.log(FADED) / part for part in (SLOWEST, FASTEST))
        width = config.width
        self.fading = begun((1, 1, width), lambda: torch.linspace(slow, fast, width)[None, None], learned=False)
        self.frequency = nn.Parameter(torch.full((1, hidden), config.frequency))
        layers = [nn.Linear(config.places, hidden), *(nn.Linear(hidden, hidden) for _ in range(config.inner))]
        layers.append(nn.Linear(hidden, config.width, bias=False))
        # Numbered as in the published files, where sines stand between them.
        self.network = nn.ModuleDict({str(2 * number): layer for number, layer in enumerate(layers)})
        self.here = begun((width,), lambda: torch.randn(width))

    def hidden(self, length: int) -> Tensor:
        """Return (T, H) of the first places."""
        if length > (most := self.places.shape[1]):
            raise InputError(f"{length:,} tokens are more than the {most:,} that the filters are long")
        x_TP = self.places[0, :length]
        for layer in list(self.network.values())[:-1]:
            x_TP = torch.sin(self.frequency * layer(x_TP))
        return x_TP

    def taps(self, hidden_TH: Tensor, at: slice) -> Tensor:
        """Return the filters (C, T) of some channels."""
        last: Any = self.network[str(2 * len(self.network) - 2)].weight
        fading_TC = torch.exp(-self.share[0, : len(hidden_TH)] * self.fading[0, :, at].abs())
        return (F.linear(hidden_TH, last[at]) * (fading_TC + SHIFT)).T

    def forward(self, x_BTC: Tensor) -> Tensor:
        """Convolve a window (B, T, C); a token counts once more by itself."""
        # Training in bfloat16 would compute the function in it too.
        with torch.autocast(x_BTC.device.type, enabled=False):
            hidden_TH = self.hidden(x_BTC.shape[1])
            out = long(x_BTC, lambda at: self.taps(hidden_TH, at))
            return (out + x_BTC * self.here).to(x_BTC.dtype)


def _share(count: int) -> Tensor:
    return torch.linspace(0, 1, count)[:, None]


def _places(count: int, waves: int) -> Tensor:
    """Return what tells the places of a window (1, count, 1 + 2 * waves)."""
    angles = 2 * math.pi / count * torch.arange(count)[:, None] * torch.linspace(1e-4, waves - 1, waves)
    return torch.cat([_share(count), angles.cos(), -angles.sin()], dim=1)[None]


class Mixer(nn.Module):
    """Three projections, a short convolution of each, and of two of them the product through the long one."""

    def __init__(self, config: HyenaSizes):
        super().__init__()
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.short = nn.Conv1d(3 * config.width, 3 * config.width, config.taps, groups=3 * config.width)
        self.filter = Filter(config)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x_BTC: Tensor) -> Tensor:
        query, key, value = short(self.qkv(x_BTC), self.short.weight, self.short.bias).chunk(3, dim=-1)
        out: Tensor = self.out(query * self.filter(key * value))
        return out


class HyenaLayer(nn.Module):
    """Mixer and feed-forward, each after a LayerNorm and with a residual sum."""

    def __init__(self, config: HyenaSizes):
        super().__init__()
        self.mixer_norm = nn.LayerNorm(config.width, config.eps)
        self.mixer = Mixer(config)
        self.feed_forward_norm = nn.LayerNorm(config.width, config.eps)
        self.feed_forward = Plain(config.width, config.hidden, partial(F.gelu, approximate="tanh"))

    def forward(self, x_BTC: Tensor, places: Folders, weights: bool = False) -> tuple[Tensor, None]:
        """Return (B, T, C), and None for the attention, of which there is none."""
        x_BTC = x_BTC + self.mixer(self.mixer_norm(x_BTC))
        return x_BTC + self.feed_forward(self.feed_forward_norm(x_BTC), places), None


def hyena(config: HyenaSizes) -> Stack:
    """Return the network, its weights drawn."""
    layers = (HyenaLayer(config) for _ in range(config.layers))
    return Stack(config, layers, nn.LayerNorm(config.width, config.eps), headless=config.headless)
