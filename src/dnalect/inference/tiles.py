"""A whole contig through a network, tile by tile, as if it were one window."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from dnalect.models.duplex.network import Duplex
from dnalect.tokens.bases import UNKNOWN, known

TILE, BATCH = 2048, 8


def tiled_log_probs(
    network: Duplex, codes: npt.NDArray[np.uint8], reach: int | None = None, tile: int = TILE, batch: int = BATCH
) -> npt.NDArray[np.float32]:
    """Return ln p(base | all other bases) (L, 4) of a contig, in the order A, C, G, T.

    codes: (L,) base codes. reach: bases of flank on each side of a tile; the default is what
    the network can see, and less would cut its context. tile: bases predicted per window.
    Runs where the network's parameters are, and leaves its training mode as it was.
    """
    reach = network.config.reach if reach is None else reach
    length = len(codes)
    padded = np.full(reach + -(-length // tile) * tile + reach, UNKNOWN, dtype=np.int64)
    padded[reach : reach + length] = codes
    out = np.empty((length, 4), dtype=np.float32)
    with evaluating(network):
        for first in range(0, length, tile * batch):
            last = min(first + tile * batch, len(padded) - 2 * reach)
            part = slice(first, last + 2 * reach)
            core = batch_log_probs(network, padded[part], reach, tile)
            out[first : first + len(core)] = core[: length - first]
    return out


def batch_log_probs(network: Duplex, codes: npt.NDArray[np.int64], reach: int, tile: int) -> npt.NDArray[np.float32]:
    """Return ln p (n * tile, 4) of n tiles that lie side by side, all in one forward.

    codes: (reach + n * tile + reach,) base codes, unknown beyond the contig.
    """
    at = np.arange(0, len(codes) - 2 * reach, tile)[:, None] + np.arange(tile + 2 * reach)
    device = next(network.parameters()).device
    with torch.inference_mode():
        logits = network(torch.from_numpy(codes[at]).to(device), torch.from_numpy(known(codes[at])).to(device))
        core = logits[:, reach : reach + tile].float().log_softmax(dim=-1).reshape(-1, 4)
    result: npt.NDArray[np.float32] = core.cpu().numpy()
    return result


@contextmanager
def evaluating(network: Duplex) -> Iterator[None]:
    """Switch dropout off, and the training mode back to what it was."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)
