"""What every causal network is: ids in, hidden states and logits of the next word out. Its layers are handed in.

Shapes: B windows, T tokens, C channels, V words.
"""

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.encoder import States, initialise
from dnalect.models.layers.positions import Folders
from dnalect.models.layers.sizes import Sizes


class Words(nn.Module):
    """The table of words, and nothing else: positions are the layers' business."""

    def __init__(self, config: Sizes):
        super().__init__()
        self.words = nn.Embedding(config.vocabulary, config.width)

    def forward(self, ids_BT: Tensor, soft_BTV: Tensor | None = None) -> Tensor:
        """Return (B, T, C)."""
        table = self.words.weight
        found: Tensor = self.words(ids_BT) if soft_BTV is None else soft_BTV.to(table.dtype) @ table
        return found


class Stack(nn.Module):
    """Layers over embeddings, a norm, and a head for the next word, its weights drawn.

    What stands on the right of a token changes nothing of it, padding neither. layers: each takes (B, T, C), the places
    of the batch and whether attention is asked for, and gives (B, T, C) and the attention or None. tied: the head is
    the table of words. headless: there is no head, and so no likelihood.
    """

    def __init__(
        self, config: Sizes, layers: Iterable[nn.Module], norm: nn.Module, tied: bool = False, headless: bool = False
    ):
        super().__init__()
        self.config = config
        self.embeddings = Words(config)
        self.layers = nn.ModuleList(layers)
        self.final_norm = norm
        self.head = None if tied or headless else nn.Linear(config.width, config.vocabulary, bias=False)
        self.apply(initialise)

    def places(self, mask_BT: Tensor, x_BTC: Tensor) -> Folders:
        """Work out what the layers read of the places of a batch: here which tokens there are."""
        inside = mask_BT[..., None].to(x_BTC.dtype)
        return Folders(None, None, inside, inside)

    def forward(
        self,
        ids_BT: Tensor,
        mask_BT: Tensor,
        every: bool = False,
        attentions: bool = False,
        soft_BTV: Tensor | None = None,
    ) -> States:
        """Read a batch: see `Encoder.forward`. mask_BT: bool, False for padding, which is on the right."""
        x_BTC = self.embeddings(ids_BT, soft_BTV)
        places = self.places(mask_BT, x_BTC)
        states, weights = [x_BTC], []
        for layer in self.layers:
            x_BTC, seen = layer(x_BTC, places, attentions)
            if every:
                states.append(x_BTC)
            if attentions:
                weights.append(seen)
        x_BTC = self.final_norm(x_BTC)
        states[-1] = x_BTC
        return States(x_BTC, tuple(states) if every else (), tuple(weights))

    def logits(self, x_C: Tensor) -> Tensor:
        """Return logits (..., V) of the word after each of some hidden states (..., C)."""
        table = self.embeddings.words.weight if self.head is None else self.head.weight
        return F.linear(x_C, table)
