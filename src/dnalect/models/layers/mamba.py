"""Selective state spaces, Mamba (Gu 2023) and Mamba 2 (Dao 2024): time and memory grow with the length alone.

Shapes: B windows, T tokens, C channels, D channels inside, N numbers that each of them remembers, H heads of P
channels, G groups of heads that share what they write and read. Inside a scan all is float32.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from dnalect.models.layers.begun import begun
from dnalect.models.layers.convolutions import Exact, short
from dnalect.models.layers.positions import Folders
from dnalect.models.layers.sizes import Sizes, divisor

# Numbers of a chunk that fit the caches of a CPU, and that keep a GPU busy.
WORK, GPU_WORK = 1 << 18, 1 << 24
# Tokens of a chunk of Mamba 2, within which all pairs are computed.
CHUNK = 64
# Where steps begin before training: their smallest and largest.
STEPS = 1e-3, 1e-1


@dataclass(frozen=True)
class StateSizes(Sizes):
    """Mamba of both versions. hidden: D. heads: H, of version 2.

    version: 1 or 2. memory: N. taps: tokens of the short convolution. rank: of the step of version 1. groups: G, of
    version 2.
    """

    heads: int = 1
    eps: float = 1e-5
    version: int = 1
    memory: int = 16
    taps: int = 4
    rank: int = 1
    groups: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(f"there is no Mamba {self.version}", self.version in (1, 2))
        self.check(f"{self.heads} heads do not divide {self.hidden} channels", self.hidden % self.heads == 0)
        self.check(f"{self.groups} groups do not divide {self.heads} heads", self.heads % self.groups == 0)

    @property
    def divided(self) -> bool:
        """Whether the heads share the width out: they share D."""
        return False

    @property
    def attends(self) -> bool:
        """Whether there is attention."""
        return False

    @property
    def positions(self) -> int | None:
        """A recurrence has no end."""
        return None

    @property
    def held(self) -> int:
        """Channels inside, of what is fed, stepped, written and read, in two orders."""
        return 5 * self.width + 12 * self.hidden

    def _shares(self, share: float) -> dict[str, Any]:
        """Heads of version 2 keep their channels inside, the rank of a step its share of the width."""
        changed = super()._shares(share)
        rank = math.ceil(self.rank * changed["width"] / self.width)
        return changed | {"rank": rank, "groups": divisor(changed["heads"], round(self.groups * share))}


class Recurrence(torch.autograd.Function):
    """h[t] = kept[t] * h[t - 1] + new[t] along the first axis; `before` stands for h[-1]. `new` becomes h."""

    @staticmethod
    def forward(ctx: Any, kept: Tensor, new: Tensor, before: Tensor) -> Tensor:
        ctx.mark_dirty(new)
        ctx.save_for_backward(kept, new, before)
        return accumulate(kept, new, before)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        kept, states, before = ctx.saved_tensors
        # What reaches h[t] is grad[t], and kept[t + 1] of what reaches h[t + 1]: the same from the other end.
        later = torch.cat([torch.zeros_like(kept[:1]), kept[1:].flip(0)])
        total = accumulate(later, grad.flip(0), torch.zeros_like(before)).flip(0)
        return total * torch.cat([before[None], states[:-1]]), total, kept[0] * total[0]


def accumulate(kept: Tensor, new: Tensor, before: Tensor) -> Tensor:
    """Return h of `Recurrence`, in the memory of `new`: step by step on a CPU, elsewhere in log2 of the steps."""
    if new.device.type == "cpu":
        for share, each in zip(kept, new, strict=True):
            before = each.addcmul_(share, before)
        return new
    return doubled(kept, new, before)


def doubled(kept: Tensor, new: Tensor, before: Tensor) -> Tensor:
    """Return the same in few large operations: each joins what twice as many steps say (Hillis 1986)."""
    new[0].addcmul_(kept[0], before)
    step = 1
    while step < len(new):
        new[step:] += kept[step:] * new[:-step]
        kept = torch.cat([kept[:step], kept[step:] * kept[:-step]])
        step *= 2
    return new


Chunk = Callable[..., tuple[Tensor, Tensor]]


def over_chunks(chunk: Chunk, state: Tensor, parts: tuple[Tensor, ...], axis: int, length: int) -> Tensor:
    """Return what `chunk(state, *parts)` gives, chunk after chunk of an axis, each from the state that the last left.

    With gradients only the states between chunks are kept: what is inside is computed again.
    """
    out = [torch.zeros_like(parts[0].narrow(axis, 0, 0))]
    for low in range(0, parts[0].shape[axis], length):
        given = [each.narrow(axis, low, min(length, each.shape[axis] - low)) for each in parts]
        if torch.is_grad_enabled():
            told, state = checkpoint(chunk, state, *given, use_reentrant=False, preserve_rng_state=False)
        else:
            told, state = chunk(state, *given)
        out.append(told)
    return torch.cat(out, dim=axis)


def scan(x_BTD: Tensor, step_BTD: Tensor, decay_DN: Tensor, write_BTN: Tensor, read_BTN: Tensor) -> Tensor:
    """Return y (B, T, D) float32 of version 1.

    y[t] = read[t] . h[t], where h[t] = exp(decay step[t]) h[t - 1] + step[t] x[t] write[t], for every channel.
    """
    decay_ND, step_BTD = decay_DN.T.contiguous(), step_BTD.float()
    state = decay_ND.new_zeros(len(x_BTD), *decay_ND.shape)
    work = WORK if state.device.type == "cpu" else GPU_WORK
    length = max(1, min(x_BTD.shape[1], work // max(1, state.numel())))
    # Without gradients all chunks are worked out in the same memory, which then stays in the cache.
    rooms = [None if torch.is_grad_enabled() else state.new_empty(length, *state.shape) for _ in range(2)]

    def chunk(state: Tensor, fed: Tensor, step: Tensor, write: Tensor, read: Tensor) -> tuple[Tensor, Tensor]:
        first, second = (None if room is None else room[: len(fed)] for room in rooms)
        kept = torch.mul(step[:, :, None], decay_ND, out=first).exp_()
        new = torch.mul(fed[:, :, None], write[..., None], out=second)
        states: Tensor = Recurrence.apply(kept, new, state)  # type: ignore[no-untyped-call]
        return (read[:, :, None] @ states)[:, :, 0], states[-1].clone()

    parts = (step_BTD * x_BTD.float(), step_BTD, write_BTN.float(), read_BTN.float())
    first = tuple(each.transpose(0, 1).contiguous() for each in parts)
    return over_chunks(chunk, state, first, 0, length).transpose(0, 1)


def dual_scan(x_BHTP: Tensor, step_BHT: Tensor, decay_H: Tensor, write_BHTN: Tensor, read_BHTN: Tensor) -> Tensor:
    """Return y (B, H, T, P) float32 of version 2: as `scan`, with one decay for all that a head remembers.

    So that within a chunk it is attention with weights read[t] . write[s] exp(decay (step[s + 1] + ... + step[t])).
    """

    def chunk(state: Tensor, fed: Tensor, step: Tensor, write: Tensor, read: Tensor) -> tuple[Tensor, Tensor]:
        total = (step[..., 0] * decay_H[:, None]).cumsum(-1)
        ahead = torch.ones(total.shape[-1], total.shape[-1], dtype=torch.bool, device=total.device).triu(1)
        kept = (total[..., None] - total[..., None, :]).masked_fill(ahead, -torch.inf).exp()
        out = (read @ write.mT * kept) @ fed + total.exp()[..., None] * (read @ state)
        left = (total[..., -1:] - total).exp()[..., None]
        return out, total[..., -1, None, None].exp() * state + (write * left).mT @ fed

    step_BHT1 = step_BHT.float()[..., None]
    parts = (step_BHT1 * x_BHTP.float(), step_BHT1, write_BHTN.float(), read_BHTN.float())
    state = parts[0].new_zeros(*x_BHTP.shape[:2], write_BHTN.shape[-1], x_BHTP.shape[-1])
    return over_chunks(chunk, state, parts, 2, CHUNK)


class Decay(Exact):
    """How fast is forgotten, as a logarithm: float32 in any precision, as it counts over thousands of steps."""

    def __init__(self, shape: tuple[int, ...], log: Callable[[], Tensor]):
        """log: counts what the logarithms begin with, of this shape."""
        super().__init__()
        self.log = begun(shape, log)

    def forward(self) -> Tensor:
        """Return what a step is multiplied by."""
        return -self.log.exp()


class Selective(nn.Module):
    """One direction of version 1: a short convolution; what it says chooses step, writing and reading."""

    def __init__(self, sizes: StateSizes):
        super().__init__()
        inner, self.memory = sizes.hidden, sizes.memory
        self.short = nn.Conv1d(inner, inner, sizes.taps, groups=inner)
        self.select = nn.Linear(inner, sizes.rank + 2 * sizes.memory, bias=False)
        self.step = nn.Linear(sizes.rank, inner)
        self.decay = Decay((inner, sizes.memory), lambda: torch.arange(1.0, sizes.memory + 1).log().repeat(inner, 1))
        self.skip = nn.Parameter(torch.ones(inner))

    @staticmethod
    def projected(sizes: StateSizes) -> int:
        """Channels that it reads: what goes through, and the gate."""
        return 2 * sizes.hidden

    def draw(self) -> None:
        """Let steps begin between `STEPS`, evenly by their logarithm."""
        nn.init.uniform_(self.step.weight, -(self.step.in_features**-0.5), self.step.in_features**-0.5)
        self.step.bias.data.copy_(_first_steps(self.step.bias))

    def forward(self, read_BTE: Tensor, inside_BT1: Tensor) -> Tensor:
        """Return (B, T, D)."""
        x, gate = read_BTE.chunk(2, dim=-1)
        x = F.silu(short(x, self.short.weight, self.short.bias))
        step, write, read = self.select(x).split([self.step.in_features, self.memory, self.memory], dim=-1)
        y = scan(x, F.softplus(self.step(step).float()), self.decay(), write * inside_BT1, read)
        return (y + self.skip * x).to(x.dtype) * F.silu(gate)


class Dual(nn.Module):
    """One direction of version 2: heads that decay as a whole, with a gated norm at the end."""

    def __init__(self, sizes: StateSizes):
        super().__init__()
        self.inner, self.groups, self.eps = sizes.hidden, sizes.groups, sizes.eps
        self.shared = sizes.groups * sizes.memory
        convolved = sizes.hidden + 2 * self.shared
        self.short = nn.Conv1d(convolved, convolved, sizes.taps, groups=convolved)
        self.shift = nn.Parameter(torch.zeros(sizes.heads))
        self.decay = Decay((sizes.heads,), lambda: torch.arange(1.0, sizes.heads + 1).log())
        self.skip = nn.Parameter(torch.ones(sizes.heads))
        self.norm = nn.Parameter(torch.ones(sizes.hidden))

    @staticmethod
    def projected(sizes: StateSizes) -> int:
        """Channels that it reads: the gate, what goes through, what is written and read, and the steps."""
        return 2 * sizes.hidden + 2 * sizes.groups * sizes.memory + sizes.heads

    def draw(self) -> None:
        """Let steps begin between `STEPS`, evenly by their logarithm."""
        self.shift.data.copy_(_first_steps(self.shift))

    def forward(self, read_BTE: Tensor, inside_BT1: Tensor) -> Tensor:
        """Return (B, T, D)."""
        heads = len(self.skip)
        gate, mixed, step = torch.split(read_BTE, [self.inner, len(self.short.weight), heads], dim=-1)
        mixed = F.silu(short(mixed, self.short.weight, self.short.bias))
        x, write, read = torch.split(mixed, [self.inner, self.shared, self.shared], dim=-1)
        x_BHTP = _split(x, heads)
        write, read = (
            _split(each, self.groups).repeat_interleave(heads // self.groups, dim=1)
            for each in (write * inside_BT1, read)
        )
        step = F.softplus(step.float() + self.shift).transpose(1, 2)
        y = dual_scan(x_BHTP, step, self.decay(), write, read)
        y = (y + self.skip[:, None, None] * x_BHTP).transpose(1, 2).flatten(2) * F.silu(gate.float())
        y = F.rms_norm(_split(y, self.groups), (self.inner // self.groups,), eps=self.eps).transpose(1, 2).flatten(2)
        return y.to(x.dtype) * self.norm


def _split(x_BTD: Tensor, parts: int) -> Tensor:
    """Return (B, parts, T, D / parts)."""
    return x_BTD.view(*x_BTD.shape[:-1], parts, -1).transpose(1, 2)


def _first_steps(like: Tensor) -> Tensor:
    """Return what a softplus makes steps between `STEPS` of."""
    low, high = map(math.log, STEPS)
    steps = (torch.rand_like(like) * (high - low) + low).exp()
    return steps + torch.log(-torch.expm1(-steps))


class Mixer(nn.Module):
    """A state space between two projections; with two directions both share these, and are added.

    Padding is 0 to the convolutions, and nothing of it is written down.
    """

    def __init__(self, sizes: StateSizes, both: bool = False):
        super().__init__()
        kind = Selective if sizes.version == 1 else Dual
        self.up = nn.Linear(sizes.width, kind.projected(sizes), bias=False)
        self.ahead = kind(sizes)
        self.back = kind(sizes) if both else None
        self.down = nn.Linear(sizes.hidden, sizes.width, bias=False)

    def draw(self) -> None:
        """Draw where steps begin, which `initialise` can't know."""
        for way in (self.ahead, self.back):
            if way is not None:
                way.draw()

    def forward(self, x_BTC: Tensor, inside_BT1: Tensor) -> Tensor:
        """Return (B, T, C)."""
        read = self.up(x_BTC * inside_BT1)
        y = self.ahead(read, inside_BT1)
        if self.back is not None:
            y = y + self.back(read.flip(1), inside_BT1.flip(1)).flip(1)
        out: Tensor = self.down(y)
        return out


class Block(nn.Module):
    """A mixer after an RMSNorm (Zhang 2019), with a residual sum. both: of directions."""

    def __init__(self, sizes: StateSizes, both: bool = False):
        super().__init__()
        self.norm = nn.RMSNorm(sizes.width, sizes.eps)
        self.mixer = Mixer(sizes, both)

    def forward(self, x_BTC: Tensor, places: Folders, weights: bool = False) -> tuple[Tensor, None]:
        """Return (B, T, C), and no attention."""
        return x_BTC + self.mixer(self.norm(x_BTC), places.inside_BT1), None
