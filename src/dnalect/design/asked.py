"""Every sequence that was asked for, what the predictors said of it, and how many may still be.

Shapes: n sequences, L bases, K goals.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes
from dnalect.core.reporter import Phase
from dnalect.design.goals import Panel
from dnalect.design.rules import Mask, Rules
from dnalect.design.templates import Template
from dnalect.tokens.bases import UNKNOWN

# Calls that a pass there and back counts as.
THERE_AND_BACK = 3
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be designed. templates: of one length. protected: (L,) bases that stay. rules: what must be kept."""

    panel: Panel
    templates: tuple[Template, ...]
    protected: Mask
    rules: Rules

    @property
    def starts(self) -> Codes:
        """What the templates say (T, L), unknown where nothing is given."""
        return np.stack([each.codes for each in self.templates])

    @property
    def free(self) -> Mask:
        """Which bases of each template may change (T, L)."""
        return np.asarray(~self.protected | (self.starts == UNKNOWN))

    def kept(self, codes: Codes, origin: Numbers) -> Mask:
        """Return which sequences (n, L) keep the rules. origin: (n,) their templates."""
        return self.rules.kept(codes, self.starts[origin])

    def mended(self, codes: Codes, origin: Numbers, rng: np.random.Generator) -> Codes:
        """Return sequences (n, L) that keep the rules, as far as single substitutions lead there."""
        return self.rules.mended(codes, self.starts[origin], self.free[origin], rng)

    def begun(self, count: int, rng: np.random.Generator) -> tuple[Codes, Numbers]:
        """Return sequences (m, L) that keep the rules, m <= count, the templates in turn, and which they began as.

        What is not given is drawn evenly.
        """
        origin = np.arange(count) % len(self.templates)
        codes = self.starts[origin]
        unknown = codes == UNKNOWN
        codes[unknown] = rng.integers(UNKNOWN, size=int(unknown.sum()))
        codes = self.mended(codes, origin, rng)
        kept = self.kept(codes, origin)
        return codes[kept], origin[kept]


class Asked:
    """The sequences that were asked for, each once.

    most: calls. bar: a phase over them. Lists grow together: codes (L,), values (K,), gains (K,), of which more is
    better, templates that they began as, and calls that had been made then.
    """

    def __init__(self, problem: Problem, most: int, bar: Phase | None = None):
        self.problem, self.most, self.bar = problem, most, bar
        self.calls = 0
        self.codes: list[Codes] = []
        self.values: list[Floats] = []
        self.origin: list[int] = []
        self.at: list[int] = []
        self._rows: dict[bytes, int] = {}

    @property
    def left(self) -> int:
        """Calls that may still be made."""
        return self.most - self.calls

    def known(self, codes: Codes) -> bool:
        """Whether a sequence (L,) was asked for."""
        return codes.tobytes() in self._rows

    def ask(self, codes: Codes, origin: Numbers) -> Numbers:
        """Ask for sequences (n, L) that keep the rules; return the numbers (m,) of those that there are then.

        Those that break a rule, and those for which no call is left, are passed over.
        """
        kept = self.problem.kept(codes, origin)
        wanted: dict[bytes, int] = {}
        for row in np.flatnonzero(kept).tolist():
            key = codes[row].tobytes()
            if key not in self._rows and key not in wanted and len(wanted) < self.left:
                wanted[key] = row
        if wanted:
            rows = [*wanted.values()]
            at = self.calls + 1 + np.arange(len(rows))
            values = self.problem.panel.read(codes[rows])
            self.charge(len(rows))
            self.note(codes[rows], origin[rows], values, at)
        found = [self._rows.get(codes[row].tobytes(), -1) for row in np.flatnonzero(kept).tolist()]
        return np.array([each for each in dict.fromkeys(found) if each >= 0], dtype=np.int64)

    def charge(self, calls: int) -> None:
        """Count calls."""
        self.calls += calls
        if self.bar is not None:
            self.bar.update(calls)

    def note(self, codes: Codes, origin: Numbers, values: Floats, at: Numbers | None = None) -> None:
        """Keep what was said of sequences (n, L) that keep the rules: (n, K). at: their calls (n,), None for now."""
        for row, text in enumerate(codes):
            key = text.tobytes()
            if key not in self._rows:
                self._rows[key] = len(self.codes)
                self.codes.append(text.copy())
                self.values.append(values[row])
                self.origin.append(int(origin[row]))
                self.at.append(self.calls if at is None else int(at[row]))

    def gains(self, rows: Numbers | None = None) -> Floats:
        """Return numbers (n, K) of which more is better, of some rows or of all."""
        values = self.values if rows is None else [self.values[row] for row in rows.tolist()]
        return self.problem.panel.gains(np.array(values).reshape(-1, len(self.problem.panel.aims)))

    def take(self, rows: Numbers) -> tuple[Codes, Numbers]:
        """Return the sequences (n, L) of some rows, and the templates that they began as."""
        return np.stack([self.codes[row] for row in rows]), np.array([self.origin[row] for row in rows])

    def best_by_call(self) -> Floats:
        """Return the best of the first goal's gains after each call (calls,); NaN before the first one."""
        out = np.full(self.most, -np.inf)
        for at, gain in zip(self.at, self.gains()[:, 0], strict=True):
            out[min(at, self.most) - 1] = max(out[min(at, self.most) - 1], gain)
        found = np.maximum.accumulate(out)
        return np.where(np.isfinite(found), found, np.nan)
