"""Masked language modelling and the heads' objectives at once, from one pass of the encoder.

The heads read what the model for masked tokens reads, hidden tokens included, so that they
cost little more than nothing. Shapes: B windows, T tokens, C channels, K outputs, m questions.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.models.families.family import Network
from dnalect.models.heads import Heads, HeadSpec
from dnalect.tokens.bases import UNKNOWN
from dnalect.training.corpus import Batch, Rows
from dnalect.training.masked import MaskedLanguage
from dnalect.training.objectives import Losses, loss_of
from dnalect.training.tasks import Asked, Task

PART = 16


class MultiTask(nn.Module):
    """An encoder and its heads."""

    def __init__(self, encoder: Network, heads: Heads):
        super().__init__()
        self.encoder, self.heads = encoder, heads


class MultiTaskLoss:
    """The loss of masked language modelling plus the weighted losses of the heads.

    A head's loss is the mean over its questions in the batch: cross-entropy (nats) of classes
    and tracks, squared error in units of the signal's variance. A batch without an answer for
    a head does not reach its parameters at all; a window without one adds exactly nothing.
    """

    def __init__(self, language: MaskedLanguage, tasks: Sequence[Task]):
        self.language, self.tasks = language, tasks

    def __call__(self, network: nn.Module, batch: Batch, device: torch.device) -> Losses:
        """Return the total, the loss of masked language modelling, and each head's with the number of its answers."""
        assert isinstance(network, MultiTask)
        reading = self.language.read(network.encoder, batch, device)
        main = reading.mean
        others, total = {}, main
        for task in self.tasks:
            asked = task.asked(batch, reading.encoding)
            if asked:
                loss, count = head_loss(network.heads, task.spec, reading.last, asked, batch)
                others[task.name] = loss, count
                total = total + task.weight * loss
        return Losses(total, main, others)

    def figures(
        self, network: nn.Module, codes: npt.NDArray[np.uint8], places: Rows, device: torch.device
    ) -> dict[str, float]:
        """Return bits a hidden token and the loss of every head over windows (n, L).

        The same tokens are hidden at every call. places (n, 3): genome, contig and start of each window.
        """
        assert isinstance(network, MultiTask)
        bits, sums = [0.0, 0.0], {task.name: [0.0, 0] for task in self.tasks}
        with torch.inference_mode():
            for number, at in enumerate(np.array_split(np.arange(len(codes)), max(1, len(codes) // PART))):
                weight = (codes[at] != UNKNOWN).astype(np.float32)
                batch = Batch(codes[at], codes[at], weight, number, places[at])
                reading = self.language.read(network.encoder, batch, device)
                bits[0] += float((reading.each * reading.weight).sum())
                bits[1] += float(reading.weight.sum())
                for task in self.tasks:
                    if asked := task.asked(batch, reading.encoding):
                        loss, count = head_loss(network.heads, task.spec, reading.last, asked)
                        sums[task.name][0] += float(loss) * count
                        sums[task.name][1] += count
        losses = {f"loss_{name}": total / count for name, (total, count) in sums.items() if count}
        return {"bits": bits[0] / bits[1] / math.log(2), **losses}


def head_loss(
    heads: Heads, spec: HeadSpec, last_BTC: Tensor, asked: Sequence[Asked], batch: Batch | None = None
) -> tuple[Tensor, int]:
    """Return the mean loss of a head, and over how many answers.

    Questions about tokens and about windows count by halves, however many there are of each. batch: a part's, whose
    states are given; the loss is then what it adds to that of the whole batch, of which `asked` is.
    """
    losses, count = [], 0
    for whole in asked:
        each = _own(whole, batch) if batch is not None else whole
        raw = heads(spec.name, pooled(last_BTC, each)).float()
        truth = torch.from_numpy(each.truth).to(raw.device)
        loss, _ = loss_of(spec, raw, truth.argmax(1, keepdim=True).float() if spec.kind == "classes" else truth)
        known = len(whole.truth) if spec.kind == "classes" else int(np.isfinite(whole.truth).sum())
        losses.append(loss / known)
        count += known
    return torch.stack(losses).mean(), count


def _own(asked: Asked, batch: Batch) -> Asked:
    """The questions about the windows of a part, whose rows count from its first."""
    mine = batch.within(asked.rows)
    return Asked(asked.rows[mine] - batch.first, asked.begins[mine], asked.ends[mine], asked.truth[mine])


def pooled(last_BTC: Tensor, asked: Asked) -> Tensor:
    """Return the mean hidden state (m, C) of each range of tokens."""
    rows, begins, ends = (torch.from_numpy(each).to(last_BTC.device) for each in (asked.rows, asked.begins, asked.ends))
    if bool((ends - begins == 1).all()):
        return last_BTC[rows, begins]
    sums = F.pad(last_BTC.float().cumsum(1), (0, 0, 1, 0))
    return (sums[rows, ends] - sums[rows, begins]) / (ends - begins).unsqueeze(-1)
