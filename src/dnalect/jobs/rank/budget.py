"""Which variants a budget buys."""

from collections import defaultdict
from collections.abc import Sequence

from dnalect.core.errors import ConfigError
from dnalect.jobs.rank.combining import Order

SPREADS = ("round-robin", "global")


def pick(
    order: Order, loci: Sequence[str], budget: int, spread: str = "round-robin", excluded: frozenset[int] = frozenset()
) -> list[int]:
    """Return the rows to buy, at most `budget`, in the order in which they are bought.

    spread: "round-robin" buys the best of every locus, the loci in the order of their best,
    then the second of every locus, and so on; "global" buys by rank alone. Variants without
    a score, without a locus or in `excluded` aren't bought. Raises ConfigError for another spread
    or a budget below 0.
    """
    if budget < 0:
        raise ConfigError(f"a budget is a number of variants, 0 or more, not {budget}")
    if spread not in SPREADS:
        raise ConfigError(f"--spread is one of {', '.join(SPREADS)}, not {spread!r}")
    free = [row for row in order.order.tolist() if order.rank[row] and loci[row] and row not in excluded]
    if spread == "global":
        return free[:budget]
    queues: dict[str, list[int]] = defaultdict(list)
    for row in free:
        queues[loci[row]].append(row)
    # A dict keeps the order of insertion: that of each locus's best.
    turns = [(turn, at, row) for at, rows in enumerate(queues.values()) for turn, row in enumerate(rows)]
    return [row for _, _, row in sorted(turns)[:budget]]
