"""What a kind of likelihood has to answer."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes
from dnalect.core.reporter import track
from dnalect.genome.windows.junctions import Joint
from dnalect.models.model import Model
from dnalect.tokens.bases import UNKNOWN


class Strategy(Protocol):
    """The likelihoods of a model."""

    model: Model

    @property
    def given(self) -> Literal["rest", "left"]:
        """What a base is conditioned on: "rest", all other bases that the model reads; "left", those before it."""
        ...

    @property
    def whole(self) -> bool:
        """Whether one pass gives every base of a window; else each costs passes of its own."""
        ...

    def log_probs(self, windows: Sequence[Codes], sites: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return ln p(base | what is given) (m, 4), in A, C, G, T order, at one site of each of m windows.

        windows: base codes, of any lengths up to the context. sites: (m,) 0-based.
        """
        ...

    def ratio(
        self, reference: Sequence[Codes], alternate: Sequence[Codes], background: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return how much likelier the alternate haplotypes are (n,), as docs/scores.md defines it for indels.

        reference, alternate: n windows each, pairs with the same flanks; unknown bases stand beyond a contig's end.
        background: ln q of A, C, G, T and unknown (0), which kinds that add up conditional probabilities take off.
        """
        ...

    def joined(self, joints: Sequence[Joint]) -> npt.NDArray[np.float64]:
        """Return what the kept bases on the left and the right of each joint gain by their new neighbours (n, 2).

        docs/scores.md, "llr-junction-1"; nats; 0 on a side that is an insertion's.
        """
        ...

    def every(self, codes: Codes, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return ln p (L, 4) of a sequence (L,) of any length; anything finite where a base is not wanted (L,)."""
        ...

    def substituted(self, codes: Codes, start: int, end: int, hidden: bool = False) -> npt.NDArray[np.float32]:
        """Return ln p (n, 4, n, 4) of the bases of [start, end), after each became each of four: [i, b, j, base].

        codes: (L,) of any length. Where the base stays, or is unknown, that is ln p of the sequence as it is. hidden:
        of a masked model, that base j is hidden while it is asked for, in a pass of its own; else it is seen. Others
        never see it.
        """
        ...

    def within(self, windows: Codes) -> npt.NDArray[np.float32]:
        """Return ln p (n, L, 4) of all bases of windows (n, L), at most as long as the context."""
        ...


def substituted_one_by_one(
    codes: Codes,
    start: int,
    end: int,
    reach: int,
    at: Callable[[Codes, npt.NDArray[np.int64]], npt.NDArray[Any]],
) -> npt.NDArray[np.float32]:
    """Return `Strategy.substituted`, a call of `at` for each substitution, of the sites that it can reach.

    reach: bases on each side that a probability depends on. at: gives ln p (m, 4) at m ascending sites of a sequence.
    """
    sites = np.arange(start, end)
    known = at(codes, sites).astype(np.float32)
    out = np.tile(known, (len(sites), 4, 1, 1))
    for row, site in enumerate(track(sites.tolist(), "substituting bases", "bases")):
        near = np.flatnonzero((np.abs(sites - site) <= reach) & (sites != site))
        for base in range(UNKNOWN) if codes[site] != UNKNOWN and len(near) else ():
            if base != codes[site]:
                new = codes.copy()
                new[site] = base
                out[row, base, near] = at(new, sites[near])
    return out
