"""Sequences from a model that reads both sides: every base drawn anew, given all others, over and over."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes
from dnalect.core.reporter import phase
from dnalect.design.choice import Choice, generators
from dnalect.inference.likelihood.strategy import Strategy
from dnalect.tokens.bases import UNKNOWN

# Where one pass gives every base, it is the shorter way to some of them up to so many bases.
WHOLE = 1024
Places = npt.NDArray[np.int64]


def gibbs(
    strategy: Strategy, given: Sequence[Codes], sweeps: int, apart: int, choice: Choice, seed: int
) -> list[Codes]:
    """Return n sequences (L,) in which all that was unknown is drawn.

    given: base codes, UNKNOWN for what is to be drawn. It begins with even draws; a sweep draws every such base once,
    in a random order, from p(base | the rest). What is given stays as it is. apart: bases of a sequence that lie so far
    from each other may be drawn at once, each given what the others were; 0 for one at a time, which is exact.
    """
    own = generators(seed, len(given))
    out = [codes.copy() for codes in given]
    free = [np.flatnonzero(codes == UNKNOWN) for codes in given]
    for codes, places, generator in zip(out, free, own, strict=True):
        codes[places] = generator.integers(UNKNOWN, size=len(places))
    with phase("generating", sweeps * sum(map(len, free)), "draws") as shown:
        for _ in range(sweeps):
            orders = [grouped(generator.permutation(each), apart) for each, generator in zip(free, own, strict=True)]
            for step in range(max(map(len, orders), default=0)):
                asked = [(n, site) for n, order in enumerate(orders) if step < len(order) for site in order[step]]
                log_probs = _at(strategy, out, asked)
                drawn = choice.of(log_probs, [own[n] for n, _ in asked])
                for (n, site), base in zip(asked, drawn, strict=True):
                    out[n][site] = base
                shown.update(len(asked))
    return out


def grouped(order: Places, apart: int) -> list[list[int]]:
    """Return the places in groups whose members are at least `apart` from each other, each in the first that takes it.

    apart: 0 for a group each.
    """
    groups: list[list[int]] = []
    for place in order.tolist():
        fitting = (each for each in groups if apart and all(abs(place - other) >= apart for other in each))
        group = next(fitting, None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return groups


def _at(strategy: Strategy, windows: Sequence[Codes], asked: Sequence[tuple[int, int]]) -> npt.NDArray[np.floating]:
    """Return ln p (m, 4) at sites of windows, given as pairs."""
    numbers, sites = np.array(asked).T
    if strategy.whole and len(windows[0]) <= WHOLE:
        used, rows = np.unique(numbers, return_inverse=True)
        whole: npt.NDArray[np.floating] = strategy.within(np.stack([windows[n] for n in used]))[rows, sites]
        return whole
    return np.asarray(strategy.log_probs([windows[n] for n in numbers], sites))
