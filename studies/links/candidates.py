"""What might tell which pairs a loop joins, without the loops of that cell: numbers, and features to learn from."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.examples import Places, Signals
from dnalect.genome import SPLIT, Domains, by_distance, own_name
from studies.links.pairs import MARKS, Cell, Numbers, Pairs, Spans

DISTANCE, NEAREST, ABC, SHARE = "distance", "nearest promoter", "activity x distance", "activity x distance, as a share"
BETWEEN, ENDS = "fewest CTCF between", "CTCF at both ends"
OWN_DOMAINS, OTHER_DOMAINS = "domains of the cell (same map)", "domains of other cells"
LOOPS = "loops of other cells, anchors widened by {} kb"
LINK = "dnalect link, loops and domains of other cells"
# Bases by which anchors are widened; of a CTCF site, how far from an element it still is at its end.
SLACKS, END = (0, 5_000, 10_000), 5_000
WINDOW = 1_024
ACROSS = 0.5
Floats = npt.NDArray[np.float64]


def counted(peaks: Mapping[str, Spans], pairs: Pairs, spans: Spans) -> Floats:
    """Return how many peaks lie wholly in the interval (n,) of each pair."""
    found = np.zeros(len(pairs))
    for contig, each in peaks.items():
        rows = pairs.contigs == contig
        low = np.searchsorted(each[:, 0], spans[rows, 0], side="left")
        high = np.searchsorted(each[:, 1], spans[rows, 1], side="right")
        found[rows] = np.maximum(high - low, 0)
    return found


def touching(peaks: Mapping[str, Spans], pairs: Pairs, spans: Spans) -> Floats:
    """Return how many peaks share a base with the interval (n,) of each pair."""
    found = np.zeros(len(pairs))
    for contig, each in peaks.items():
        rows = pairs.contigs == contig
        low = np.searchsorted(each[:, 1], spans[rows, 0], side="right")
        found[rows] = np.searchsorted(each[:, 0], spans[rows, 1], side="left") - low
    return found


def levels_of(cell: Cell, pairs: Pairs, spans: Spans) -> Floats:
    """Return the mean level (n, S) of each mark around the middles of intervals, as their rank in the file."""
    unique, back = np.unique(
        np.stack([pairs.contigs == "X", spans[:, 0], spans[:, 1]], axis=1), axis=0, return_inverse=True
    )
    contigs = ["X" if each else "20" for each in unique[:, 0].tolist()]
    signals = Signals(tuple(MARKS), {name: str(path) for name, path in cell.files.items()}, WINDOW, 1)
    found = signals.of(Places(contigs, unique[:, 1], unique[:, 2], ["+"] * len(unique)))[:, :, 0]
    return np.nan_to_num(found.astype(np.float64))[back.ravel()]


def ranks_by(values: Numbers, groups: Spans) -> Numbers:
    """Return the place (n,) of each value among those of its group, 0 for the least. groups: (n, ...)."""
    _, group = np.unique(groups, axis=0, return_inverse=True)
    order = np.lexsort((values, group.ravel()))
    own = group.ravel()[order]
    first = np.searchsorted(own, own, side="left")
    found = np.zeros(len(values), dtype=np.int64)
    found[order] = np.arange(len(values)) - first
    return found


def domain_relations(domains: Mapping[str, Domains], pairs: Pairs) -> Numbers:
    """Return (n,) of each pair what `Domains.relations` says of the enhancer's middle and the promoter's."""
    found = np.zeros(len(pairs), dtype=np.int64)
    for row, (first, second) in enumerate(zip(*pairs.middles, strict=True)):
        there = domains.get(own_name(str(pairs.contigs[row]), domains))
        if there is not None:
            found[row] = there.relations(int(first), int(first) + 1, np.array([second]))[0]
    return found


def loop_factors(cell: Cell, pairs: Pairs, slack: int) -> Floats:
    """Return by how much a loop of a cell raises the contact of each pair (n,), 1 where none joins it."""
    found = np.ones(len(pairs))
    for row, second in enumerate(pairs.middles[1].tolist()):
        loops = cell.loops.get(own_name(str(pairs.contigs[row]), cell.loops))
        if loops is not None:
            start, end = pairs.enhancers[row].tolist()
            found[row] = loops.factors(loops.joining(start, end, np.array([second]), slack))[0]
    return found


def told(cell: Cell, others: Sequence[Cell], pairs: Pairs, every: Pairs) -> dict[str, Floats]:
    """Return who -> number (n,), the higher the likelier. every: all pairs of the cell, for shares and ranks."""
    distance = by_distance(pairs.distances)
    levels = levels_of(cell, pairs, pairs.enhancers)
    marks = list(MARKS)
    activity = np.sqrt(levels[:, marks.index("open")] * levels[:, marks.index("H3K27ac")])
    relations = [domain_relations(each.domains, pairs) for each in others]
    factors = {slack: [loop_factors(each, pairs, slack) for each in others] for slack in SLACKS}
    found = {
        DISTANCE: distance,
        NEAREST: -_places(pairs, every).astype(np.float64),
        ABC: activity * distance,
        SHARE: activity * distance / np.maximum(_sums(cell, pairs, every), 1e-9),
        BETWEEN: -counted(cell.marks["CTCF"], pairs, pairs.between),
        ENDS: np.minimum(
            *(
                touching(cell.marks["CTCF"], pairs, each + np.array([-END, END]))
                for each in (pairs.enhancers, pairs.promoters)
            )
        ),
        OWN_DOMAINS: domain_relations(cell.domains, pairs) + distance / 10,
        OTHER_DOMAINS: np.mean(relations, axis=0) + distance / 10,
    }
    for slack, each in factors.items():
        found[LOOPS.format(slack // 1000)] = (np.array(each) > 1).sum(axis=0) + distance / 10
    best = np.max(factors[SLACKS[1]], axis=0)
    split = np.mean(np.array(relations) == SPLIT, axis=0)
    found[LINK] = distance * np.where(best > 1, best, ACROSS**split)
    return found


def _places(pairs: Pairs, every: Pairs) -> Numbers:
    """The place of the promoter among all active ones by distance from the enhancer."""
    ranks = dict(zip(_keys(every), ranks_by(every.distances, _groups(every, every.enhancers)).tolist(), strict=True))
    return np.array([ranks[key] for key in _keys(pairs)])


def _sums(cell: Cell, pairs: Pairs, every: Pairs) -> Floats:
    """The activity x distance of all enhancers of a promoter."""
    levels, marks = levels_of(cell, every, every.enhancers), list(MARKS)
    worth = np.sqrt(levels[:, marks.index("open")] * levels[:, marks.index("H3K27ac")]) * by_distance(every.distances)
    _, group = np.unique(_groups(every, every.promoters), axis=0, return_inverse=True)
    sums = np.bincount(group.ravel(), worth)[group.ravel()]
    told = dict(zip(_keys(every), sums.tolist(), strict=True))
    return np.array([told[key] for key in _keys(pairs)])


def _groups(pairs: Pairs, spans: Spans) -> Spans:
    return np.stack([pairs.contigs == "X", spans[:, 0]], axis=1)


def _keys(pairs: Pairs) -> list[tuple[str, int, int]]:
    return list(
        zip(pairs.contigs.tolist(), pairs.enhancers[:, 0].tolist(), pairs.promoters[:, 0].tolist(), strict=True)
    )


def features_of(cell: Cell, pairs: Pairs, every: Pairs) -> tuple[Floats, Floats]:
    """Return features (n, F) of both elements with their distance, and of the window between them, TargetFinder's.

    Of the elements: the levels of all marks. Of the window: peaks of each mark, in all and by length; active promoters.
    """
    ends = np.concatenate([levels_of(cell, pairs, each) for each in (pairs.enhancers, pairs.promoters)], axis=1)
    length = np.log(pairs.distances)[:, None]
    counts = np.stack([counted(each, pairs, pairs.between) for each in cell.marks.values()], axis=1)
    starts = {c: np.unique(every.promoters[every.contigs == c], axis=0) for c in np.unique(every.contigs).tolist()}
    promoters = counted(starts, pairs, pairs.between)[:, None]
    window = np.concatenate([np.log1p(counts), counts / pairs.distances[:, None] * 1e5, np.log1p(promoters)], axis=1)
    return np.concatenate([length, ends], axis=1), window
