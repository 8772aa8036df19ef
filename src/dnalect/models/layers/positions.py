"""What the layers know of the tokens' places: who may attend to whom, how far apart they are.

Shapes: B windows, T tokens, N heads, D channels of a head.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dnalect.core.errors import ConfigError

ROTARY_BASE = 10_000.0


@dataclass(frozen=True)
class Scaling:
    """How Llama 3 stretches its rotary angles: slow ones by `factor`, fast ones not at all, those between in part.

    low, high: waves that turn fewer than `low` times within `original` tokens are slow, more than `high` times fast.
    """

    factor: float
    low: float
    high: float
    original: int

    def __post_init__(self) -> None:
        if not (self.factor >= 1 and 0 < self.low < self.high and self.original >= 1):
            raise ConfigError(f"an impossible encoder: rotary angles can't be scaled by {self}")


@dataclass(frozen=True)
class Folders:
    """Made once for a batch, read by every layer.

    bias: (B or 1, N or 1, T or 1, T), added to the attention scores; None: every token
    attends to all alike. rotation: cosines and sines (T, D) or None. inside_BT1: 1 for
    tokens, 0 for padding. seen_BT1: 0 too for tokens that none attends to. near: what layers read whose tokens attend
    to those around them only.
    """

    bias: Tensor | None
    rotation: tuple[Tensor, Tensor] | None
    inside_BT1: Tensor
    seen_BT1: Tensor
    near: "Folders | None" = None


@dataclass(frozen=True)
class Sight:
    """How the tokens of an encoder see each other.

    heads: of attention. alibi: a penalty that grows with the distance (Press 2022, on both sides). rotary:
    channels of a head that are turned (Su 2021, split halves), 0 for none. blind_id: an id that no token
    attends to, unless it stands first. causal: a token attends to itself and to those before it only.
    base: of the rotary angles. window: tokens on each side that one attends to, None for all.
    """

    heads: int
    alibi: bool = False
    rotary: int = 0
    blind_id: int | None = None
    causal: bool = False
    base: float = ROTARY_BASE
    window: int | None = None

    def places(self, ids_BT: Tensor, mask_BT: Tensor, dtype: torch.dtype) -> Folders:
        """Work out the places of a batch. mask_BT: bool, False for padding."""
        seen_BT = mask_BT
        if self.blind_id is not None:
            blind = ids_BT == self.blind_id
            blind[:, 0] = False
            seen_BT = mask_BT & ~blind
        bias = self._bias(seen_BT, dtype)
        rotation = rotary(ids_BT.shape[1], self.rotary, ids_BT.device, self.base) if self.rotary else None
        return Folders(bias, rotation, mask_BT.unsqueeze(-1).to(dtype), seen_BT.unsqueeze(-1).to(dtype))

    def _bias(self, seen_BT: Tensor, dtype: torch.dtype) -> Tensor | None:
        never = torch.finfo(dtype).min
        length, device = seen_BT.shape[1], seen_BT.device
        # What is exported must hold for any batch.
        any_batch = torch.compiler.is_compiling()
        parts = []
        if self.alibi:
            parts.append(alibi(self.heads, length, device).to(dtype)[None])
        if self.causal:
            ahead = torch.ones(length, length, dtype=torch.bool, device=device).triu(1)
            parts.append(torch.zeros(ahead.shape, dtype=dtype, device=device).masked_fill(ahead, never)[None, None])
        if self.window is not None and (any_batch or self.window < length - 1):
            at = torch.arange(length, device=device)
            away = (at[None, :] - at[:, None]).abs() > self.window
            parts.append(torch.zeros(away.shape, dtype=dtype, device=device).masked_fill(away, never)[None, None])
        if any_batch or not seen_BT.all():
            hidden = torch.zeros(seen_BT.shape, dtype=dtype, device=device).masked_fill(~seen_BT, never)
            parts.append(hidden[:, None, None])
        if not parts:
            return None
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        # Two bars together must not overflow to infinity: a row of them would become NaN.
        return total.clamp_min(never)


@dataclass(frozen=True)
class TwoSights:
    """Of an encoder some of whose layers see all tokens, and the others those around each. blind_id: there is none."""

    far: Sight
    near: Sight
    blind_id: None = None

    def places(self, ids_BT: Tensor, mask_BT: Tensor, dtype: torch.dtype) -> Folders:
        """Work out the places of a batch: see `Sight.places`."""
        near = self.near.places(ids_BT, mask_BT, dtype)
        return replace(self.far.places(ids_BT, mask_BT, dtype), near=near)


def slopes(heads: int) -> list[float]:
    """Return the slope of each head's penalty (Press 2022).

    2 ** (-8 / heads), its square and so on. Where the heads are no power of two, those of
    the power below, then every other one of the power above.
    """
    below = 2 ** math.floor(math.log2(heads))
    first = [2 ** (-8 * (n + 1) / below) for n in range(below)]
    if below == heads:
        return first
    return first + slopes(2 * below)[0::2][: heads - below]


def alibi(heads: int, length: int, device: torch.device) -> Tensor:
    """Return the penalty -slope * |i - j| as (N, T, T) float32."""
    at = torch.arange(length, device=device)
    distance = (at[None, :] - at[:, None]).abs()
    return -torch.tensor(slopes(heads), device=device)[:, None, None] * distance


def rotary(
    length: int,
    width: int,
    device: torch.device,
    base: float = ROTARY_BASE,
    scaling: Scaling | None = None,
    stretch: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Return cosines and sines (T, D) float32 of the angle of each place and channel.

    stretch: places that share the angle of one.
    """
    rates = base ** (-torch.arange(0, width, 2, device=device, dtype=torch.float32) / width)
    if scaling is not None:
        turns = scaling.original * rates / (2 * math.pi)
        fast = ((turns - scaling.low) / (scaling.high - scaling.low)).clamp(0, 1)
        rates = rates * (fast + (1 - fast) / scaling.factor)
    angles = torch.arange(length, device=device, dtype=torch.float32)[:, None] / stretch * rates
    both = torch.cat([angles, angles], dim=-1)
    return both.cos(), both.sin()


def rotated(x_BNTD: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Turn channel c and channel c + D/2 of every token by the angle of its place."""
    cosine, sine = rotation
    first, second = x_BNTD.float().chunk(2, dim=-1)
    turned = torch.cat([-second, first], dim=-1)
    return (x_BNTD.float() * cosine + turned * sine).to(x_BNTD.dtype)
