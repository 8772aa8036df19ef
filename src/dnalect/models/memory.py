"""What a model takes, told beforehand: weights, what a batch or a long window adds, what there is, what fits."""

import os
from pathlib import Path

import numpy as np
import torch

from dnalect.models.layers.sizes import Sizes
from dnalect.models.model import Model

# Weights of fewer bytes are not spoken of, nor windows that take fewer gigabytes.
LARGE, WORTH_SAYING = 2e9, 0.5
LETTERS = np.frombuffer(b"ACGT", dtype=np.uint8)
# Tokens of a batch, as the forward loop makes them unless one window has more.
TOKENS = 1 << 14
_KINDS = {torch.float32: ("float32", 4), torch.bfloat16: ("bfloat16", 2)}


def plan(name: str, config: Sizes, parameters: int, device: torch.device, dtype: torch.dtype) -> str | None:
    """Return what loading a model will take, in a sentence or two; None for a small one.

    parameters: their number. What is read adds is an estimate, of a batch of TOKENS tokens.
    """
    (kind, size), free = _KINDS[dtype], free_memory(device)
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
    cheaper = "; --dtype bfloat16 takes half" if kind == "float32" else ""
    return (
        f"{text} That does not fit: the layers stay in their files and are fetched for every batch, which takes as "
        f"long as reading them{cheaper}. With {min(half, weights + reading):.0f} GB free they would stay at hand."
    )


def _takes(config: Sizes, parameters: int, size: int) -> tuple[float, float]:
    """Gigabytes of the weights, and of what is at hand while tokens are read. size: bytes of a number."""
    return parameters * size / 1e9, reading(config, TOKENS, size)


def reading(config: Sizes, tokens: int, size: int) -> float:
    """Return about how many gigabytes are at hand while so many tokens are read. size: bytes of a number."""
    each = config.held * size + 8 * config.vocabulary
    return tokens * each / 1e9


def window(model: Model, bases: int) -> str | None:
    """Return what reading windows of so many bases will take, in a sentence; None where that is no matter.

    An estimate: of a model with attention it is that of scaled_dot_product_attention, which holds no square of the
    length.
    """
    config = model.network.config
    if not isinstance(config, Sizes):
        return None
    tokens = _tokens(model, bases)
    takes, free = reading(config, tokens, model.dtype.itemsize), free_memory(model.device)
    if takes < WORTH_SAYING or tokens <= TOKENS:
        return None
    told = f"a window of {bases:,} bases, {tokens:,} tokens,"
    text = f"{model.card.id}: {told} takes about {takes:.1f} GB beside the weights"
    if free is None:
        return text
    text += f"; {free:.1f} GB are free on {model.device}"
    return text if takes <= free else f"{text}: take a shorter --window, or --dtype bfloat16, which takes about half"


def _tokens(model: Model, bases: int) -> int:
    """Return about how many tokens so many bases are, told by random ones, special tokens counted once."""
    text = LETTERS[np.random.default_rng(0).integers(0, 4, min(bases, TOKENS))]
    few, many = (int(model.tokenizer.encode([each]).input_ids.shape[1]) for each in (text[: len(text) // 2], text))
    half = len(text) // 2
    return round(few + (many - few) * (bases - half) / (len(text) - half))


def free_memory(device: torch.device) -> float | None:
    """Return the gigabytes that a device has left, None where it doesn't say."""
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
