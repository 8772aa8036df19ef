"""Beam search: one free base after the other, in a random order, every sequence of the beam tries its other bases."""

import numpy as np

from dnalect.design.asked import Asked, Numbers
from dnalect.design.pareto import ordered
from dnalect.tokens.bases import UNKNOWN

# Sequences of the beam, at most, and at least where goals are several; so many that calls last for some passes.
WIDEST, LEAST, PASSES = 8, 4, 2


def beam(asked: Asked, rng: np.random.Generator) -> None:
    """Go over all free bases, and again, until no call is left; where a pass finds nothing better, begin anew."""
    a_pass = (UNKNOWN - 1) * max(1, int(asked.problem.free.sum(axis=1).max()))
    least = LEAST if len(asked.problem.panel.aims) > 1 else 1
    width = int(np.clip(asked.most // (PASSES * a_pass), least, WIDEST))
    while asked.left:
        before = asked.calls
        held = asked.ask(*asked.problem.begun(width, rng))
        while asked.left and len(held):
            after = _passed(asked, held, width, rng)
            if set(after.tolist()) == set(held.tolist()):
                break
            held = after
        if asked.calls == before:
            break


def _passed(asked: Asked, held: Numbers, width: int, rng: np.random.Generator) -> Numbers:
    """Return the beam after one pass over all places."""
    free = asked.problem.free
    for place in rng.permutation(free.shape[1]).tolist():
        if not asked.left:
            break
        codes, origin = asked.take(held)
        movable = free[origin, place]
        if not movable.any():
            continue
        more = np.repeat(codes[movable], UNKNOWN - 1, axis=0)
        more[:, place] = (more[:, place] + np.tile(np.arange(1, UNKNOWN), int(movable.sum()))) % UNKNOWN
        found = asked.ask(more, np.repeat(origin[movable], UNKNOWN - 1))
        held = np.unique(np.concatenate([held, found]))
        held = held[ordered(asked.gains(held))[:width]]
    return held
