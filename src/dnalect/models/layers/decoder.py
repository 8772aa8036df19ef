"""The decoder of every causal model: ids in, hidden states and logits of the next word out.

Shapes: B windows, T tokens, C channels, N heads, G groups of heads that share a key, D channels of a head, V words.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.feed_forward import Experts, SwiGLU
from dnalect.models.layers.positions import Folders, Scaling, rotary, rotated
from dnalect.models.layers.sizes import Sizes, divisor
from dnalect.models.layers.stack import Stack


@dataclass(frozen=True)
class DecoderSizes(Sizes):
    """Llama, and what Qwen3, Mistral and Mixtral changed.

    groups: of heads that share a key and a value. head: channels of a head. theta: the base of the rotary angles.
    scaling: of these angles, None for none. window: tokens that one attends to, itself included, None for all before
    it. biases: of the projections of the attention. normed: every head of queries and keys has a norm. experts: of
    the feed-forward, 1 for a plain one; used: how many of them a token goes through. tied: the head is the table of
    words. headless: there is no head, and so no likelihood.
    """

    groups: int = 1
    head: int = 64
    theta: float = 10_000.0
    scaling: Scaling | None = None
    window: int | None = None
    biases: bool = False
    normed: bool = False
    experts: int = 1
    used: int = 1
    tied: bool = False
    headless: bool = False
    eps: float = 1e-6

    def __post_init__(self) -> None:
        # A card keeps plain tables.
        if isinstance(self.scaling, dict):
            object.__setattr__(self, "scaling", Scaling(**self.scaling))
        super().__post_init__()
        self.check(f"{self.groups} groups do not divide {self.heads} heads", self.heads % self.groups == 0)
        self.check(f"rotary positions need an even head width, not {self.head}", self.head % 2 == 0)
        self.check(f"theta must be above 1, not {self.theta}", self.theta > 1)
        self.check(f"a window has at least 1 token, not {self.window}", self.window is None or self.window >= 1)
        self.check(f"a token can't go through {self.used} of {self.experts} experts", self.used <= self.experts)

    @property
    def divided(self) -> bool:
        """Whether the heads share the width out: here they have a width of their own."""
        return False

    @property
    def positions(self) -> int | None:
        """Rotary positions have no end."""
        return None

    def _shares(self, share: float) -> dict[str, Any]:
        """Groups are scaled as heads are, to a number that divides these."""
        changed = super()._shares(share)
        return changed | {"groups": divisor(changed["heads"], round(self.groups * share))}


class CausalAttention(nn.Module):
    """Attention of a token to itself and those before it, groups of heads sharing key and value (Ainslie 2023)."""

    def __init__(self, config: DecoderSizes):
        super().__init__()
        self.share, self.head, self.dropout = config.heads // config.groups, config.head, config.attention_dropout
        inner, shared, biases = config.heads * config.head, config.groups * config.head, config.biases
        self.query = nn.Linear(config.width, inner, bias=biases)
        self.key, self.value = (nn.Linear(config.width, shared, bias=biases) for _ in range(2))
        self.out = nn.Linear(inner, config.width, bias=biases)
        self.query_norm = nn.RMSNorm(config.head, config.eps) if config.normed else None
        self.key_norm = nn.RMSNorm(config.head, config.eps) if config.normed else None

    def forward(self, x_BTC: Tensor, places: Folders, weights: bool = False) -> tuple[Tensor, Tensor | None]:
        """Return the output (B, T, C) and, where asked for, the attention (B, N, T, T)."""
        query = _heads(self.query(x_BTC), self.head, self.query_norm)
        key = _heads(self.key(x_BTC), self.head, self.key_norm)
        value = _heads(self.value(x_BTC), self.head)
        assert places.rotation is not None
        query, key = rotated(query, places.rotation), rotated(key, places.rotation)
        key, value = (each.repeat_interleave(self.share, dim=1) for each in (key, value))
        rate = self.dropout if self.training else 0.0
        seen = None
        if weights:
            scores = query @ key.transpose(-1, -2) * self.head**-0.5
            bars = behind(scores.shape[-1], None, scores) if places.bias is None else places.bias
            seen = (scores + bars).float().softmax(-1).to(value.dtype)
            mixed = F.dropout(seen, rate) @ value
        else:
            whole = places.bias is None
            mixed = F.scaled_dot_product_attention(
                query, key, value, places.bias, dropout_p=rate, is_causal=whole, scale=self.head**-0.5
            )
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out, seen


class DecoderLayer(nn.Module):
    """Attention and feed-forward, each after an RMSNorm (Zhang 2019) and with a residual sum."""

    def __init__(self, config: DecoderSizes):
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.width, config.eps)
        self.attention = CausalAttention(config)
        self.feed_forward_norm = nn.RMSNorm(config.width, config.eps)
        self.feed_forward: nn.Module = (
            SwiGLU(config.width, config.hidden)
            if config.experts == 1
            else Experts(config.width, config.hidden, config.experts, config.used)
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x_BTC: Tensor, places: Folders, weights: bool = False) -> tuple[Tensor, Tensor | None]:
        """Return (B, T, C) and, where asked for, the attention (B, N, T, T)."""
        mixed, seen = self.attention(self.attention_norm(x_BTC), places, weights)
        x_BTC = x_BTC + self.dropout(mixed)
        return x_BTC + self.dropout(self.feed_forward(self.feed_forward_norm(x_BTC), places)), seen


class Decoder(Stack):
    """Causal attention over embeddings (Llama and its kin), its weights drawn."""

    config: DecoderSizes

    def __init__(self, config: DecoderSizes):
        layers = (DecoderLayer(config) for _ in range(config.layers))
        super().__init__(config, layers, nn.RMSNorm(config.width, config.eps), config.tied, config.headless)

    def places(self, mask_BT: Tensor, x_BTC: Tensor) -> Folders:
        """Work out the places of a batch: see `Stack.places`."""
        config, length = self.config, mask_BT.shape[1]
        inside = mask_BT[..., None].to(x_BTC.dtype)
        return Folders(
            behind(length, config.window, x_BTC) if config.window is not None and config.window < length else None,
            rotary(length, config.head, mask_BT.device, config.theta, config.scaling),
            inside,
            inside,
        )


def behind(length: int, window: int | None, like: Tensor) -> Tensor:
    """Return what is added to the scores (1, 1, T, T): 0 for a token and the `window` - 1 before it, else never."""
    at = torch.arange(length, device=like.device)
    back = at[:, None] - at[None, :]
    barred = (back < 0) if window is None else (back < 0) | (back >= window)
    return torch.zeros(barred.shape, dtype=like.dtype, device=like.device).masked_fill(
        barred, torch.finfo(like.dtype).min
    )[None, None]


def _heads(x_BTC: Tensor, width: int, norm: nn.Module | None = None) -> Tensor:
    split = x_BTC.view(*x_BTC.shape[:-1], -1, width)
    return (split if norm is None else norm(split)).transpose(1, 2)
