"""The same network without what it learned: the rival that shows what pretraining is worth."""

from copy import copy

import torch

from dnalect.models.duplex.model import DuplexModel
from dnalect.models.duplex.network import Duplex
from dnalect.models.encoder.network import Encoder
from dnalect.models.masked import MaskedModel


def untrained(model: DuplexModel | MaskedModel, seed: int) -> DuplexModel | MaskedModel:
    """Return a model of the same config with the weights that pretraining would begin with.

    seed: of the weights; the caller's random state is left as it was. The card is the model's own.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Duplex(model.network.config) if isinstance(model, DuplexModel) else Encoder(model.network.config)
    twin = copy(model)
    twin.network = network.to(device=model.device, dtype=model.dtype).eval()
    return twin
