"""A U-Net: convolutions that halve the length, attention in the middle, convolutions back, with what was there added.

Shapes: B windows, T tokens, L places of a level, C channels, V words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.attention import Attention
from dnalect.models.layers.encoder import Layer, States, initialise
from dnalect.models.layers.feed_forward import Gated
from dnalect.models.layers.positions import Sight
from dnalect.models.layers.sizes import Sizes

STEM, WIDE = 15, 5


@dataclass(frozen=True)
class UNetSizes(Sizes):
    """Sizes of the network. layers: of attention. downs: how often the length is halved. tokens: channels of a token.

    filler: the id that fills a window up to a multiple of 2**downs. spread: the way up puts zeros between the places
    (before each where phase is "odd", behind where it is "even"), else it repeats them. skips: what was there on the
    way down is added.
    """

    downs: int = 7
    tokens: int = 16
    filler: int = 10
    spread: bool = False
    phase: str = "odd"
    skips: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(f"{self.downs} halvings are none, or too many", 1 <= self.downs <= 16)
        self.check("a token has at least 1 channel", self.tokens >= 1)
        self.check(f"the filler's id {self.filler} is outside the vocabulary", 0 <= self.filler < self.vocabulary)
        self.check(f"a phase is odd or even, not {self.phase!r}", self.phase in ("odd", "even"))
        self.check("rotary positions need an even head width", self.width // self.heads % 2 == 0)

    @property
    def attends(self) -> bool:
        """There is attention between stretches of 2**downs tokens, and none between tokens."""
        return False

    @property
    def depth(self) -> int:
        """Ways down, attention, ways up."""
        return 2 * self.downs + self.layers

    @property
    def positions(self) -> None:
        """Rotary positions have no end."""


class ConvBlock(nn.Module):
    """A norm, a convolution, an activation. What lies outside the window is zero to the convolution."""

    def __init__(self, width: int, kernel: int, conv: nn.Module | None = None):
        super().__init__()
        self.norm = nn.LayerNorm(width, 1e-5)
        self.conv = conv or nn.Conv1d(width, width, kernel, padding="same")

    def forward(self, x_BLC: Tensor, inside_BL1: Tensor, repeats: int = 1) -> Tensor:
        """Return (B, L, C); inside: of the places that come out. repeats: of what comes in."""
        y = self.norm(x_BLC)
        if repeats > 1:
            y = y.repeat_interleave(repeats, dim=1)
        y = y * inside_BL1[:, :: inside_BL1.shape[1] // y.shape[1]]
        out: Tensor = F.gelu(self.conv(y.transpose(1, 2)).transpose(1, 2), approximate="tanh")
        return out


class Spread(nn.Module):
    """A convolution over twice the places, with zeros between them. weight: (in, out, kernel)."""

    def __init__(self, width: int, kernel: int, phase: str):
        super().__init__()
        self.first = int(phase == "odd")
        self.weight = nn.Parameter(torch.randn(width, width, kernel) * 0.02)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x_BCL: Tensor) -> Tensor:
        wide = x_BCL.new_zeros(*x_BCL.shape[:2], 2 * x_BCL.shape[2])
        wide[:, :, self.first :: 2] = x_BCL
        return F.conv1d(wide, self.weight.transpose(0, 1), self.bias, padding="same")


class Step(nn.Module):
    """A wide block, and one of single places that is added to it: a level on the way down or up."""

    def __init__(self, wide: ConvBlock, single: ConvBlock):
        super().__init__()
        self.wide, self.single = wide, single

    def forward(self, x_BLC: Tensor, inside_BL1: Tensor, repeats: int = 1) -> Tensor:
        x_BLC = self.wide(x_BLC, inside_BL1, repeats)
        out: Tensor = x_BLC + self.single(x_BLC, inside_BL1)
        return out


class UNet(nn.Module):
    """The network, its weights drawn. States of a coarse level are repeated for the tokens that a place stands for."""

    def __init__(self, config: UNetSizes):
        super().__init__()
        self.config, width = config, config.width
        self.words = nn.Embedding(config.vocabulary, config.tokens)
        self.stem = nn.Conv1d(config.tokens, width, STEM, padding="same")
        self.down = nn.ModuleList(Step(ConvBlock(width, WIDE), ConvBlock(width, 1)) for _ in range(config.downs))
        self.layers = nn.ModuleList(
            Layer(
                config,
                Attention(width, config.heads, config.attention_dropout),
                Gated(width, config.hidden, F.silu, biases=(False, False)),
                pre=True,
            )
            for _ in range(config.layers)
        )
        self.up = nn.ModuleList(self._up() for _ in range(config.downs))
        self.head = nn.Linear(width, config.vocabulary)
        self.sight = Sight(config.heads, rotary=width // config.heads)
        self.apply(initialise)

    def _up(self) -> Step:
        width, config = self.config.width, self.config
        wide = ConvBlock(width, WIDE, Spread(width, WIDE, config.phase) if config.spread else None)
        return Step(wide, ConvBlock(width, 1, nn.ConvTranspose1d(width, width, 1)))

    def forward(
        self,
        ids_BT: Tensor,
        mask_BT: Tensor,
        every: bool = False,
        attentions: bool = False,
        soft_BTV: Tensor | None = None,
    ) -> States:
        """Read a batch: see `Encoder.forward`. Each window is filled up by itself: nothing depends on its company."""
        length, fold = ids_BT.shape[1], 2**self.config.downs
        own_B = (mask_BT * torch.arange(1, length + 1, device=mask_BT.device)).amax(1) if length else mask_BT.sum(1)
        filled_B = -(-own_B // fold) * fold
        whole = max(fold, -(-length // fold) * fold)
        x = self._tokens(ids_BT, mask_BT, soft_BTV, whole)
        places = torch.arange(whole, device=ids_BT.device)
        inside = [
            (places[: whole >> level] < (filled_B >> level)[:, None])[..., None].to(x.dtype)
            for level in range(self.config.downs + 1)
        ]
        x = F.gelu(self.stem((x * inside[0]).transpose(1, 2)).transpose(1, 2), approximate="tanh")
        states, kept = [x], []
        for level, step in enumerate(self.down):
            kept.append(x)
            x = step(x, inside[level])
            states.append(x)
            x = x.unflatten(1, (-1, 2)).mean(2)
        ids = ids_BT.new_zeros(x.shape[:2])
        seen = self.sight.places(ids, inside[-1][..., 0].bool(), x.dtype)
        for layer in self.layers:
            x, _ = layer(x, seen)
            states.append(x)
        for level, step in reversed(list(enumerate(self.up[::-1]))):
            x = step(x, inside[level], repeats=1 if self.config.spread else 2)
            x = x + kept[level] if self.config.skips else x
            states.append(x)
        return States(x[:, :length], _at_tokens(states, length, whole) if every else ())

    def _tokens(self, ids_BT: Tensor, mask_BT: Tensor, soft_BTV: Tensor | None, whole: int) -> Tensor:
        """Return the embeddings (B, whole, E), of the filler where there is no token."""
        table = self.words.weight
        found = self.words(ids_BT) if soft_BTV is None else soft_BTV.to(table.dtype) @ table
        filler = table[self.config.filler]
        found = torch.where(mask_BT[..., None], found, filler)
        rest = filler.expand(len(found), whole - found.shape[1], -1)
        return torch.cat([found, rest], dim=1)

    def logits(self, x_C: Tensor) -> Tensor:
        """Return logits (..., V) of hidden states (..., C)."""
        out: Tensor = self.head(F.gelu(x_C, approximate="tanh"))
        return out


def _at_tokens(states: Sequence[Tensor], length: int, whole: int) -> tuple[Tensor, ...]:
    """Return states (B, L, C) of any level for every token (B, T, C)."""
    return tuple(x.repeat_interleave(whole // x.shape[1], dim=1)[:, :length] for x in states)
