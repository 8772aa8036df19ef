"""Two causal streams, one along each strand and of the same weights, that meet at every base.

Shapes: B windows, L bases, C channels of a stream.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.causal import Block
from dnalect.tokens.bases import UNKNOWN


class Streams(nn.Module):
    """Gated, dilated, causal convolutions over the window, and over its reverse complement.

    dilations: of the blocks. expansion: hidden width of the feed-forward layers, in widths.
    """

    complement: Tensor

    def __init__(self, width: int, kernel: int, dilations: Sequence[int], expansion: int, dropout: float = 0.0):
        super().__init__()
        self.kernel, self.dilations = kernel, tuple(dilations)
        self.embedding = nn.Embedding(5, width)
        self.blocks = nn.ModuleList(Block(width, kernel, each, width * expansion, dropout) for each in dilations)
        self.norm = nn.LayerNorm(width)
        self.register_buffer("complement", torch.tensor([3, 2, 1, 0, UNKNOWN]), persistent=False)

    @property
    def reach(self) -> int:
        """How many bases on each side of a base its two streams depend on."""
        return (self.kernel - 1) * sum(self.dilations) + 1

    @property
    def doubling(self) -> bool:
        """Whether the dilations are 1, 2, 4, ...: then one base needs only a pyramid."""
        return self.dilations == tuple(2**n for n in range(len(self.dilations)))

    def met(self, codes_BL: Tensor, inside_BL: Tensor, soft_BL4: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the left and the right stream (B, L, C) as they come to each base, before they read it."""
        (states,) = self._streams(codes_BL, inside_BL, (None,), soft_BL4)
        left, right = F.pad(states, (0, 0, 1, 0))[:, :-1].chunk(2)
        return left, right.flip(1)

    def met_at_center(
        self, codes_BL: Tensor, inside_BL: Tensor, soft_BL4: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return both streams (B, C) at the middle base of windows of 2 * reach + 1 bases: only what that depends on.

        Raises ValueError for other windows, and for dilations that don't double.
        """
        reach = self.reach
        if not self.doubling or codes_BL.shape[1] != 2 * reach + 1:
            raise ValueError(f"needs doubling dilations and windows of {2 * reach + 1} bases")
        codes, inside = self._codes_of_both(codes_BL, inside_BL, reach)
        keep = inside.unsqueeze(-1).to(self.embedding.weight.dtype)
        x, last = self._embedded(codes, soft_BL4), keep[:, -1]
        for number, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            if number or soft_BL4 is not None:
                x = block.every_other(x, keep)
            else:
                x = block.every_other_known(codes.where(inside, UNKNOWN + 1), self.embedding.weight)
            keep = keep[:, self.kernel - 1 :: 2]
        left, right = (self.norm(x[:, -1]) * last).chunk(2)
        return left, right

    def features(
        self,
        codes_BL: Tensor,
        inside_BL: Tensor,
        layers: Sequence[int | None] = (None,),
        soft_BL4: Tensor | None = None,
    ) -> list[Tensor]:
        """Return both streams (B, L, 2 * width) as they stand at each base, having read it too, after each of `layers`.

        Where they meet, each is one base earlier: what it sees of base i would be the same
        whatever base i is. Padding is 0. The reverse complement of a window swaps the halves.
        layers: after so many blocks, 0 for the embedding; None for the normed end.
        """
        halves = (states.chunk(2) for states in self._streams(codes_BL, inside_BL, layers, soft_BL4))
        return [torch.cat([left, right.flip(1)], dim=-1) for left, right in halves]

    def _streams(
        self, codes_BL: Tensor, inside_BL: Tensor, layers: Sequence[int | None], soft_BL4: Tensor | None
    ) -> list[Tensor]:
        """States (2 * B, L, C) after each of `layers`: of the windows as they are, then their reverse complements."""
        x, inside = self._both_strands(codes_BL, inside_BL, soft_BL4)
        keep = inside.unsqueeze(-1).to(self.embedding.weight.dtype)
        depth = len(self.blocks)
        last = max(depth if layer is None else layer for layer in layers)
        kept = {}
        for number, block in enumerate([None, *self.blocks[:last]]):
            x = block(x, keep) if block is not None else x
            if number in layers:
                kept[number] = x * keep
        return [self.norm(x) * keep if layer is None else kept[layer] for layer in layers]

    def _both_strands(self, codes_BL: Tensor, inside_BL: Tensor, soft_BL4: Tensor | None) -> tuple[Tensor, Tensor]:
        """The embeddings (2 * B, L, C) of both strands, and where they are inside."""
        codes, inside = self._codes_of_both(codes_BL, inside_BL)
        return self._embedded(codes, soft_BL4), inside

    def _embedded(self, codes: Tensor, soft_BL4: Tensor | None) -> Tensor:
        if soft_BL4 is None:
            return self.embedding(codes)  # type: ignore[no-any-return]
        table = self.embedding.weight
        soft = torch.cat([soft_BL4, soft_BL4.flip(1, 2)])[:, : codes.shape[1]].to(table.dtype)
        return torch.where((codes == UNKNOWN)[..., None], table[UNKNOWN], soft @ table[:UNKNOWN])

    def _codes_of_both(self, codes_BL: Tensor, inside_BL: Tensor, length: int | None = None) -> tuple[Tensor, Tensor]:
        """The codes (2 * B, L) of both strands, cut to their first bases, and where they are inside."""
        codes = torch.cat([codes_BL, self._opposite(codes_BL).flip(1)])[:, :length]
        return codes, torch.cat([inside_BL, inside_BL.flip(1)])[:, :length]

    def _opposite(self, codes: Tensor) -> Tensor:
        """What pairs with each code."""
        return self.complement[codes]
