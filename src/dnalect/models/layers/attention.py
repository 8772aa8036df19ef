"""Attention of every published make.

Shapes: B windows, T tokens, C channels, N heads, D channels of a head.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.positions import Folders, rotated


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani 2017).

    fused: query, key and value are one projection, in this order. biases: of the projections.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0, fused: bool = False, biases: bool = True):
        super().__init__()
        self.heads, self.fused, self.dropout = heads, fused, dropout
        if fused:
            self.qkv = nn.Linear(width, 3 * width, bias=biases)
        else:
            self.query, self.key, self.value = (nn.Linear(width, width, bias=biases) for _ in range(3))
        self.out = nn.Linear(width, width, bias=biases)

    def forward(self, x_BTC: Tensor, places: Folders, weights: bool = False) -> tuple[Tensor, Tensor | None]:
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


class GroupedAttention(nn.Module):
    """Attention of all tokens to all, groups of heads sharing key and value, as flash-attn lays it out.

    One projection gives the queries of all heads, then the keys of all groups, then their values. The first channels
    of each head are turned by its place, the others are not.
    """

    def __init__(self, width: int, heads: int, groups: int):
        super().__init__()
        self.head, self.parts, self.share = width // heads, (heads, groups, groups), heads // groups
        self.qkv = nn.Linear(width, sum(self.parts) * self.head)
        self.out = nn.Linear(width, width)

    def forward(self, x_BTC: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        """rotation: cosines and sines (T, D) of the channels that are turned."""
        heads = self.qkv(x_BTC).unflatten(-1, (-1, self.head)).transpose(1, 2)
        query, key, value = heads.split(self.parts, 1)
        turned = rotation[0].shape[-1]
        query, key = (
            torch.cat([rotated(each[..., :turned], rotation), each[..., turned:]], -1) for each in (query, key)
        )
        key, value = (each.repeat_interleave(self.share, 1) for each in (key, value))
        out: Tensor = self.out(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))
        return out
