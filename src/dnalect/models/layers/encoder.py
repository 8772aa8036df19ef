"""The encoder of every masked model: ids in, hidden states and logits out. Its blocks are handed in.

Shapes: B windows, T tokens, C channels, E channels of an embedding, V words.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.attention import Attention
from dnalect.models.layers.bytenet import OneHot
from dnalect.models.layers.embeddings import Embeddings
from dnalect.models.layers.positions import Folders, Sight, TwoSights
from dnalect.models.layers.sizes import Sizes

INITIAL_SPREAD = 0.02


@dataclass(frozen=True)
class States:
    """What a pass leaves.

    last: (B, T, C) after all layers and the final norm. every: (B, T, C) each, the embeddings,
    then each layer's output; the last one is `last`. attentions: (B, N, T, T) of each layer.
    Both tuples are empty unless they were asked for.
    """

    last: Tensor
    every: tuple[Tensor, ...] = ()
    attentions: tuple[Tensor, ...] = ()


class Layer(nn.Module):
    """Attention and feed-forward, each with a residual sum and a LayerNorm: after the sum, or before ("pre")."""

    def __init__(self, sizes: Sizes, attention: Attention, feed_forward: nn.Module, pre: bool = False):
        super().__init__()
        self.pre = pre
        self.attention = attention
        self.attention_norm: nn.Module = nn.LayerNorm(sizes.width, sizes.eps, bias=sizes.norm_biases)
        self.feed_forward = feed_forward
        self.feed_forward_norm = nn.LayerNorm(sizes.width, sizes.eps, bias=sizes.norm_biases)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(
        self, x_BTC: Tensor, places: Folders, weights: bool = False, blind: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Return (B, T, C) and, where asked for, the attention (B, N, T, T). blind: some tokens attend to none."""
        mixed, seen = self.attention(self.attention_norm(x_BTC) if self.pre else x_BTC, places, weights)
        if blind:
            mixed = mixed * places.seen_BT1
        x_BTC = x_BTC + self.dropout(mixed)
        if self.pre:
            return x_BTC + self.dropout(self.feed_forward(self.feed_forward_norm(x_BTC), places)), seen
        x_BTC = self.attention_norm(x_BTC)
        return self.feed_forward_norm(x_BTC + self.dropout(self.feed_forward(x_BTC, places))), seen


class NearLayer(Layer):
    """A layer whose tokens attend to those around them."""

    def forward(
        self, x_BTC: Tensor, places: Folders, weights: bool = False, blind: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """See `Layer.forward`."""
        assert places.near is not None
        return super().forward(x_BTC, places.near, weights, blind)


class Head(nn.Module):
    """Hidden states -> logits of the words: projection, gelu, LayerNorm, decoder.

    embedding: E, 0 for the width. biases: of the projection. A tied decoder is the table of token embeddings, which the
    caller hands in.
    """

    def __init__(self, sizes: Sizes, embedding: int = 0, tied: bool = True, biases: bool = True):
        super().__init__()
        inner = embedding or sizes.width
        self.dense = nn.Linear(sizes.width, inner, bias=biases)
        self.norm = nn.LayerNorm(inner, sizes.eps, bias=sizes.norm_biases)
        self.bias = nn.Parameter(torch.zeros(sizes.vocabulary))
        self.decoder = None if tied else nn.Linear(inner, sizes.vocabulary, bias=False)

    def forward(self, x_C: Tensor, words_VE: Tensor | None) -> Tensor:
        """Return logits (..., V) for hidden states (..., C)."""
        table = words_VE if self.decoder is None else self.decoder.weight
        assert table is not None
        return F.linear(self.norm(F.gelu(self.dense(x_C))), table, self.bias)


class Encoder(nn.Module):
    """A stack of layers over embeddings, with a head for masked tokens, its weights drawn.

    config: what it was built of. sight: who sees whom. final_norm: one more LayerNorm after the last layer.
    """

    def __init__(
        self,
        config: Sizes,
        embeddings: Embeddings | OneHot,
        layers: Iterable[nn.Module],
        head: nn.Module,
        sight: Sight | TwoSights,
        final_norm: bool = False,
    ):
        super().__init__()
        self.config, self.sight = config, sight
        self.embeddings = embeddings
        self.layers = nn.ModuleList(layers)
        norm = nn.LayerNorm(config.width, config.eps, bias=config.norm_biases) if final_norm else None
        self.final_norm = norm
        self.head = head
        self.apply(initialise)

    def forward(
        self,
        ids_BT: Tensor,
        mask_BT: Tensor,
        every: bool = False,
        attentions: bool = False,
        soft_BTV: Tensor | None = None,
    ) -> States:
        """Read a batch. ids_BT: int64. mask_BT: bool, False for padding, which is on the right.

        soft_BTV: what stands for the words that the ids name.

        every, attentions: keep what each layer gives. Attention is computed by
        scaled_dot_product_attention unless its weights are asked for.
        """
        places = self.sight.places(ids_BT, mask_BT, next(self.parameters()).dtype)
        x_BTC = self.embeddings(ids_BT, mask_BT, places, soft_BTV)
        states, weights = [x_BTC], []
        for layer in self.layers:
            x_BTC, seen = layer(x_BTC, places, attentions, self.sight.blind_id is not None)
            if every:
                states.append(x_BTC)
            if attentions:
                weights.append(seen)
        if self.final_norm is not None:
            x_BTC = self.final_norm(x_BTC)
            states[-1] = x_BTC
        return States(x_BTC, tuple(states) if every else (), tuple(weights))

    def logits(self, x_C: Tensor) -> Tensor:
        """Return logits (..., V) of hidden states (..., C): all of them, or just those of some tokens."""
        out: Tensor = self.head(x_C, self.embeddings.table)
        return out


def initialise(module: nn.Module) -> None:
    """Draw the weights of a layer as BERT and Llama do."""
    if isinstance(module, nn.Linear | nn.Embedding | nn.Conv1d):
        nn.init.normal_(module.weight, std=INITIAL_SPREAD)
    if isinstance(module, nn.Linear | nn.Conv1d) and module.bias is not None:
        nn.init.zeros_(module.bias)
