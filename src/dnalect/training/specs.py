"""The heads that labels ask for."""

import numpy as np
import numpy.typing as npt

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
