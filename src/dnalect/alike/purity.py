"""Do windows with one label lie together? Neighbourhood purity and silhouette, against labels that are turned about.

Shapes: n points, K channels, k neighbours, L classes, R resamples, P permutations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect.alike.neighbours import Singles, Where
from dnalect.core.figures import NOTHING, Figure
from dnalect.stats.draws import BLOCK, Draws, paired

PURITY, SILHOUETTE, MEAN = "neighbourhood purity", "silhouette", "mean over classes"
CHANCE = "labels turned about"
PERMUTATIONS = 499
# Classes with fewer points than this have no figure.
FEWEST = 10
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


def purities(neighbours: Numbers, classes: Numbers) -> Floats:
    """Return the share of each point's neighbours that have its class (n,). neighbours: (n, k). classes: (n,)."""
    return np.asarray((classes[neighbours] == classes[:, None]).mean(axis=1))


def silhouettes(points: Singles, classes: Numbers) -> Floats:
    """Return the silhouette (n,) of each point by cosine distance, 0 in a class of one or without another class.

    points: (n, K) of length 1. classes: (n,) from 0. The mean cosine to a class is the cosine with the sum of its
    points, so that no table of all pairs is needed.
    """
    count = int(classes.max()) + 1
    member = np.eye(count, dtype=np.float32)[classes]
    sizes = member.sum(axis=0)
    sums = points @ (points.T @ member)
    rows = np.arange(len(points))
    norm = np.einsum("nk,nk->n", points, points)
    own_size = sizes[classes]
    own = 1 - (sums[rows, classes] - norm) / np.maximum(own_size - 1, 1)
    other = 1 - sums / np.maximum(sizes, 1)
    other[rows, classes] = np.inf
    other[:, sizes == 0] = np.inf
    near = other.min(axis=1, initial=np.inf)
    known = (own_size > 1) & np.isfinite(near)
    out = (np.where(known, near, 0) - own) / np.maximum(np.maximum(np.where(known, near, 0), own), 1e-9)
    return np.where(known, out, 0.0).astype(np.float64)


def turned(classes: Numbers, where: Where | None, rng: np.random.Generator) -> Numbers:
    """Return the classes (n,) turned about: along the genome where places are known, else shuffled.

    A turn along the genome keeps runs of one class together, so that labels of neighbours stay alike, as they are.
    """
    if where is None or not where.known:
        return rng.permutation(classes)
    order, out = where.order(), np.empty_like(classes)
    out[order] = np.roll(classes[order], int(rng.integers(1, max(2, len(classes)))))
    return out


def separations(
    label: str,
    names: Sequence[str],
    classes: Numbers,
    spaces: Mapping[str, tuple[Singles, Numbers]],
    where: Where | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 1,
) -> list[Figure]:
    """Return purity and silhouette of each class and of their mean, for each space, the first beside the others.

    label: the column. names: of the classes (L,). classes: (n,), -1 for points without one, which do not count; as
    neighbours they are of no class. spaces: who -> points (n, K) of length 1 and neighbours (n, k). Intervals draw
    blocks of 10 kb where places are known, else points. `chance` and `p` come from labels turned about (`turned`): the
    mean, and how often they do as well.
    """
    held = np.flatnonzero(classes >= 0)
    if not len(held) or len(np.unique(classes[held])) < 2:
        return []
    counts = np.bincount(classes[held], minlength=len(names))
    parts = [number for number in np.argsort(-counts, kind="stable").tolist() if counts[number] >= FEWEST]
    if not parts:
        return []
    draws = Draws.of(_blocks(where, len(classes))[held])
    measured = {who: _measured(points, near, classes) for who, (points, near) in spaces.items()}
    rng = np.random.default_rng(seed)
    null: dict[str, list[Floats]] = {who: [] for who in spaces}
    for _ in range(permutations):
        other = np.full_like(classes, -1)
        other[held] = turned(classes[held], where.take(held) if where is not None else None, rng)
        for who, (points, near) in spaces.items():
            null[who].append(_by_class(_measured(points, near, other), other, parts))
    out: list[Figure] = []
    nulls = {who: np.array(each).reshape(permutations, 2, 1 + len(parts)) for who, each in null.items()}
    for at, metric in enumerate((PURITY, SILHOUETTE)):
        samples = {who: _samples(each[at][held], classes[held], parts, draws) for who, each in measured.items()}
        for number, part in enumerate([MEAN, *(names[each] for each in parts)]):
            size = len(held) if part == MEAN else int(counts[parts[number - 1]])
            own = {who: values[:, number] for who, values in samples.items()}
            bare = Figure(label, part, "", metric, size, NOTHING)
            for figure in paired(bare, own):
                drawn = nulls[figure.who][:, at, number]
                if permutations:
                    p = (1 + int((drawn >= figure.value.mean - 1e-12).sum())) / (1 + permutations)
                    figure = replace(figure, chance=float(drawn.mean()), chance_name=CHANCE, p=p)
                out.append(figure)
    return out


def _blocks(where: Where | None, count: int) -> Numbers:
    if where is None or not where.known:
        return np.arange(count)
    return where.contig * 1_000_000 + where.middle // BLOCK


def _measured(points: Singles, near: Numbers, classes: Numbers) -> Floats:
    """Purity and silhouette (2, n); NaN of a point without a class."""
    out = np.full((2, len(classes)), np.nan)
    held = classes >= 0
    out[0, held] = purities(near, classes)[held]
    out[1, held] = silhouettes(points[held], classes[held])
    return out


def _by_class(measured: Floats, classes: Numbers, parts: Sequence[int]) -> Floats:
    """Means (2, 1 + L) over classes, and of each."""
    each = np.stack([measured[:, classes == part].mean(axis=1) for part in parts], axis=1)
    return np.concatenate([each.mean(axis=1, keepdims=True), each], axis=1)


def _samples(values: Floats, classes: Numbers, parts: Sequence[int], draws: Draws) -> Floats:
    """Means (R + 1, 1 + L) over classes, and of each, in every resample."""
    member = np.stack([classes == part for part in parts], axis=1).astype(np.float64)
    sums, sizes = draws.sums(member * values[:, None]), draws.sums(member)
    each = np.divide(sums, sizes, out=np.full(sums.shape, np.nan), where=sizes > 0)
    known = np.isfinite(each)
    mean = np.where(known, each, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.column_stack([mean, each])
