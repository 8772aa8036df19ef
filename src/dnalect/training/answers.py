"""Labels as what heads are trained with: their specs, and losses with holes."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from dnalect.core.errors import InputError
from dnalect.core.examples import Examples, Target
from dnalect.models.heads import HeadSpec

Singles = npt.NDArray[np.float32]


def specs_of(examples: Examples) -> list[HeadSpec]:
    """Return a head for every target, with the shares of classes, or centre and spread of a signal, in these examples.

    Raises InputError where a target has no label, or a signal is always the same.
    """
    return [_spec(target, examples.labels[target.name]) for target in examples.targets]


def _spec(target: Target, labels: Singles) -> HeadSpec:
    known = labels[~np.isnan(labels).any(axis=1)] if target.kind != "tracks" else labels
    if not np.isfinite(labels).any():
        raise InputError(f"no sequence of the training part has a label for {target.name}")
    if target.kind == "classes":
        counts = np.bincount(known[:, 0].astype(np.int64), minlength=len(target.outputs))
        if (counts > 0).sum() < 2:
            raise InputError(f"the training part holds one class of {target.name} only; split it otherwise")
        return HeadSpec(target.name, "classes", target.outputs, tuple((counts / counts.sum()).tolist()))
    if target.kind == "tracks":
        if lacking := [name for name, each in zip(target.outputs, labels.T, strict=True) if np.isnan(each).all()]:
            raise InputError(f"no sequence of the training part has a label for {target.name}: {', '.join(lacking)}")
        shares = np.nansum(labels, axis=0) / np.maximum(np.isfinite(labels).sum(axis=0), 1)
        return HeadSpec(target.name, "tracks", target.outputs, tuple(shares.tolist()))
    centre, spread = float(known.mean()), float(known.std())
    if not spread > 0:
        raise InputError(f"{target.name} has the same value everywhere in the training part: there is nothing to learn")
    return HeadSpec(target.name, "signal", target.outputs, centre=centre, spread=spread)


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
