"""A language model that reads a sequence as one vector, and heads on that vector: what is fine-tuned.

Shapes: B sequences, T tokens, C channels, P channels of the pooled vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError, ModelError
from dnalect.genome.windows.alleles import SPECIAL_TOKENS
from dnalect.models.fusion import Fusion
from dnalect.models.heads import Heads
from dnalect.models.model import Model
from dnalect.models.precision import as_tensor

POOLS = ("mean", "max", "mean-max", "summary")
# Of classifiers: where in the sequence something stands may count.
READINGS = (*POOLS, "eighths")
STRETCHES = 8
_LOWEST = -1e4
Singles = npt.NDArray[np.float32]
_BASES = frozenset("ACGTacgt")


@dataclass(frozen=True)
class Reading:
    """How a sequence becomes a vector.

    pool: "mean" or "max" over the tokens that cover bases, "mean-max" (both, side by side), "eighths"
    (the mean over each eighth of the sequence, side by side), or "summary", the special token at the
    beginning. layer: whose states, None for the last.
    strands: 2 to average what the heads give for both strands, 1 for the given one.
    longest: bases; of a longer sequence the middle is read.
    """

    pool: str = "mean"
    layer: int | None = None
    strands: int = 1
    longest: int = 1 << 24

    def __post_init__(self) -> None:
        if self.pool not in READINGS:
            raise ConfigError(f"a pooling is one of {', '.join(READINGS)}, not {self.pool!r}")
        if self.strands not in (1, 2) or self.longest < 1:
            raise ConfigError(f"strands are 1 or 2 and `longest` is at least 1: {self}")

    def width(self, channels: int) -> int:
        """Channels of the pooled vector."""
        return {"mean-max": 2, "eighths": STRETCHES}.get(self.pool, 1) * channels


class Pooled(nn.Module):
    """The network of a language model with heads on its pooled states, and on the signals beside them where it fuses.

    forward(encoding) -> {head: (B, outputs)} raw: logits, or standardised signal. Gradients
    reach whatever of the network wants them.
    """

    def __init__(self, base: Model, heads: Heads, reading: Reading, fusion: Fusion | None = None):
        super().__init__()
        check_reading(base, reading)
        self.base, self.reading = base, reading
        self.network: nn.Module = base.network
        self.heads, self.fusion = heads, fusion

    def forward(self, encoding: Encoding) -> dict[str, Tensor]:
        """Return what every head gives for a batch."""
        return self.answers(self.vectors(encoding), encoding.signals)

    def answers(self, vectors: Tensor, signals: Singles | Tensor | None = None) -> dict[str, Tensor]:
        """Return what every head gives for pooled states (B, P), and for signals (B, S, K) where the model fuses."""
        if self.fusion is not None:
            given = torch.from_numpy(signals) if isinstance(signals, np.ndarray) else signals
            vectors = self.fusion(vectors, None if given is None else given.to(vectors.device))
        return {name: self.heads(name, vectors) for name in self.heads.specs}

    def vectors(self, encoding: Encoding) -> Tensor:
        """Return the pooled states (B, P) float32."""
        return pool_states(self.base.states(encoding, self.reading.layer), encoding, self.reading.pool)

    def cut(self, sequences: Sequence[str]) -> list[str]:
        """Return the middle `longest` bases of each sequence; fewer where unknown bases need too many tokens."""
        return cut(self.base, self.reading, sequences)


def cut(base: Model, reading: Reading, sequences: Sequence[str]) -> list[str]:
    """Return the middle `longest` bases of each sequence; fewer where unknown bases need too many tokens."""
    longest = min(reading.longest, base.can.context_bases)
    return [_fitting(base, middle(sequence, longest)) for sequence in sequences]


def pool_states(states: Tensor, encoding: Encoding, pool: str) -> Tensor:
    """Return the states (B, T, C) as one vector a sequence (B, P) float32; zeros where no token covers a base."""
    if pool == "summary":
        return states[:, 0].float()
    inside = as_tensor(encoding.covering, states.device)[..., None]
    states = states.float()
    if pool == "eighths":
        return _stretches(states, torch.from_numpy(encoding.spans.astype(np.float32)).to(states.device))
    parts = []
    if pool in ("mean", "mean-max"):
        parts.append((states * inside).sum(1) / inside.sum(1).clamp(min=1))
    if pool in ("max", "mean-max"):
        highest = states.masked_fill(~inside, _LOWEST).amax(1)
        parts.append(torch.where(inside.any(1), highest, torch.zeros_like(highest)))
    return torch.cat(parts, dim=-1)


def _stretches(states: Tensor, spans_BT2: Tensor) -> Tensor:
    """Return the mean over each eighth of a sequence (B, 8 * C): a token counts by the bases that it has there."""
    low, high = spans_BT2[..., :1], spans_BT2[..., 1:]
    ends = torch.arange(STRETCHES + 1, device=states.device) / STRETCHES * high.amax(1, keepdim=True)
    share_BTS = (torch.minimum(high, ends[..., 1:]) - torch.maximum(low, ends[..., :-1])).clamp(min=0)
    sums = torch.einsum("bts,btc->bsc", share_BTS, states)
    return (sums / share_BTS.sum(1).clamp(min=1e-6)[..., None]).flatten(1)


def symmetric(vectors: Singles, width: int, turned: bool = False) -> Singles:
    """Return `over_both_strands` of an array."""
    mean: Singles = over_both_strands(torch.from_numpy(vectors), width, turned).numpy()
    return mean


def over_both_strands(vectors: Tensor, width: int, turned: bool = False) -> Tensor:
    """Return the mean of vectors (n, width or several of them) and those of the reverse complements.

    For models whose strands are "halves": there the halves, one a strand, have changed places. width: channels
    of the states. turned: of several vectors along the sequence, the first and the last have, too.
    """
    halves = vectors.reshape(len(vectors), vectors.shape[1] // width, 2, width // 2)
    other = halves.flip(1, 2) if turned else halves.flip(2)
    return ((halves + other) / 2).reshape(vectors.shape)


def middle(sequence: str, longest: int) -> str:
    """Return the middle bases of a sequence, the whole where it is not longer."""
    low = max(0, (len(sequence) - longest) // 2)
    return sequence[low : low + longest]


def _fitting(base: Model, text: str) -> str:
    """Return the text, or its middle that fits with a token for every base: words begin anew at unknown bases."""
    if base.can.positions is None or _BASES.issuperset(text):
        return text
    room = max(1, base.can.positions - SPECIAL_TOKENS)
    crowded = len(text) > room and base.tokenizer.encode([text]).input_ids.shape[1] > base.can.positions
    return middle(text, room) if crowded else text


def check_reading(base: Model, reading: Reading) -> None:
    """Raise ModelError where a model can't be read so."""
    if reading.pool == "summary" and not base.tokenizer.head:
        raise ModelError(f"{base.card.id} has no summary token at the beginning; pool with mean, max or mean-max")
    if reading.pool == "summary" and base.can.left:
        raise ModelError(f"the first token of {base.card.id} reads no other one; pool with mean, max or mean-max")
    if reading.layer is not None and not 0 <= reading.layer <= base.can.layers:
        raise ModelError(f"{base.card.id} has the layers 0 (embedding) to {base.can.layers}, not {reading.layer}")
