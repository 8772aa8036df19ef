"""What is given of a sequence, and what is to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnalect.core.errors import InputError
from dnalect.core.records import Codes
from dnalect.tokens.bases import UNKNOWN, decode, encode


@dataclass(frozen=True, eq=False)
class Template:
    """name: of the sequence. codes: (L,), unknown where a base is to be drawn."""

    name: str
    codes: Codes

    @property
    def given(self) -> str:
        """The bases before the first one that is to be drawn: what a causal model goes on from.

        Raises InputError where given bases come after that: no causal model can fill a gap.
        """
        free = np.flatnonzero(self.codes == UNKNOWN)
        first = int(free[0]) if len(free) else len(self.codes)
        if (self.codes[first:] != UNKNOWN).any():
            raise InputError(
                f"{self.name}: there are bases after an N, and a causal model reads nothing to the right of a gap: "
                "give the beginning alone, or fill the gap with a masked model or a duplex"
            )
        return decode(self.codes[:first])


def templates(given: Sequence[tuple[str, str]], count: int, length: int) -> list[Template]:
    """Return `count` templates for every given sequence, or of nothing.

    given: names and texts, N for a base that is to be drawn. length: bases of each; what a text lacks is drawn behind
    it. Raises InputError for a text that is longer.
    """
    out = []
    for name, text in given or [("", "")]:
        if len(text) > length:
            raise InputError(
                f"{name or 'the template'} has {len(text):,} bases, more than the {length:,} of --length: ask for more"
            )
        codes = np.full(length, UNKNOWN, dtype=np.uint8)
        codes[: len(text)] = encode(text)
        begun = f"{name}_" if name else "generated_"
        out += [Template(f"{begun}{number + 1}", codes) for number in range(count)]
    return out
