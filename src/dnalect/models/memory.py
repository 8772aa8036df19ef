"""What a large model takes, told before it is loaded: weights, what reading adds, what there is, what would fit."""

import os
from pathlib import Path

import torch

from dnalect.models.layers.sizes import Sizes

# Weights of fewer bytes are not spoken of.
LARGE = 2e9
# Numbers that a layer holds at once for every token, in widths and in inner widths of its feed-forward: as measured of
# StripedHyena 1 and 2 of 512 channels in float32, 4,000 tokens.
WIDTHS, HIDDEN = 15, 3
# Tokens of a batch, as the forward loop makes them unless one window has more.
TOKENS = 1 << 14
_KINDS = {torch.float32: ("float32", 4), torch.bfloat16: ("bfloat16", 2)}


def plan(name: str, config: Sizes, parameters: int, device: torch.device, dtype: torch.dtype) -> str | None:
    """Return what loading a model will take, in a sentence or two; None for a small one.

    parameters: their number. What is read adds is an estimate, of a batch of TOKENS tokens.
    """
    (kind, size), free = _KINDS[dtype], _free(device)
    if parameters * size < LARGE:
        return None
    takes = {told: _takes(config, parameters, each) for told, each in _KINDS.values()}
    weights, reading = takes[kind]
    text = (
        f"{name}: {weights:.1f} GB of weights in {kind}, and about {reading:.1f} GB more to read {TOKENS:,} tokens at "
        "once (--batch-size 1 takes less where windows are short; nothing is kept between windows)"
    )
    if free is None:
        return text + "."
    text += f"; {free:.1f} GB are free on {device}."
    if weights + reading <= free:
        return text
    half, fits = sum(takes["bfloat16"]), sum(takes["bfloat16"]) <= free
    if kind == "float32" and fits:
        return f"{text} That does not fit: --dtype bfloat16 takes {half:.1f} GB in all, and would."
    if weights <= free:
        return f"{text} The weights fit, a full batch may not: batches are halved until they do."
    return f"{text} That does not fit: it takes a machine or a GPU with {min(half, weights + reading):.0f} GB free."


def _takes(config: Sizes, parameters: int, size: int) -> tuple[float, float]:
    """Gigabytes of the weights, and of what is at hand while tokens are read. size: bytes of a number."""
    each = (WIDTHS * config.width + HIDDEN * config.hidden) * size + 8 * config.vocabulary
    return parameters * size / 1e9, TOKENS * each / 1e9


def _free(device: torch.device) -> float | None:
    """Gigabytes that a device has left, None where it doesn't say."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 1e9
    if device.type != "cpu":
        return None
    told = Path("/proc/meminfo")
    if told.is_file():
        lines = dict(line.split(":", 1) for line in told.read_text().splitlines() if ":" in line)
        if "MemAvailable" in lines:
            return int(lines["MemAvailable"].split()[0]) * 1024 / 1e9
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (ValueError, OSError, AttributeError):
        return None
