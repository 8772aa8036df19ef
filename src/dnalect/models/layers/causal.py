"""A block of dilated causal convolutions.

Shapes: B windows, L bases, C channels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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
        h = self.read(x_BLC, inside_BL1)
        h = F.pad(h, (0, 0, (self.conv.kernel_size[1] - 1) * self.dilation, 0))
        x_BLC = x_BLC + self.dropout(self._gate(h, dilation=self.dilation, stride=1))
        return x_BLC + self._feed_forward(x_BLC)

    def read(self, x_BLC: Tensor, inside_BL1: Tensor) -> Tensor:
        """Return what the convolution reads (B, L, C): what `after` needs of the bases before."""
        h_BLC: Tensor = self.norm1(x_BLC) * inside_BL1
        return h_BLC

    def after(self, x_BLC: Tensor, inside_BL1: Tensor, before_LC: Tensor) -> Tensor:
        """The same block for windows that go on where others, all alike, have ended. before_LC: what these `read`."""
        seen = (self.conv.kernel_size[1] - 1) * self.dilation
        before_LC = F.pad(before_LC, (0, 0, max(0, seen - len(before_LC)), 0))[-seen:]
        h = torch.cat([before_LC.expand(len(x_BLC), -1, -1), self.read(x_BLC, inside_BL1)], dim=1)
        x_BLC = x_BLC + self._gate(h, dilation=self.dilation, stride=1)
        return x_BLC + self._feed_forward(x_BLC)

    def every_other(self, x_BLC: Tensor, inside_BL1: Tensor) -> Tensor:
        """The same block where the next one reads every second position only.

        The rows of x are already `dilation` bases apart, so the convolution has no
        dilation and a stride of 2; the last row is the position that counts.
        """
        h = self.read(x_BLC, inside_BL1)
        skip = x_BLC[:, self.conv.kernel_size[1] - 1 :: 2]
        x_BLC = skip + self._gate(h, dilation=1, stride=2)
        return x_BLC + self._feed_forward(x_BLC)

    def _gate(self, h_BLC: Tensor, dilation: int, stride: int) -> Tensor:
        # As a one-row image in channels-last order: the fastest convolution on CPUs.
        image = h_BLC.permute(0, 2, 1).unsqueeze(2)
        y = F.conv2d(image, self.conv.weight, self.conv.bias, (1, stride), 0, (1, dilation))
        return F.glu(y.squeeze(2).permute(0, 2, 1), dim=-1)

    def _feed_forward(self, x_BLC: Tensor) -> Tensor:
        out: Tensor = self.dropout(self.down(F.gelu(self.up(self.norm2(x_BLC)))))
        return out
