"""A whole contig through a leave-one-out model, tile by tile, as if it were one window."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.encoding import Encoding
from dnalect.core.records import Codes
from dnalect.inference.run import Batch, run
from dnalect.models.model import LOGITS, Model
from dnalect.tokens.bases import UNKNOWN

TILE, BATCH = 2048, 8
# On a processor what a layer gives of several tiles is given back to the system, and zeroed again for the next one.
CPU_BATCH = 1
LogProbs = npt.NDArray[np.float32]


def tiled_log_probs(
    model: Model, codes: npt.NDArray[np.uint8], reach: int | None = None, tile: int = TILE, batch: int | None = None
) -> LogProbs:
    """Return ln p(base | all other bases) (L, 4) of a contig, in the order A, C, G, T.

    codes: (L,) base codes. reach: bases of flank on each side of a tile; the default is what
    the model can see, and less would cut its context. tile: bases predicted per window. batch: windows a forward; None
    for CPU_BATCH on a processor, else BATCH.
    """
    batch = batch or (CPU_BATCH if model.device.type == "cpu" else BATCH)

    def read(low: int, high: int) -> Codes:
        known = codes[max(0, low) : max(0, high)]
        return np.pad(known, (max(0, -low), high - max(0, low) - len(known)), constant_values=UNKNOWN)

    return stretch_log_probs(model, read, len(codes), 0, len(codes), tile, batch, reach)


def stretch_log_probs(
    model: Model,
    read: Callable[[int, int], npt.NDArray[Any]],
    length: int,
    start: int,
    end: int,
    tile: int = TILE,
    batch: int = BATCH,
    reach: int | None = None,
) -> LogProbs:
    """Return ln p(base | all other bases of a contig) (end - start, 4) of a stretch of it.

    read: gives the base codes of [low, high), unknown ones beyond the contig, with relatives or without.
    length: of the contig. The tiles, and
    which of them share a forward, depend on the contig alone; only the forwards that [start, end) needs are run.
    """
    reach = (model.can.reach or 0) if reach is None else reach
    step = tile * batch
    out = np.empty((end - start, 4), dtype=np.float32)
    for first in range(start // step * step, end, step):
        last = min(first + step, -(-length // tile) * tile)
        codes = read(first - reach, last + reach)
        at = np.arange(0, last - first, tile)[:, None] + np.arange(tile + 2 * reach)
        core = whole_log_probs(model, codes[at])[:, reach : reach + tile].reshape(-1, 4)
        low, high = max(first, start), min(last, end)
        out[low - start : high - start] = core[low - first : high - first]
    return out


def whole_log_probs(model: Model, codes: Codes) -> LogProbs:
    """Return ln p(base | the rest) (n, L, 4) of windows (n, L) of any length, in one forward."""
    out = np.empty((*codes.shape, 4), dtype=np.float32)

    def keep(batch: Batch) -> None:
        assert batch.output.logits is not None
        out[batch.windows] = torch.log_softmax(batch.output.logits, -1).cpu().numpy()[batch.rows]

    run(model, coded(codes), LOGITS, keep, tokens=codes.size)
    return out


def coded(codes: Codes) -> Encoding:
    """Return windows of base codes (n, L) as a leave-one-out model reads them, whatever their length."""
    every = np.ones(codes.shape, dtype=np.bool_)
    return Encoding(codes.astype(np.int64), every, every)
