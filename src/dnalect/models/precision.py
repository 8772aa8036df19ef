"""Which device computes, whether it does so in bfloat16, and what is done where it doesn't.

A processor without such instructions emulates them: fine-tuning then takes eight times as long as in
float32, and a product of matrices forty-five times.
"""

import logging
import os
import warnings
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dnalect.core.errors import ModelError

# oneDNN keeps a compiled kernel for every shape, up to 1,024 in each of two caches: gigabytes where windows have
# many lengths. Both are read when the first one is compiled.
KERNELS = 128
for _cache in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
    os.environ.setdefault(_cache, str(KERNELS))

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# What a model is loaded with to compute as the processor does fastest.
FAST = "fast"
_log = logging.getLogger("dnalect")


def best_device() -> str:
    """Return what "auto" stands for: cuda where there is one, else mps, else cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def use_threads(count: int | None) -> None:
    """Let torch compute with so many threads of the CPU from now on; None for as many as it does."""
    if count:
        torch.set_num_threads(count)


def device_named(name: str) -> torch.device:
    """Return the device of a name as torch has it, or "auto". ModelError where it can't be used."""
    try:
        target = torch.device(best_device() if name == "auto" else name)
        torch.empty(1, device=target)
    except (RuntimeError, AssertionError) as error:
        what = str(error).splitlines()[0]
        raise ModelError(f"the device {name!r} cannot be used (try auto, cpu, cuda, cuda:1 or mps): {what}") from error
    return target


def as_tensor(given: Any, device: torch.device, dtype: Any = None) -> Tensor:
    """Return an array of an encoding as a tensor on a device; a tensor, as an export hands it in, stays one."""
    if isinstance(given, Tensor):
        return given.to(device)
    return torch.from_numpy(np.ascontiguousarray(given, dtype=dtype)).to(device)


@cache
def processor_has_bf16() -> bool:
    """Whether the processor's own instructions compute in bfloat16 (AVX-512, AMX; bfloat16 of ARM)."""
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):  # a build without oneDNN
        return False


def computes_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is worth its rounding there: on every accelerator, and on processors that have it."""
    return device.type != "cpu" or processor_has_bf16()


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context for a training step. precision: "fp32", or "bf16", which is float32 where that is faster."""
    cheaper = precision == "bf16" and computes_bf16(device)
    if precision == "bf16" and not cheaper:
        _say_float32()
    # An RMSNorm's weights stay in float32 then, as they should; torch would say so at every run.
    warnings.filterwarnings("ignore", "Mismatch dtype between input and weight", UserWarning)
    return torch.autocast(device.type, torch.bfloat16, enabled=cheaper)


@cache
def _say_float32() -> None:
    _log.warning("dnalect: this processor has no bfloat16: training in float32, which is faster here and more exact")


@cache
def warn_if_emulated(device: torch.device, dtype: torch.dtype) -> None:
    """Say, once, that weights in bfloat16 are slow there."""
    if dtype == torch.bfloat16 and not computes_bf16(device):
        _log.warning(
            "dnalect: this processor has no bfloat16 and emulates it, many times slower: leave out --dtype bfloat16 "
            "unless memory is short"
        )
