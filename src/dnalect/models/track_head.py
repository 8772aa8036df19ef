"""The head of tracks on a language model: from the states at every base to one number a bin and track.

Shapes: B windows, L bases, C channels, H hidden channels, N bins, K tracks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.errors import ModelError

# peaks: the probability that one lies in a bin. counts: the number of what lies in a bin, or a signal that is never
# below 0. signal: the mean of any signal over a bin.
KINDS = ("peaks", "counts", "signal")
# Bins that a bin's answer is read from, itself among them.
NEAR = 5
LARGEST_LENGTH, LARGEST_STRIDE, LARGEST_HIDDEN, MOST_TRACKS = 1 << 20, 1 << 12, 1 << 12, 1 << 14
# Log-rates and log-odds are kept within this distance of 0.
FAR = 15.0


@dataclass(frozen=True)
class TrackSpec:
    """One track. kind: of KINDS. centre, spread: mean and standard deviation of its bins in training."""

    name: str
    kind: str
    centre: float
    spread: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or self.kind not in KINDS:
            raise ModelError(f"a track has a name and is one of {', '.join(KINDS)}, not {self.kind!r}")
        if not all(isinstance(each, int | float) and math.isfinite(each) for each in (self.centre, self.spread)):
            raise ModelError(f"the track {self.name}: centre and spread must be numbers")

    @property
    def start(self) -> float:
        """The raw number that a network begins with: what the mean of training asks for."""
        if self.kind == "peaks":
            share = min(max(self.centre, 1e-6), 1 - 1e-6)
            return math.log(share / (1 - share))
        return math.log(max(self.centre, 1e-6)) if self.kind == "counts" else 0.0


@dataclass(frozen=True)
class TrackSizes:
    """stride: bases of a bin. crop: bases on each side of a window that are read and not answered. length: of a window.

    hidden: channels of the head. tracks: what it predicts. layer: of the language model, whose states the head reads;
    None for the last.
    """

    stride: int
    crop: int
    length: int
    hidden: int
    tracks: tuple[TrackSpec, ...]
    layer: int | None = None

    def __post_init__(self) -> None:
        tracks = tuple(each if isinstance(each, TrackSpec) else TrackSpec(**each) for each in self.tracks)
        object.__setattr__(self, "tracks", tracks)
        sizes = (self.stride, self.length, self.hidden)
        if any(type(each) is not int for each in (*sizes, self.crop)) or min(sizes) < 1 or self.crop < 0:
            raise ModelError(f"sizes of a head of tracks are whole numbers above 0: {sizes}, crop {self.crop}")
        if self.length > LARGEST_LENGTH or self.stride > LARGEST_STRIDE or self.hidden > LARGEST_HIDDEN:
            raise ModelError(f"bins of {self.stride:,}, a window of {self.length:,} bases or a head is out of range")
        inner = self.length - 2 * self.crop
        if inner < self.stride or inner % self.stride:
            raise ModelError(
                f"a window of {self.length:,} bases, {self.crop:,} of them unanswered on each side, holds no whole "
                f"number of bins of {self.stride:,}"
            )
        names = [each.name for each in self.tracks]
        if not names or len(names) > MOST_TRACKS or len({*names}) < len(names):
            raise ModelError(f"a head of tracks has 1 to {MOST_TRACKS:,} tracks of different names")

    @property
    def bins(self) -> int:
        """Bins of a window."""
        return (self.length - 2 * self.crop) // self.stride


class TrackHead(nn.Module):
    """A layer at every base, its mean and its largest over each bin, and a convolution over neighbouring bins.

    width: channels of the states. halves: whether these are two streams, one a strand, which change places in the
    reverse complement: the head is then its own mirror image, and its answer there the same, turned round.
    """

    def __init__(self, width: int, sizes: TrackSizes, halves: bool):
        super().__init__()
        self.sizes, self.halves = sizes, halves
        hidden, tracks = sizes.hidden, sizes.tracks
        self.inner = nn.Linear(width, hidden)
        self.along = nn.Conv1d(2 * hidden, hidden, NEAR, padding=NEAR // 2)
        self.out = nn.Linear(hidden, len(tracks))
        nn.init.normal_(self.out.weight, std=0.01)
        with torch.no_grad():
            self.out.bias.copy_(torch.tensor([each.start for each in tracks]))

    def forward(self, states_BLC: Tensor) -> Tensor:
        """Return log-odds of peaks, log-rates of counts, standardised signals (B, N, K) of whole windows."""
        sizes = self.sizes
        inner = states_BLC[:, sizes.crop : sizes.length - sizes.crop]
        there = self._one(inner)
        if not self.halves:
            return there
        left, right = inner.chunk(2, -1)
        return (there + self._one(torch.cat([right, left], -1).flip(1)).flip(1)) / 2

    def _one(self, states_BLC: Tensor) -> Tensor:
        each = F.gelu(self.inner(states_BLC))
        each = each.view(len(each), -1, self.sizes.stride, each.shape[2])
        bins = torch.cat([each.mean(2), each.amax(2)], -1)
        out: Tensor = self.out(F.gelu(self.along(bins.transpose(1, 2)).transpose(1, 2)))
        return out

    def answers(self, raw_BNK: Tensor) -> Tensor:
        """Return probabilities of peaks, expected counts, signals in their own unit (B, N, K) float32."""
        raw, tracks = raw_BNK.float(), self.sizes.tracks
        out = torch.empty_like(raw)
        for kind, columns in _by_kind(tracks):
            given = raw[..., columns]
            if kind == "signal":
                centre, spread = (_numbers(tracks, columns, name, raw) for name in ("centre", "spread"))
                out[..., columns] = given * spread + centre
            else:
                out[..., columns] = given.sigmoid() if kind == "peaks" else given.clamp(-FAR, FAR).exp()
        return out


def deviances(tracks: Sequence[TrackSpec], raw: Tensor, labels: Tensor) -> Tensor:
    """Return what each answer misses (..., K) float32, 0 where there is no label (NaN).

    raw: as the head gives it. Twice the log-likelihood that is lost beside the label itself: binary cross-entropy of
    peaks, Poisson of counts, the square of standardised signals.
    """
    raw, known, truth = raw.float(), torch.isfinite(labels), labels.float().nan_to_num()
    out = torch.empty_like(raw)
    for kind, columns in _by_kind(tracks):
        given, true = raw[..., columns], truth[..., columns]
        if kind == "peaks":
            missed = 2 * F.binary_cross_entropy_with_logits(given, true, reduction="none")
        elif kind == "counts":
            rate = given.clamp(-FAR, FAR)
            missed = 2 * (torch.xlogy(true, true) - true * rate - true + rate.exp())
        else:
            centre, spread = (_numbers(tracks, columns, name, raw) for name in ("centre", "spread"))
            missed = (given - (true - centre) / spread) ** 2
        out[..., columns] = missed
    return out * known


def mean_answers(tracks: Sequence[TrackSpec], like: Tensor) -> Tensor:
    """Return the raw answer of a head that knows the means of training alone, in the shape of `like` (..., K)."""
    return torch.tensor([each.start for each in tracks], device=like.device).expand(like.shape)


def _by_kind(tracks: Sequence[TrackSpec]) -> list[tuple[str, list[int]]]:
    found = [(kind, [n for n, each in enumerate(tracks) if each.kind == kind]) for kind in KINDS]
    return [(kind, columns) for kind, columns in found if columns]


def _numbers(tracks: Sequence[TrackSpec], columns: Sequence[int], name: str, like: Tensor) -> Tensor:
    return torch.tensor([getattr(tracks[n], name) for n in columns], device=like.device)
