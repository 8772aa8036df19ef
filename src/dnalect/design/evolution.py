"""Evolution: of many sequences the best have children, which cross and change.

Shapes: n sequences, L bases, K goals.
"""

import numpy as np

from dnalect.core.records import Codes
from dnalect.design.asked import Asked, Floats, Numbers
from dnalect.design.pareto import crowding, fronts, ordered
from dnalect.tokens.bases import UNKNOWN

# Sequences of a generation: one in so many of the calls, within these bounds.
SHARE, FEWEST, MOST = 40, 10, 128
# Of the children so many come of two parents.
CROSSED = 0.8
# Bases that change in a child, beyond one: their mean.
RATE = 0.5
# Generations without a new sequence after which nothing more is to be found.
PATIENCE = 20


def evolve(asked: Asked, rng: np.random.Generator) -> None:
    """Ask for generation after generation until no call is left, or nothing new is found (NSGA-II: Deb 2002)."""
    size = int(np.clip(asked.most // SHARE, FEWEST, MOST))
    alive = asked.ask(*asked.problem.begun(size, rng))
    idle = 0
    while asked.left and len(alive) and idle < PATIENCE:
        gains = asked.gains(alive)
        codes, origin = asked.take(alive)
        codes, origin = children(codes, origin, gains, asked, size, rng)
        before = asked.calls
        born = asked.ask(codes, origin)
        idle = idle + 1 if asked.calls == before else 0
        alive = np.unique(np.concatenate([alive, born]))
        alive = alive[ordered(asked.gains(alive))[:size]]


def children(
    codes: Codes, origin: Numbers, gains: Floats, asked: Asked, count: int, rng: np.random.Generator
) -> tuple[Codes, Numbers]:
    """Return `count` sequences that keep the rules if they can, each of one parent or two that began alike."""
    front = fronts(gains)
    room = crowding(gains, front) if gains.shape[1] > 1 else np.zeros(len(gains))

    def picked() -> int:
        one, other = map(int, rng.integers(len(codes), size=2))
        return one if (front[one], -room[one]) <= (front[other], -room[other]) else other

    out, begun = np.empty((count, codes.shape[1]), dtype=np.uint8), np.empty(count, dtype=np.int64)
    free = asked.problem.free
    for row in range(count):
        mother = picked()
        child = codes[mother].copy()
        begun[row] = origin[mother]
        if rng.random() < CROSSED:
            father = picked()
            if origin[father] == origin[mother]:
                low, high = np.sort(rng.integers(len(child) + 1, size=2)).tolist()
                child[low:high] = codes[father, low:high]
        out[row] = mutated(child, np.flatnonzero(free[origin[mother]]), 1 + int(rng.poisson(RATE)), rng)
    return asked.problem.mended(out, begun, rng), begun


def mutated(codes: Codes, places: Numbers, count: int, rng: np.random.Generator) -> Codes:
    """Return a sequence (L,) with other bases at some of the places."""
    out = codes.copy()
    if len(places):
        at = rng.choice(places, min(count, len(places)), replace=False)
        out[at] = (out[at] + rng.integers(1, UNKNOWN, len(at))) % UNKNOWN
    return out
