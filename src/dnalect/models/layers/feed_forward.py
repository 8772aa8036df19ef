"""Feed-forward sub-layers: plain, gated, a convolution.

Shapes: B windows, T tokens, C channels.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.positions import Folders

Activation = Callable[[Tensor], Tensor]


class Plain(nn.Module):
    """Two projections with an activation between them."""

    def __init__(self, width: int, hidden: int, activation: Activation = F.gelu):
        super().__init__()
        self.activation = activation
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x_BTC: Tensor, places: Folders) -> Tensor:
        out: Tensor = self.down(self.activation(self.up(x_BTC)))
        return out


class Gated(nn.Module):
    """A gated linear unit (Shazeer 2020): the first half, activated, times the second. biases: of `up` and `down`."""

    def __init__(self, width: int, hidden: int, activation: Activation, biases: tuple[bool, bool]):
        super().__init__()
        self.activation = activation
        self.up = nn.Linear(width, 2 * hidden, bias=biases[0])
        self.down = nn.Linear(hidden, width, bias=biases[1])

    def forward(self, x_BTC: Tensor, places: Folders) -> Tensor:
        gate, value = self.up(x_BTC).chunk(2, dim=-1)
        out: Tensor = self.down(self.activation(gate) * value)
        return out


class SwiGLU(nn.Module):
    """A gated linear unit whose two halves are projections of their own: `silu(gate) * up`, no biases.

    activation: in place of silu.
    """

    def __init__(self, width: int, hidden: int, activation: Activation = F.silu):
        super().__init__()
        self.activation = activation
        self.gate, self.up = (nn.Linear(width, hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x_BTC: Tensor, places: Folders) -> Tensor:
        out: Tensor = self.down(self.activation(self.gate(x_BTC)) * self.up(x_BTC))
        return out


class Experts(nn.Module):
    """A mixture of `SwiGLU`s (Jiang 2024): a token goes through the `used` likeliest, weighed by their shares."""

    def __init__(self, width: int, hidden: int, experts: int, used: int):
        super().__init__()
        self.used = used
        self.router = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList(SwiGLU(width, hidden) for _ in range(experts))

    def forward(self, x_BTC: Tensor, places: Folders) -> Tensor:
        flat = x_BTC.flatten(0, 1)
        share, chosen = self.router(flat).float().softmax(-1).topk(self.used)
        share = (share / share.sum(-1, keepdim=True)).to(flat.dtype)
        out = torch.zeros_like(flat)
        for number, expert in enumerate(self.experts):
            rows, rank = torch.where(chosen == number)
            out = out.index_add(0, rows, expert(flat[rows], places) * share[rows, rank, None])
        return out.view_as(x_BTC)


class Convolution(nn.Module):
    """One convolution of a few tokens; what lies outside the window is zero."""

    def __init__(self, channels: int, kernel: int):
        super().__init__()
        self.kernel = kernel
        self.conv = nn.Conv1d(channels, channels, kernel)

    def forward(self, x_BTC: Tensor, places: Folders) -> Tensor:
        before = (self.kernel - 1) // 2
        x_BCT = (x_BTC * places.inside_BT1).transpose(1, 2)
        out: Tensor = self.conv(F.pad(x_BCT, (before, self.kernel - 1 - before))).transpose(1, 2)
        return out
