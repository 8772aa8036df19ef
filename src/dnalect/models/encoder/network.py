"""The encoder of every masked model: ids in, hidden states and logits out.

Shapes: B windows, T tokens, C channels, E channels of an embedding, V words.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.encoder.embeddings import Embeddings
from dnalect.models.encoder.layers import Layer
from dnalect.models.encoder.places import Places

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


class Head(nn.Module):
    """Hidden states -> logits of the words: projection, gelu, LayerNorm, decoder.

    A tied decoder is the table of token embeddings, which the caller hands in.
    """

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.dense = nn.Linear(config.width, config.embedding_width)
        self.norm = nn.LayerNorm(config.embedding_width, config.eps)
        self.bias = nn.Parameter(torch.zeros(config.vocabulary))
        if not config.tied:
            self.decoder = nn.Linear(config.embedding_width, config.vocabulary, bias=False)

    def forward(self, x_C: Tensor, words_VE: Tensor | None) -> Tensor:
        """Return logits (..., V) for hidden states (..., C)."""
        table = self.decoder.weight if words_VE is None else words_VE
        return F.linear(self.norm(F.gelu(self.dense(x_C))), table, self.bias)


class Encoder(nn.Module):
    """A stack of layers over embeddings, with a head for masked tokens."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        if config.final_norm:
            self.final_norm = nn.LayerNorm(config.width, config.eps)
        self.head = Head(config)
        self.apply(_initialise)

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
        places = Places.of(self.config, ids_BT, mask_BT, self.embeddings.words.weight.dtype)
        x_BTC = self.embeddings(ids_BT, mask_BT, places, soft_BTV)
        states, weights = [x_BTC], []
        for layer in self.layers:
            x_BTC, seen = layer(x_BTC, places, attentions)
            if every:
                states.append(x_BTC)
            if attentions:
                weights.append(seen)
        if self.config.final_norm:
            x_BTC = self.final_norm(x_BTC)
            states[-1] = x_BTC
        return States(x_BTC, tuple(states) if every else (), tuple(weights))

    def logits(self, x_C: Tensor) -> Tensor:
        """Return logits (..., V) of hidden states (..., C): all of them, or just those of some tokens."""
        out: Tensor = self.head(x_C, self.embeddings.words.weight if self.config.tied else None)
        return out


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding | nn.Conv1d):
        nn.init.normal_(module.weight, std=INITIAL_SPREAD)
    if isinstance(module, nn.Linear | nn.Conv1d) and module.bias is not None:
        nn.init.zeros_(module.bias)


def count_parameters(config: EncoderConfig) -> int:
    """Return the number of parameters of an encoder, without allocating them.

    One and two layers are built, on the meta device: a config may ask for very many.
    """
    with torch.device("meta"):
        one, two = (
            sum(parameter.numel() for parameter in Encoder(replace(config, layers=layers)).parameters())
            for layers in (1, 2)
        )
    return one + (config.layers - 1) * (two - one)
