"""Layers of dilated convolutions that keep the length: GPN's ConvNet and ByteNet.

Shapes: B windows, T tokens, C channels, V words.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.layers.positions import Folders
from dnalect.models.layers.sizes import Sizes


@dataclass(frozen=True)
class Dilations:
    """How dilations grow over the layers: by `base` every `doubled` layers, anew every `cycle`, at most `most`."""

    base: int
    doubled: int
    cycle: int
    most: int

    def of(self, layer: int) -> int:
        """Return the dilation of a layer, counted from 0."""
        return int(min(self.most, self.base ** (layer % self.cycle // self.doubled)))


class OneHot(nn.Module):
    """A token is a channel of its own; the others are 0. There is no table."""

    table = None

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.vocabulary, self.width = sizes.vocabulary, sizes.width

    def forward(self, ids_BT: Tensor, mask_BT: Tensor, places: Folders, soft_BTV: Tensor | None = None) -> Tensor:
        """Return (B, T, C)."""
        soft = F.one_hot(ids_BT, self.vocabulary) if soft_BTV is None else soft_BTV
        return F.pad(soft.to(places.inside_BT1.dtype), (0, self.width - self.vocabulary))


class Dilated(nn.Module):
    """One dilated convolution of an odd kernel; what lies outside the window, and padding, is zero."""

    def __init__(self, channels: int, kernel: int, dilation: int, biases: bool):
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, kernel, padding="same", dilation=dilation, bias=biases)

    def forward(self, x_BTC: Tensor, places: Folders) -> Tensor:
        out: Tensor = self.conv((x_BTC * places.inside_BT1).transpose(1, 2)).transpose(1, 2)
        return out


class ConvLayer(nn.Module):
    """A convolution and a projection, each activated, then normed, then added."""

    def __init__(self, sizes: Sizes, kernel: int, dilation: int):
        super().__init__()
        self.conv = Dilated(sizes.width, kernel, dilation, True)
        self.conv_norm = nn.LayerNorm(sizes.width, sizes.eps)
        self.out = nn.Linear(sizes.width, sizes.width)
        self.out_norm = nn.LayerNorm(sizes.width, sizes.eps)

    def forward(
        self, x_BTC: Tensor, places: Folders, weights: bool = False, blind: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Return (B, T, C); there is no attention."""
        x_BTC = x_BTC + self.conv_norm(F.gelu(self.conv(x_BTC, places)))
        return x_BTC + self.out_norm(F.gelu(self.out(x_BTC))), None


class ByteNetLayer(nn.Module):
    """Down, a convolution, up (Kalchbrenner 2016), each after a norm and an activation, added to what came in."""

    def __init__(self, sizes: Sizes, kernel: int, dilation: int, biases: bool):
        super().__init__()
        inner = sizes.hidden
        self.down_norm = nn.LayerNorm(sizes.width, sizes.eps, bias=biases)
        self.down = nn.Linear(sizes.width, inner, bias=biases)
        self.conv_norm = nn.LayerNorm(inner, sizes.eps, bias=biases)
        self.conv = Dilated(inner, kernel, dilation, biases)
        self.up_norm = nn.LayerNorm(inner, sizes.eps, bias=biases)
        self.up = nn.Linear(inner, sizes.width, bias=biases)

    def forward(
        self, x_BTC: Tensor, places: Folders, weights: bool = False, blind: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Return (B, T, C); there is no attention."""
        y = self.down(F.gelu(self.down_norm(x_BTC)))
        y = self.conv(F.gelu(self.conv_norm(y)), places)
        return x_BTC + self.up(F.gelu(self.up_norm(y))), None


class Linear(nn.Module):
    """The plainest head: one projection to the words."""

    def __init__(self, sizes: Sizes, biases: bool):
        super().__init__()
        self.decoder = nn.Linear(sizes.width, sizes.vocabulary, bias=biases)

    def forward(self, x_C: Tensor, words_VE: Tensor | None) -> Tensor:
        """Return logits (..., V) for hidden states (..., C)."""
        out: Tensor = self.decoder(x_C)
        return out
