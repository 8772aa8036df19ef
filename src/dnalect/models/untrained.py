"""The same network without what it learned: the rival that shows what pretraining is worth."""

from copy import copy
from typing import Any

import torch

from dnalect.models.model import Model


def untrained(model: Model, seed: int) -> Model:
    """Return a model of the same config with the weights that pretraining would begin with.

    seed: of the weights; the caller's random state is left as it was. The card is the model's own.
    """
    network: Any = model.network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = type(network)(network.config)
    twin = copy(model)
    twin.network = fresh.to(device=model.device, dtype=model.dtype).eval()
    return twin
