"""Signals beside the sequence: read by small networks, and joined with the vector that a language model has of it.

Shapes: B sequences, P channels of the pooled vector, S signals, K bins, E channels of a signal, F of what is fused.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.errors import ConfigError, ModelError
from dnalect.models.weights import load_weights, save_weights

FILE = "fusion.safetensors"
FUSIONS = ("gated", "late", "early")
# Channels of a signal's encoder, of what it gives, and of the joint network; bins that its first layer joins.
CHANNELS, SIGNAL, JOINT, STEP = 8, 16, 64, 4
DROPOUT = 0.1
# Share of the channels of the sequence's vector that training hides: there are more of them than signals.
HIDDEN = 0.5
LARGEST = 1 << 16


@dataclass(frozen=True)
class Beside:
    """What is read beside a sequence, and how.

    names: of the signals. kind: one of FUSIONS. window: bases around the middle of the sequence, in so many `bins`.
    missing: share of the signals that training hides, so that the model can do without any of them. blind: the
    sequence is not read, which is the rival that shows what the sequence adds.
    """

    names: tuple[str, ...]
    kind: str = "gated"
    window: int = 4096
    bins: int = 32
    missing: float = 0.2
    blind: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        if self.kind not in FUSIONS:
            raise ConfigError(f"a fusion is one of {', '.join(FUSIONS)}, not {self.kind!r}")
        if not self.names or len(set(self.names)) < len(self.names):
            raise ConfigError(f"signals have names, each its own: {', '.join(self.names) or 'none was given'}")
        if not (0 < self.bins <= self.window <= LARGEST * self.bins and self.bins % STEP == 0):
            raise ConfigError(f"{self.bins} bins of {self.window:,} bases: give bins by {STEP}, and a base for each")
        if not 0 <= self.missing < 1 or self.bins * len(self.names) > LARGEST:
            raise ConfigError(f"hidden signals are a share of all of them, below 1, not {self.missing}")


class Each(nn.Module):
    """A linear map of its own for each signal: (B, S, in) -> (B, S, out)."""

    def __init__(self, count: int, inside: int, outside: int):
        super().__init__()
        bound = inside**-0.5
        self.weight = nn.Parameter(torch.empty(count, inside, outside).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(count, outside).uniform_(-bound, bound))

    def forward(self, given: Tensor) -> Tensor:
        """Return the mapped channels."""
        return torch.bmm(given.transpose(0, 1), self.weight).transpose(0, 1) + self.bias


class Signals(nn.Module):
    """A small convolutional network of its own for each signal: levels (B, S, K) -> (B, S, E).

    Words of 2 * STEP bins, STEP apart, are read alike; what they give is joined by place.
    """

    def __init__(self, count: int, bins: int):
        super().__init__()
        self.words = Each(count, 2 * STEP, CHANNELS)
        self.places = Each(count, CHANNELS * (bins // STEP), SIGNAL)

    def forward(self, levels: Tensor) -> Tensor:
        """Return what is read of each signal."""
        words = F.pad(levels, (STEP // 2, STEP // 2)).unfold(-1, 2 * STEP, STEP)
        count, places = words.shape[1:3]
        read = self.words(words.transpose(1, 2).reshape(-1, count, 2 * STEP))
        read = F.gelu(read).view(len(levels), places, count, CHANNELS).transpose(1, 2)
        return F.gelu(self.places(read.flatten(2)))


class Fusion(nn.Module):
    """Vectors (B, P) and signals (B, S, K), NaN where one is missing -> fused vectors (B, F), which heads read.

    gated: kinds of data are brought to the same channels, and gates, which see all of them, say how much of each
    counts. late: every kind has channels of its own, so that what a head reads of them is summed. early: one network
    reads the sequence's vector and the bins side by side.
    """

    def __init__(self, beside: Beside, width: int):
        super().__init__()
        self.beside, self.width, count = beside, width, len(beside.names)
        # Saved with the weights, and learned by no gradient.
        self.centre = nn.Parameter(torch.zeros(width), requires_grad=False)
        self.scale = nn.Parameter(torch.ones(width), requires_grad=False)
        self.hide = nn.Dropout(HIDDEN)
        if beside.kind == "early":
            self.sequence = nn.Linear(width, JOINT)
            inputs = JOINT + count * (beside.bins + 1)
            self.joint = nn.Sequential(
                nn.Linear(inputs, 2 * JOINT), nn.GELU(), nn.Dropout(DROPOUT), nn.Linear(2 * JOINT, JOINT), nn.GELU()
            )
            return
        self.signals = Signals(count, beside.bins)
        if beside.kind == "gated":
            self.sequence = nn.Linear(width, JOINT)
            self.each = Each(count, SIGNAL, JOINT)
            self.gates = nn.Sequential(
                nn.Linear(JOINT + count * (SIGNAL + 1), JOINT), nn.GELU(), nn.Linear(JOINT, (count + 1) * JOINT)
            )
            self.joint = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(JOINT, JOINT), nn.GELU())

    @property
    def out_width(self) -> int:
        """F."""
        return self.width + len(self.beside.names) * (SIGNAL + 1) if self.beside.kind == "late" else JOINT

    def standardise(self, vectors: Tensor) -> None:
        """Take centre and spread of the channels from vectors (n, P) that are learned from."""
        spread = vectors.std(dim=0, unbiased=False)
        with torch.no_grad():
            self.centre.copy_(vectors.mean(dim=0))
            self.scale.copy_(torch.where(spread > 1e-6, spread, torch.ones_like(spread)))

    def forward(self, vectors: Tensor, signals: Tensor | None) -> Tensor:
        """Return (B, F). signals: None where all are missing. In training some are hidden."""
        beside, count = self.beside, len(self.beside.names)
        if signals is None:
            signals = vectors.new_full((len(vectors), count, beside.bins), torch.nan)
        sequence = torch.zeros_like(vectors) if beside.blind else (vectors - self.centre) / self.scale
        sequence = self.hide(sequence)
        there = ~signals.isnan().all(-1)
        if self.training:
            there = there & (torch.rand(there.shape, device=there.device) >= beside.missing)
        levels, known = signals.nan_to_num() * there[..., None], there.float()
        if beside.kind == "early":
            joined: Tensor = self.joint(torch.cat([self.sequence(sequence), levels.flatten(1), known], dim=-1))
            return joined
        read = self.signals(levels) * known[..., None]
        if beside.kind == "late":
            return torch.cat([sequence, read.flatten(1), known], dim=-1)
        first = self.sequence(sequence)
        each = self.each(read) * known[..., None]
        gates = self.gates(torch.cat([first, read.flatten(1), known], dim=-1)).view(len(read), count + 1, JOINT)
        kinds = torch.cat([first[:, None], each], dim=1)
        fused: Tensor = self.joint((gates.sigmoid() * kinds.tanh()).sum(1))
        return fused


def save_fusion(folder: Path, fusion: Fusion) -> dict[str, Any]:
    """Write fusion.safetensors and return what the card must say of it."""
    save_weights(fusion, folder / FILE)
    return {**asdict(fusion.beside), "width": fusion.width}


def load_fusion(folder: Path, told: dict[str, Any]) -> Fusion | None:
    """Load what `save_fusion` wrote, in eval mode; None where the card says nothing of it. told: of the card.

    Raises ModelError where the card's fields are wrong, or the tensors are not those of them.
    """
    if not told:
        return None
    try:
        fields = dict(told)
        width = int(fields.pop("width"))
        if not 0 < width <= LARGEST:
            raise ConfigError(f"a vector of {width} channels is out of range")
        with torch.random.fork_rng(devices=[]):
            fusion = Fusion(Beside(**fields), width)
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise ModelError(f"{folder}: the card's 'fusion' has missing or wrong fields: {error}") from error
    load_weights(fusion, folder / FILE)
    return fusion.eval()
