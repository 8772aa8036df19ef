"""What designs have to beat at as many calls: random, shuffled and known sequences that keep the same rules."""

from collections.abc import Callable, Sequence

import numpy as np

from dnalect.core.records import Codes
from dnalect.design.asked import Asked, Numbers, Problem
from dnalect.design.rules import Edits
from dnalect.tokens.bases import UNKNOWN, encode
from dnalect.why.nulls import shuffled

RANDOM, SHUFFLED, KNOWN = "random", "shuffled", "known"
RIVALS = (RANDOM, SHUFFLED, KNOWN)
# Sequences that are drawn and asked for at once, and draws without a new one after which there are no more.
AT_ONCE, IDLE = 256, 4
# So many sequences (n, L), and the templates that they belong to.
Drawn = Callable[[int], tuple[Codes, Numbers]]


def random(asked: Asked, rng: np.random.Generator) -> None:
    """Ask for sequences whose free bases are drawn evenly; of few edits, for starts with as many changed bases."""
    problem = asked.problem
    edits = _edits(problem)

    def drawn(count: int) -> tuple[Codes, Numbers]:
        origin = np.arange(count) % len(problem.templates)
        codes, free = problem.starts[origin], problem.free[origin]
        for row in range(count):
            places = np.flatnonzero(free[row])
            if edits is not None:
                given = places[codes[row, places] != UNKNOWN]
                places = np.concatenate(
                    [np.flatnonzero(codes[row] == UNKNOWN), rng.permutation(given)[: max(0, edits)]]
                )
            codes[row, places] = rng.integers(UNKNOWN, size=len(places))
        return problem.mended(codes, origin, rng), origin

    _until_full(asked, drawn)


def shuffle(asked: Asked, given: Sequence[str], rng: np.random.Generator) -> str:
    """Ask for known sequences, or starts, whose free bases are shuffled with their pairs of neighbours.

    given: known sequences. Returns why there are none, "" where there are.
    """
    problem = asked.problem
    if _edits(problem) is not None:
        return "a shuffled sequence differs in more bases than --edits allows"
    sources = fitting(problem, given)
    if not sources:
        known_bases = (problem.starts != UNKNOWN) | ~problem.free
        sources = [(each.codes, at) for at, each in enumerate(problem.templates) if known_bases[at].all()]
    if not sources:
        return "there is nothing to shuffle: give sequences with --from or --known"

    def drawn(count: int) -> tuple[Codes, Numbers]:
        picks = rng.integers(len(sources), size=count).tolist()
        codes, origin = np.stack([sources[n][0] for n in picks]), np.array([sources[n][1] for n in picks])
        for row in range(count):
            free = problem.free[origin[row]]
            codes[row, free] = shuffled(codes[row, free], rng)
        return problem.mended(codes, origin, rng), origin

    _until_full(asked, drawn)
    return ""


def known(asked: Asked, given: Sequence[str], rng: np.random.Generator) -> str:
    """Ask for known sequences that keep the rules and the protected bases, as many as there are calls for.

    Returns why there are none, "" where there are.
    """
    sources = fitting(asked.problem, given)
    if not sources:
        return "no known sequence has the length and the protected bases" if given else "name them with --known"
    codes, origin = np.stack([each for each, _ in sources]), np.array([at for _, at in sources])
    order = rng.permutation(len(codes))
    asked.ask(codes[order], origin[order])
    return "" if asked.calls else "no known sequence keeps the rules"


def fitting(problem: Problem, given: Sequence[str]) -> list[tuple[Codes, int]]:
    """Return known sequences that have the bases of a template where it can't change, and that template."""
    starts, found = problem.starts, []
    for text in given:
        if len(text) != starts.shape[1]:
            continue
        codes = encode(text)
        for at, start in enumerate(starts):
            if (codes != UNKNOWN).all() and (codes == start)[~problem.free[at]].all():
                found.append((codes, at))
                break
    return found


def _edits(problem: Problem) -> int | None:
    return min((each.most for each in problem.rules.each if isinstance(each, Edits)), default=None)


def _until_full(asked: Asked, drawn: Drawn) -> None:
    idle = 0
    while asked.left and idle < IDLE:
        before = asked.calls
        asked.ask(*drawn(min(AT_ONCE, asked.left)))
        idle = idle + 1 if asked.calls == before else 0
