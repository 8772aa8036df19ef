"""A block of dilated causal convolutions.

Shapes: B windows, L bases, C channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Taps of a convolution that are looked up in one table, which has a row for each of their words (6 ** 3 of bases).
TOGETHER = 3


@dataclass(frozen=True, eq=False)
class Trace:
    """A pass through a block: what came in (B, L, C), what its convolution read and said (B, L, 2C), what is inside."""

    came: Tensor
    read: Tensor
    said: Tensor
    inside: Tensor

    def windows(self, strand: int, at_NL: Tensor) -> "Trace":
        """Return what it was of one row at the positions `at` (N, L)."""
        return Trace(*(each[strand][at_NL] for each in (self.came, self.read, self.said, self.inside)))


class Block(nn.Module):
    """Gated causal convolution and feed-forward layer, each pre-normed and residual."""

    def __init__(self, width: int, kernel: int, dilation: int, hidden: int, dropout: float = 0.0):
        super().__init__()
        self.dilation = dilation
        self.norm1 = nn.LayerNorm(width)
        self.conv = nn.Conv2d(width, 2 * width, (1, kernel))
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BLC: Tensor, inside_BL1: Tensor) -> Tensor:
        x_BLC = x_BLC + self.dropout(self._gate(self._padded(self.read(x_BLC, inside_BL1)), self.dilation))
        return x_BLC + self._feed_forward(x_BLC)

    def read(self, x_BLC: Tensor, inside_BL1: Tensor) -> Tensor:
        """Return what the convolution reads (B, L, C)."""
        h_BLC: Tensor = self.norm1(x_BLC) * inside_BL1
        return h_BLC

    def traced(self, x_BLC: Tensor, inside_BL1: Tensor) -> tuple[Tensor, Trace]:
        """Return what `forward` gives, and what `changed` needs to know of it."""
        h = self.read(x_BLC, inside_BL1)
        said = self._convolved(self._padded(h), self.dilation)
        x = x_BLC + F.glu(said, dim=-1)
        return x + self._feed_forward(x), Trace(x_BLC, h, said, inside_BL1)

    def changed(self, x_NEC: Tensor, was: Trace) -> Tensor:
        """Return what the block gives (..., L, C) where x came in for the first E bases, and what was for the rest.

        was: of the L bases. A convolution is linear, so that only what changed is convolved.
        """
        kernel, length, far = self.conv.kernel_size[1], was.said.shape[-2], x_NEC.shape[-2]
        moved = self.read(x_NEC, was.inside[..., :far, :]) - was.read[..., :far, :]
        said = was.said.expand(*x_NEC.shape[:-2], -1, -1).clone()
        for tap, weight in enumerate(self.conv.weight[:, :, 0].permute(2, 1, 0)):
            away = (kernel - 1 - tap) * self.dilation
            if (reached := min(far, length - away)) > 0:
                said[..., away : away + reached, :] += moved[..., :reached, :] @ weight
        rest = was.came[..., far:, :].expand(*x_NEC.shape[:-2], -1, -1)
        x = torch.cat([x_NEC, rest], dim=-2) + F.glu(said, dim=-1)
        return x + self._feed_forward(x)

    def beside(self, x_BLC: Tensor, keep_BL1: Tensor, y_BEC: Tensor, kept_BE1: Tensor, start: int) -> list[Tensor]:
        """Return what `forward` gives of x (B, L, C), and of y (B, E, C), which stands from `start` on, after x."""
        h, other = self.read(x_BLC, keep_BL1), self.read(y_BEC, kept_BE1)
        away = (self.conv.kernel_size[1] - 1) * self.dilation
        before = F.pad(h[:, max(0, start - away) : start], (0, 0, max(0, away - start), 0))
        each = ((x_BLC, self._padded(h)), (y_BEC, torch.cat([before, other], dim=1)))
        said = [came + self._gate(padded, self.dilation) for came, padded in each]
        return [x + self._feed_forward(x) for x in said]

    def every_other(self, x_BLC: Tensor, inside_BL1: Tensor) -> Tensor:
        """The same block where the next one reads every second position only.

        The rows of x are already `dilation` bases apart, so the convolution has no
        dilation and a stride of 2; the last row is the position that counts.
        """
        h = self.read(x_BLC, inside_BL1)
        skip = x_BLC[:, self.conv.kernel_size[1] - 1 :: 2]
        x_BLC = skip + self._gate(h, 1, stride=2)
        return x_BLC + self._feed_forward(x_BLC)

    def every_other_known(self, codes_BL: Tensor, table_SC: Tensor) -> Tensor:
        """`every_other` of `table[codes]`, where codes are few; padding has the code after the last one.

        Then the convolution is a sum of what it says of each code at each tap, and neighbouring taps are looked up
        together, by their word.
        """
        kernel, padding, table_SC = self.conv.kernel_size[1], len(table_SC), F.pad(table_SC, (0, 0, 0, 1))
        read = self.read(table_SC, (torch.arange(padding + 1, device=table_SC.device) < padding)[:, None])
        taps = torch.einsum("sc,dck->ksd", read.float(), self.conv.weight[:, :, 0].float())
        came = table_SC[codes_BL[:, kernel - 1 :: 2]]
        said = taps.new_zeros(()) if self.conv.bias is None else self.conv.bias.float()
        for first in range(0, kernel, TOGETHER):
            words, table = torch.zeros_like(codes_BL[:, : came.shape[1]]), taps.new_zeros((1, taps.shape[2]))
            for tap in range(first, min(first + TOGETHER, kernel)):
                words = words * (padding + 1) + codes_BL[:, tap::2][:, : came.shape[1]]
                table = (table[:, None] + taps[tap]).flatten(0, 1)
            said = said + F.embedding(words, table)
        x_BLC = came + F.glu(said.to(came.dtype), dim=-1)
        return x_BLC + self._feed_forward(x_BLC)

    def _padded(self, h_BLC: Tensor) -> Tensor:
        return F.pad(h_BLC, (0, 0, (self.conv.kernel_size[1] - 1) * self.dilation, 0))

    def _gate(self, h_BLC: Tensor, dilation: int, stride: int = 1) -> Tensor:
        return F.glu(self._convolved(h_BLC, dilation, stride), dim=-1)

    def _convolved(self, h_BLC: Tensor, dilation: int, stride: int = 1) -> Tensor:
        if h_BLC.is_cuda:
            return self.by_product(h_BLC, dilation, stride)
        # As a one-row image in channels-last order: the fastest convolution on CPUs.
        image = h_BLC.permute(0, 2, 1).unsqueeze(2)
        y = F.conv2d(image, self.conv.weight, self.conv.bias, (1, stride), 0, (1, dilation))
        return y.squeeze(2).permute(0, 2, 1)

    def by_product(self, h_BLC: Tensor, dilation: int, stride: int = 1) -> Tensor:
        """The convolution as one product of matrices, its taps side by side: cuDNN is slow at dilated ones."""
        kernel = self.conv.kernel_size[1]
        last = h_BLC.shape[1] - (kernel - 1) * dilation
        taps = [h_BLC[:, tap * dilation : tap * dilation + last : stride] for tap in range(kernel)]
        weight = self.conv.weight[:, :, 0].transpose(1, 2).flatten(1)
        return F.linear(torch.cat(taps, dim=-1), weight, self.conv.bias)

    def _feed_forward(self, x_BLC: Tensor) -> Tensor:
        out: Tensor = self.dropout(self.down(F.gelu(self.up(self.norm2(x_BLC)))))
        return out
