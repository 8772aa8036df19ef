"""Causal convolutions over whole windows: short ones of a few taps, long ones as long as the window.

Shapes: B windows, T tokens, C channels, K taps.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Numbers of a Fourier transform that are worked on at once: channels beyond them wait, so that memory stays small.
AT_ONCE = 1 << 24


class Exact(nn.Module):
    """A part that stays in float32 when the network around it computes in another precision."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Exact":
        def kept(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        super()._apply(kept, recurse)  # type: ignore[no-untyped-call]
        return self


def exact_names(network: nn.Module) -> set[str]:
    """Return the names of the parameters that stay in float32."""
    parts = ((name, part) for name, part in network.named_modules() if isinstance(part, Exact))
    return {f"{name}.{each}" for name, part in parts for each, _ in part.named_parameters()}


def short(x_BTC: Tensor, weight_C1K: Tensor, bias_C: Tensor | None = None) -> Tensor:
    """Convolve each channel with its own few taps, the last of which is for the token itself; zeros stand before."""
    padded = F.pad(x_BTC, (0, 0, weight_C1K.shape[-1] - 1, 0))
    # As a one-row image in channels-last order: the fastest convolution on CPUs.
    image = padded.permute(0, 2, 1).unsqueeze(2)
    out = F.conv2d(image, weight_C1K.unsqueeze(2), bias_C, groups=len(weight_C1K))
    return out.squeeze(2).permute(0, 2, 1)


def long(x_BTC: Tensor, kernels: Callable[[slice], Tensor]) -> Tensor:
    """Convolve each channel with a filter as long as the window, by Fourier transforms in float32.

    kernels: some channels -> their filters (C, T), the first tap of which is for the token itself.
    """
    rows, length, width = x_BTC.shape
    size = _smooth(2 * length)
    step = max(1, AT_ONCE // (rows * size))
    parts = []
    for low in range(0, width, step):
        at = slice(low, min(low + step, width))
        x_BCT = x_BTC[..., at].transpose(1, 2).float()
        spectrum = torch.fft.rfft(x_BCT, size) * torch.fft.rfft(kernels(at).float(), size)
        parts.append(torch.fft.irfft(spectrum, size)[..., :length].to(x_BTC.dtype))
    return torch.cat(parts, dim=1).transpose(1, 2)


def _smooth(size: int) -> int:
    """The next size that Fourier transforms are fast for: 2, 3 or 5 times a power of two."""
    return min(factor << max(0, -(-size // factor) - 1).bit_length() for factor in (1, 3, 5))
