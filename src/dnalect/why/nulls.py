"""What an explanation of nothing looks like: shuffled sequence with the same dinucleotides, an untrained network."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from dnalect.core.records import Codes
from dnalect.core.views import Null, View
from dnalect.tokens.bases import UNKNOWN
from dnalect.why.subject import Subject

# What a null is compared at: so much of it lies below.
LEVEL = 0.95
Compute = Callable[[Subject], View]
NULLS = {
    "shuffled": "shuffled sequence with the same dinucleotides",
    "untrained": "the same sequence in an untrained network of the same shape",
}


def nulls_of(compute: Compute, subject: Subject, view: View) -> tuple[Null, ...]:
    """Return the view in shuffled sequence, and of an untrained twin where the model can have one."""
    found = [(name, each, compute(each)) for name, each in _subjects(subject)]
    return tuple(Null(name, _compared(view, name, null), null, each.bases) for name, each, null in found)


def _subjects(subject: Subject) -> Iterator[tuple[str, Subject]]:
    rng = np.random.default_rng(subject.seed)
    yield "shuffled", subject.drawn(lambda codes: shuffled(codes, rng))
    if not subject.model.can.targets:
        yield "untrained", replace(subject, model=subject.model.untrained(subject.seed))


def _compared(view: View, name: str, null: View) -> str:
    """Say how many bases stand above what nearly all of the null stay below."""
    here, there = (each.strength[np.isfinite(each.strength)] for each in (view, null))
    if not len(here) or not len(there):
        return f"In {NULLS[name]} there is nothing to compare with."
    bound = float(np.quantile(there, LEVEL))
    above = int((here > bound).sum())
    return (
        f"In {NULLS[name]}, {LEVEL:.0%} of bases stay at or below {bound:.3g} ({view.measure}); here {above:,} of "
        f"{len(here):,} are above ({above / len(here):.0%}, where {1 - LEVEL:.0%} would be nothing). "
        f"Means: {here.mean():.3g} here, {there.mean():.3g} there."
    )


def shuffled(codes: Codes, rng: np.random.Generator) -> Codes:
    """Return the bases of a sequence in another order, with the same number of each pair of neighbours.

    A random walk along the pairs (Altschul and Erickson 1985), so that every such order is as likely. First and last
    base stay. Runs of unknown bases stay where they are; each stretch between them is shuffled by itself.
    """
    out = codes.copy()
    known = codes != UNKNOWN
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False))
    for low, high in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        out[low:high] = _walk(codes[low:high], rng)
    return out


def _walk(codes: Codes, rng: np.random.Generator) -> Codes:
    if len(codes) < 3:
        return codes
    after: list[list[int]] = [[] for _ in range(UNKNOWN)]
    for base, following in zip(codes[:-1].tolist(), codes[1:].tolist(), strict=True):
        after[base].append(following)
    last = int(codes[-1])
    for following in after:
        rng.shuffle(following)
    # The last steps away from each base must lead to the last base; a tree that is drawn by walking does so, unbiased.
    exits = _exits(after, last, rng)
    for base, following in enumerate(exits):
        if following is not None:
            after[base].remove(following)
            after[base].append(following)
    used = [0] * UNKNOWN
    out = [int(codes[0])]
    for _ in range(len(codes) - 1):
        base = out[-1]
        out.append(after[base][used[base]])
        used[base] += 1
    return np.array(out, dtype=codes.dtype)


def _exits(after: list[list[int]], last: int, rng: np.random.Generator) -> list[int | None]:
    """Return where the last step away from each base leads: a tree towards `last` (Wilson 1996)."""
    exits: list[int | None] = [None] * UNKNOWN
    within = {last}
    for base in range(UNKNOWN):
        at = base
        while after[base] and at not in within:
            exits[at] = after[at][int(rng.integers(len(after[at])))]
            at = exits[at]  # type: ignore[assignment]
        at = base
        while after[base] and at not in within:
            within.add(at)
            at = exits[at]  # type: ignore[assignment]
    return exits
