"""Ids -> the vectors that the first layer reads.

Shapes: B windows, T tokens, V words, E channels of an embedding, C channels of the stack.
"""

from torch import Tensor, nn

from dnalect.core.errors import InputError
from dnalect.models.layers.feed_forward import Convolution
from dnalect.models.layers.positions import Folders
from dnalect.models.layers.sizes import Sizes

# Share of tokens that pretraining shows as masks: 15% chosen, 80% of them masked.
MASKED_IN_TRAINING = 0.15 * 0.8


class Embeddings(nn.Module):
    """Token, type and position embeddings; token dropout, convolutions, norm, projection.

    embedding: E, projected to the width where that is another; 0 for the width. kernels: distinct widths of
    convolutions, whose sum replaces the token embeddings. types: rows of a table of token types, of which only the
    first is used; 0: no table. table: whether positions are learned. offset: rows that their table skips. norm: a
    LayerNorm at the end. dropped: the id of the mask where masked tokens become zeros and the others are scaled to
    the share of masks in training, 12% (Rives 2021).
    """

    def __init__(
        self,
        sizes: Sizes,
        *,
        embedding: int = 0,
        kernels: tuple[int, ...] = (),
        types: int = 0,
        table: bool = True,
        offset: int = 0,
        norm: bool = True,
        dropped: int | None = None,
    ):
        super().__init__()
        self.longest, self.offset, self.dropped = sizes.longest, offset, dropped
        width = embedding or sizes.width
        self.words = nn.Embedding(sizes.vocabulary, width)
        self.convolutions = nn.ModuleDict({str(k): Convolution(width, k) for k in kernels})
        self.types = nn.Embedding(types, width) if types else None
        self.positions = nn.Embedding(offset + sizes.longest, width) if table else None
        self.norm = nn.LayerNorm(width, sizes.eps, bias=sizes.norm_biases) if norm else nn.Identity()
        self.projection = nn.Linear(width, sizes.width) if width != sizes.width else nn.Identity()
        self.dropout = nn.Dropout(sizes.dropout)

    @property
    def table(self) -> Tensor:
        """The token embeddings (V, E), which a tied decoder repeats."""
        return self.words.weight

    def forward(self, ids_BT: Tensor, mask_BT: Tensor, places: Folders, soft_BTV: Tensor | None = None) -> Tensor:
        """Return (B, T, C). Raises InputError where the table of positions is too short."""
        table = self.words.weight
        x_BTE: Tensor = self.words(ids_BT) if soft_BTV is None else soft_BTV.to(table.dtype) @ table
        if self.dropped is not None:
            x_BTE = x_BTE * self._kept(ids_BT, mask_BT)
        if self.convolutions:
            x_BTE = sum(conv(x_BTE, places) for conv in self.convolutions.values())
        if self.types is not None:
            x_BTE = x_BTE + self.types.weight[0]
        if self.positions is not None:
            x_BTE = x_BTE + self._places(self.positions.weight, ids_BT.shape[1])
        out: Tensor = self.projection(self.dropout(self.norm(x_BTE)))
        return out

    def _kept(self, ids_BT: Tensor, mask_BT: Tensor) -> Tensor:
        """0 for masks; for the others the factor (1 - 0.12) / (1 - share of masks), (B, T, 1)."""
        masked_BT = ids_BT == self.dropped
        share_B = (masked_BT & mask_BT).sum(1) / mask_BT.sum(1).clamp_min(1)
        factor_B1 = (1 - MASKED_IN_TRAINING) / (1 - share_B).clamp_min(1 / ids_BT.shape[1])[:, None]
        return (~masked_BT * factor_B1).unsqueeze(-1).to(self.words.weight.dtype)

    def _places(self, table: Tensor, length: int) -> Tensor:
        if length > self.longest:
            raise InputError(
                f"{length} tokens are more than the {self.longest} that the model has positions for; "
                "cut the sequence into shorter windows"
            )
        return table[self.offset : self.offset + length]
