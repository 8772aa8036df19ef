"""What a network learns to predict."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.tokens.bases import UNKNOWN
from dnalect.training.corpus import Batch


@dataclass(frozen=True)
class Losses:
    """What a batch costs. total: to be lowered. main: nats a prediction of the first objective.

    others: the losses of further objectives, each with the number of answers that it is a
    mean of; without those that the batch has no answer for.
    """

    total: Tensor
    main: Tensor
    others: dict[str, tuple[Tensor, int]] = field(default_factory=dict)


def leave_one_out_loss(network: nn.Module, batch: Batch, device: torch.device) -> Tensor:
    """Mean cross-entropy (nats a base) of every known base given all the others."""
    codes = torch.from_numpy(batch.codes.astype(np.int64)).to(device)
    target = torch.from_numpy(batch.target.astype(np.int64)).to(device)
    weight = torch.from_numpy(batch.weight).to(device)
    logits: Tensor = network(codes, torch.ones_like(codes, dtype=torch.bool))
    each = F.cross_entropy(logits.float().flatten(0, 1), target.flatten(), ignore_index=UNKNOWN, reduction="none")
    return (each * weight.flatten()).sum() / weight.sum().clamp_min(1)
