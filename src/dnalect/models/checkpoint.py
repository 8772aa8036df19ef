"""Weights in and out as safetensors, strictly: every name and shape must fit."""

from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from dnalect.core.errors import ModelError
from dnalect.core.files import written_whole


def save_weights(network: nn.Module, path: Path, half: bool = False) -> None:
    """Write all parameters; in half precision on request (they are read back as float32)."""
    kind = torch.float16 if half else torch.float32
    tensors = {name: p.detach().to("cpu", kind).contiguous() for name, p in network.named_parameters()}
    with written_whole(path) as temporary:
        save_file(tensors, temporary)


def load_weights(network: nn.Module, path: Path) -> None:
    """Read parameters into `network` as float32.

    Raises ModelError that names every missing, unexpected or mis-shaped tensor.
    """
    try:
        tensors = load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"cannot read the weights {path}: {error}") from error
    wanted = dict(network.named_parameters())
    faults = [f"{name} is missing" for name in sorted(wanted.keys() - tensors.keys())]
    faults += [f"{name} is unexpected" for name in sorted(tensors.keys() - wanted.keys())]
    faults += [
        f"{name} has the shape {tuple(tensors[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in sorted(wanted.keys() & tensors.keys())
        if tensors[name].shape != wanted[name].shape
    ]
    faults += [f"{name} holds values that are not finite" for name in tensors if not tensors[name].isfinite().all()]
    if faults:
        more = f" (and {len(faults) - 8} more)" if len(faults) > 8 else ""
        raise ModelError(f"{path} does not fit its card: {'; '.join(faults[:8])}{more}")
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(tensors[name].float())
