"""Weights that begin with counted numbers."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def begun(shape: tuple[int, ...], count: Callable[[], Tensor], learned: bool = True) -> nn.Parameter:
    """Return weights of a shape that begin with what `count` returns. learned: whether they have gradients.

    Without memory (`Family.outline`) nothing is counted: PyTorch imports its compiler for that, a second and a half.
    """
    without = torch.get_default_device().type == "meta"
    return nn.Parameter(torch.empty(shape) if without else count(), requires_grad=learned)
