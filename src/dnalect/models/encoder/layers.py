"""One layer of the encoder: attention and feed-forward, in every published make.

Shapes: B windows, T tokens, C channels, N heads, D channels of a head.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.encoder.places import Places, rotated

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "silu": F.silu}


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani 2017); projections fused or apart."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.heads, self.fused, self.dropout = config.heads, config.fused, config.attention_dropout
        width = config.width
        if config.fused:
            self.qkv = nn.Linear(width, 3 * width)
        else:
            self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)

    def forward(self, x_BTC: Tensor, places: Places, weights: bool = False) -> tuple[Tensor, Tensor | None]:
        """Return the output (B, T, C) and, where asked for, the attention (B, N, T, T)."""
        query, key, value = self._projected(x_BTC)
        if places.rotation is not None:
            query, key = rotated(query, places.rotation), rotated(key, places.rotation)
        rate = self.dropout if self.training else 0.0
        seen = None
        if weights:
            scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
            scores = scores if places.bias is None else scores + places.bias
            seen = scores.float().softmax(-1).to(value.dtype)
            mixed = F.dropout(seen, rate) @ value
        else:
            mixed = F.scaled_dot_product_attention(query, key, value, places.bias, dropout_p=rate)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out, seen

    def _projected(self, x_BTC: Tensor) -> tuple[Tensor, ...]:
        if self.fused:
            parts = self.qkv(x_BTC).chunk(3, dim=-1)
        else:
            parts = self.query(x_BTC), self.key(x_BTC), self.value(x_BTC)
        return tuple(part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)


class Plain(nn.Module):
    """Two projections with an activation between them."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.activation = ACTIVATIONS[config.activation]
        self.up = nn.Linear(config.width, config.hidden, bias=config.up_bias)
        self.down = nn.Linear(config.hidden, config.width, bias=config.down_bias)

    def forward(self, x_BTC: Tensor, places: Places) -> Tensor:
        out: Tensor = self.down(self.activation(self.up(x_BTC)))
        return out


class Gated(nn.Module):
    """A gated linear unit (Shazeer 2020): the first half, activated, times the second."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.activation = ACTIVATIONS[config.activation]
        self.up = nn.Linear(config.width, 2 * config.hidden, bias=config.up_bias)
        self.down = nn.Linear(config.hidden, config.width, bias=config.down_bias)

    def forward(self, x_BTC: Tensor, places: Places) -> Tensor:
        gate, value = self.up(x_BTC).chunk(2, dim=-1)
        out: Tensor = self.down(self.activation(gate) * value)
        return out


class Convolution(nn.Module):
    """One convolution of a few tokens; what lies outside the window is zero."""

    def __init__(self, channels: int, kernel: int):
        super().__init__()
        self.kernel = kernel
        self.conv = nn.Conv1d(channels, channels, kernel)

    def forward(self, x_BTC: Tensor, places: Places) -> Tensor:
        before = (self.kernel - 1) // 2
        x_BCT = (x_BTC * places.inside_BT1).transpose(1, 2)
        out: Tensor = self.conv(F.pad(x_BCT, (before, self.kernel - 1 - before))).transpose(1, 2)
        return out


def feed_forward(config: EncoderConfig) -> nn.Module:
    """Return the feed-forward sub-layer that a config asks for."""
    if config.feed_forward == "convolution":
        return Convolution(config.width, 3)
    return Gated(config) if config.feed_forward == "gated" else Plain(config)


class Layer(nn.Module):
    """Attention and feed-forward, each with a residual sum and a LayerNorm."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.pre = config.norm == "pre"
        self.blind = config.blind_id is not None
        self.attention = Attention(config)
        self.attention_norm = nn.LayerNorm(config.width, config.eps)
        self.feed_forward = feed_forward(config)
        self.feed_forward_norm = nn.LayerNorm(config.width, config.eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x_BTC: Tensor, places: Places, weights: bool = False) -> tuple[Tensor, Tensor | None]:
        """Return (B, T, C) and, where asked for, the attention (B, N, T, T)."""
        if self.pre:
            mixed, seen = self._attend(self.attention_norm(x_BTC), places, weights)
            x_BTC = x_BTC + mixed
            return x_BTC + self._forward(self.feed_forward_norm(x_BTC), places), seen
        mixed, seen = self._attend(x_BTC, places, weights)
        x_BTC = self.attention_norm(x_BTC + mixed)
        return self.feed_forward_norm(x_BTC + self._forward(x_BTC, places)), seen

    def _attend(self, x_BTC: Tensor, places: Places, weights: bool) -> tuple[Tensor, Tensor | None]:
        mixed, seen = self.attention(x_BTC, places, weights)
        if self.blind:
            mixed = mixed * places.seen_BT1
        return self.dropout(mixed), seen

    def _forward(self, x_BTC: Tensor, places: Places) -> Tensor:
        out: Tensor = self.dropout(self.feed_forward(x_BTC, places))
        return out
