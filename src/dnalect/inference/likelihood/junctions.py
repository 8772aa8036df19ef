"""What bases beside a junction gain by their new neighbours: "llr-junction-1" of kinds that say p(base | rest)."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes
from dnalect.genome.windows.junctions import Joint

DEFINITION = "llr-junction-1"
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Windows and sites in each -> ln p of the base that stands at each site, by window.
BaseLogs = Callable[[Sequence[Codes], Sequence[Ints]], Sequence[Floats]]


def gains(joints: Sequence[Joint], near: int | None, base_logs: BaseLogs) -> Floats:
    """Return what the kept bases on the left and on the right of each joint gain (n, 2), nats.

    A gain is ln p(base | the rest of the joined window) - ln p(base | the rest of the reference window), summed; of
    shared bases half counts on each side. near: bases on each side of the joint that are asked for, None for all.
    """
    windows: list[Codes] = []
    sites: list[Ints] = []
    weights: list[tuple[int, int, Floats]] = []
    for number, joint in enumerate(joints):
        for side, reference in enumerate((joint.before, joint.after)):
            if kept := (joint.left, joint.right)[side]:
                at, weight = _sites(kept, joint.shared, near)
                for codes in (joint.joined, reference):
                    inside = at < len(codes)
                    place = at[inside]
                    windows.append(codes)
                    sites.append(len(codes) - 1 - place[::-1] if side else place)
                weights.append((number, side, weight))
    out = np.zeros((len(joints), 2))
    logs = base_logs(windows, sites) if windows else ()
    for (number, side, weight), new, old in zip(weights, logs[::2], logs[1::2], strict=True):
        # What lies beyond the joint is hidden with the others, and counts nothing.
        counted = int(np.count_nonzero(weight))
        ends = (new[::-1][:counted], old[::-1][:counted]) if side else (new[:counted], old[:counted])
        out[number, side] = math.fsum(weight[:counted] * (ends[0] - ends[1]))
    return out


def _sites(kept: int, shared: int, near: int | None) -> tuple[Ints, Floats]:
    """Places from the outer end of a side on that are asked for, rising, and what each counts.

    All that counts comes first; with `near`, as many places beyond the joint are hidden, too.
    """
    if near is None:
        at = np.arange(kept + shared)
    else:
        joint = kept + shared
        ends = (max(0, kept - near), min(kept + near, joint)), (max(0, kept - near, joint - near), joint + near)
        at = np.unique(np.concatenate([np.arange(*each) for each in ends]))
    return at, np.where(at < kept, 1.0, np.where(at < kept + shared, 0.5, 0.0))
