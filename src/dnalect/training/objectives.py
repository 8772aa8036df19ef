"""What a network learns to predict, and what its errors cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from dnalect.models.heads import HeadSpec
from dnalect.tokens.bases import UNKNOWN
from dnalect.training.corpus import Batch


@dataclass(frozen=True)
class Losses:
    """What a batch costs, or a part of it. total: to be lowered. main: nats a prediction of the first objective.

    others: the losses of further objectives, each with the number of answers in the whole batch that it is a
    mean of; without those that the batch has no answer for.
    """

    total: Tensor
    main: Tensor
    others: dict[str, tuple[Tensor, int]] = field(default_factory=dict)


def leave_one_out_loss(network: Callable[..., Tensor], batch: Batch, device: torch.device) -> Tensor:
    """Mean cross-entropy (nats a base) of every known base given all the others."""
    return _mean_of_known(_logits(network, batch, device), batch)


class Distillation:
    """The loss of a network that also learns what others say. share: of the loss that is theirs.

    teachers: networks with the logits (B, L, 4) of p(base | all others). They are asked of the very windows that the
    learner reads; their answers are multiplied and normalised, which is the mean of their log-probabilities.
    """

    def __init__(self, teachers: Sequence[Callable[..., Tensor]], share: float):
        self.teachers, self.share = teachers, share

    def __call__(self, network: Callable[..., Tensor], batch: Batch, device: torch.device) -> Losses:
        """Return the loss; main is that of the bases that are, `teachers` the cross-entropy with what is said."""
        logits = _logits(network, batch, device)
        with torch.no_grad():
            told = torch.stack([_logits(each, batch, device).log_softmax(-1) for each in self.teachers]).mean(0)
        main = _mean_of_known(logits, batch)
        theirs = _mean(F.cross_entropy(logits, told.softmax(-1), reduction="none"), batch)
        known = int((batch.weight > 0).sum())
        return Losses((1 - self.share) * main + self.share * theirs, main, {"teachers": (theirs, known)})


def _logits(network: Callable[..., Tensor], batch: Batch, device: torch.device) -> Tensor:
    codes = torch.from_numpy(batch.codes[batch.rows]).to(device).long()
    return network(codes, torch.ones_like(codes, dtype=torch.bool)).float().flatten(0, 1)


def _mean_of_known(logits: Tensor, batch: Batch) -> Tensor:
    target = torch.from_numpy(batch.target[batch.rows]).to(logits.device).long()
    return _mean(F.cross_entropy(logits, target.flatten(), ignore_index=UNKNOWN, reduction="none"), batch)


def _mean(each: Tensor, batch: Batch) -> Tensor:
    weight = torch.from_numpy(batch.weight).to(each.device)
    return (each * weight[batch.rows].flatten()).sum() / weight.sum().clamp_min(1)


def loss_of(spec: HeadSpec, raw: Tensor, labels: Tensor, weighted: bool = False) -> tuple[Tensor, int]:
    """Return the summed loss of a head over the labels that are there, and their number.

    raw: (B, outputs). labels: (B, width), NaN for holes. Cross-entropy of classes and tracks,
    squared error of the standardised signal. weighted: classes, or yes and no of a track, count
    as if they were equally frequent.
    """
    known = ~labels.isnan()
    count = int(known.sum())
    if not count:
        return raw.sum() * 0, 0
    shares = torch.tensor(spec.shares, device=raw.device).clamp(min=1e-3)
    if spec.kind == "classes":
        weight = 1 / (shares * len(shares)) if weighted else None
        rows = known[:, 0]
        return F.cross_entropy(raw[rows], labels[rows, 0].long(), weight=weight, reduction="sum"), count
    if spec.kind == "tracks":
        each = F.binary_cross_entropy_with_logits(raw, labels.nan_to_num(), reduction="none")
        balance = torch.where(labels > 0.5, 0.5 / shares, 0.5 / (1 - shares).clamp(min=1e-3)) if weighted else 1.0
        return (each * balance * known).sum(), count
    wanted = (labels - spec.centre) / spec.spread
    return ((raw - wanted.nan_to_num()) ** 2 * known).sum(), count


def mean_loss(
    specs: Mapping[str, HeadSpec],
    raw: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    counts: Mapping[str, int],
    weighted: bool = False,
) -> Tensor:
    """Return the sum over heads of the mean loss of the labels that are there.

    counts: labels of each head in the whole batch, of which this may be a part; the sum over the
    parts is then the loss of the batch, wherever its holes are.
    """
    terms = [loss_of(spec, raw[name], labels[name], weighted)[0] / max(1, counts[name]) for name, spec in specs.items()]
    return torch.stack(terms).sum()
