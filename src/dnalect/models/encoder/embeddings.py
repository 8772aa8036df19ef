"""Ids -> the vectors that the first layer reads.

Shapes: B windows, T tokens, E channels of an embedding, C channels of the stack.
"""

from torch import Tensor, nn

from dnalect.core.errors import InputError
from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.encoder.layers import Convolution
from dnalect.models.encoder.places import Places

# Share of tokens that pretraining shows as masks: 15% chosen, 80% of them masked.
MASKED_IN_TRAINING = 0.15 * 0.8


class Embeddings(nn.Module):
    """Token, type and position embeddings; token dropout, convolutions, norm, projection."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.config = config
        width = config.embedding_width
        self.words = nn.Embedding(config.vocabulary, width)
        if config.embedding_kernels:
            self.convolutions = nn.ModuleDict({str(k): Convolution(width, k) for k in config.embedding_kernels})
        if config.token_types:
            self.types = nn.Embedding(config.token_types, width)
        if config.positions == "learned":
            self.positions = nn.Embedding(config.position_offset + config.longest, width)
        if config.embedding_norm:
            self.norm = nn.LayerNorm(width, config.eps)
        if width != config.width:
            self.projection = nn.Linear(width, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, ids_BT: Tensor, mask_BT: Tensor, places: Places, soft_BTV: Tensor | None = None) -> Tensor:
        """Return (B, T, C). Raises InputError where the table of positions is too short."""
        config = self.config
        table = self.words.weight
        x_BTE: Tensor = self.words(ids_BT) if soft_BTV is None else soft_BTV.to(table.dtype) @ table
        if config.token_dropout:
            x_BTE = x_BTE * self._kept(ids_BT, mask_BT)
        if config.embedding_kernels:
            x_BTE = sum(conv(x_BTE, places) for conv in self.convolutions.values())
        if config.token_types:
            x_BTE = x_BTE + self.types.weight[0]
        if config.positions == "learned":
            x_BTE = x_BTE + self._places(ids_BT.shape[1])
        if config.embedding_norm:
            x_BTE = self.norm(x_BTE)
        x_BTE = self.dropout(x_BTE)
        return self.projection(x_BTE) if config.embedding_width != config.width else x_BTE

    def _kept(self, ids_BT: Tensor, mask_BT: Tensor) -> Tensor:
        """0 for masks; for the others the factor (1 - 0.12) / (1 - share of masks), (B, T, 1)."""
        masked_BT = ids_BT == self.config.mask_id
        share_B = (masked_BT & mask_BT).sum(1) / mask_BT.sum(1).clamp_min(1)
        factor_B1 = (1 - MASKED_IN_TRAINING) / (1 - share_B).clamp_min(1 / ids_BT.shape[1])[:, None]
        return (~masked_BT * factor_B1).unsqueeze(-1).to(self.words.weight.dtype)

    def _places(self, length: int) -> Tensor:
        if length > self.config.longest:
            raise InputError(
                f"{length} tokens are more than the {self.config.longest} that the model has positions for; "
                "cut the sequence into shorter windows"
            )
        offset = self.config.position_offset
        return self.positions.weight[offset : offset + length]
