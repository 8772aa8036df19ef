"""A whole contig through a network, tile by tile, as if it were one window."""

import numpy as np
import numpy.typing as npt
import torch

from dnalect.models.duplex.network import Duplex
from dnalect.tokens.bases import UNKNOWN


def tiled_log_probs(
    network: Duplex, codes: npt.NDArray[np.uint8], reach: int | None = None, tile: int = 2048, batch: int = 8
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
    inside = np.zeros(len(padded), dtype=np.bool_)
    inside[reach : reach + length] = True
    out = np.empty((length, 4), dtype=np.float32)
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    try:
        for first in range(0, length, tile * batch):
            starts = np.arange(first, min(first + tile * batch, length), tile)
            at = starts[:, None] + np.arange(tile + 2 * reach)
            with torch.inference_mode():
                logits = network(torch.from_numpy(padded[at]).to(device), torch.from_numpy(inside[at]).to(device))
                core = logits[:, reach : reach + tile].float().log_softmax(dim=-1).reshape(-1, 4)
            out[first : first + len(core)] = core[: length - first].cpu().numpy()
    finally:
        network.train(training)
    return out
