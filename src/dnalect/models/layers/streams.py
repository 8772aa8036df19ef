"""Two causal streams, one along each strand and of the same weights, that meet at every base.

Shapes: B windows, L bases, C channels of a stream.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.causal import Block
from dnalect.tokens.bases import UNKNOWN


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of several lengths (B,), their codes (B, L) with unknown bases behind the shorter ones."""

    codes: Tensor
    lengths: Tensor

    def rows(self, at_BN: Tensor) -> Tensor:
        """Return the codes (B, N) at some positions, unknown ones before the first."""
        return self.codes.gather(1, at_BN.clamp(min=0)).where(at_BN >= 0, UNKNOWN)


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

    def met_beside(self, windows: Windows, others: Windows, common: int) -> list[tuple[Tensor, Tensor]]:
        """Return what `met` gives of windows, and of others that begin and end with the same `common` bases as these.

        Unknown bases are not read. Of the others a block computes what the bases between can reach; before that they
        are as the windows are, and behind it as those are so many bases further.
        """
        was, new = self._turned(windows), self._turned(others)
        inside, within = ((codes != UNKNOWN).unsqueeze(-1).to(self.embedding.weight.dtype) for codes in (was, new))
        shift = (windows.lengths - others.lengths).repeat(2)[:, None]
        far, length = int(others.lengths.max()) - 2 * common, new.shape[1] - common

        def behind(x_BLC: Tensor, first: int, last: int) -> Tensor:
            at = common + torch.arange(first, last, device=x_BLC.device) + shift
            return x_BLC.gather(1, at.clamp(max=x_BLC.shape[1] - 1)[..., None].expand(-1, -1, x_BLC.shape[2]))

        x, y = self.embedding(was), self.embedding(new[:, common : common + far])
        for block in self.blocks:
            assert isinstance(block, Block)
            reached = min(length, far + (self.kernel - 1) * block.dilation)
            y, far = torch.cat([y, behind(x, far, reached)], dim=1), reached
            x, y = block.beside(x, inside, y, within[:, common : common + far], common)
        x, y = self.norm(x) * inside, self.norm(y) * within[:, common : common + far]
        y = torch.cat([x[:, :common], y, behind(x, far, length)], dim=1)
        return [self._meet(x, windows.lengths), self._meet(y, others.lengths)]

    def _turned(self, windows: Windows) -> Tensor:
        """The codes (2 * B, L) of windows, then of their reverse complements, all from the left."""
        along = torch.arange(windows.codes.shape[1], device=windows.codes.device)
        back = windows.rows(windows.lengths[:, None] - 1 - along)
        return torch.cat([windows.codes, self._opposite(back)])

    def _meet(self, states: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The streams (B, L, C) at each base from their states (2 * B, L, C), all from the left."""
        left, right = F.pad(states, (0, 0, 1, 0))[:, :-1].chunk(2)
        back = (lengths[:, None] - 1 - torch.arange(left.shape[1], device=states.device)).clamp(min=0)
        return left, right.gather(1, back[..., None].expand_as(right))

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
