"""What the report needs, gathered while the records stream by: counts and the top rows, never all."""

import heapq
from collections import Counter
from collections.abc import Callable
from itertools import count

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Row
from dnalect.core.summaries import FrequencyCheck, substitution_type
from dnalect.stats.draws import interval

BINS = 20
FINE = 1000
TOP = 30_000
SCORE_BINS = 60

Counts = npt.NDArray[np.int64]


class Histograms:
    """Counts of values, and of the background of the same classes, in bins that the first background fixes.

    edges, counts, background: by class.
    """

    def __init__(self) -> None:
        self.edges: dict[str, npt.NDArray[np.float64]] = {}
        self.counts: dict[str, Counts] = {}
        self.background: dict[str, Counts] = {}

    def compare(self, name: str, background: npt.NDArray[np.float64]) -> None:
        """Count scores that stand for the background of some variants of a class; the first ones fix its bins."""
        if not len(background):
            return
        if name not in self.edges:
            low, high = np.quantile(background, [0.001, 0.999])
            self.edges[name] = np.linspace(float(low), float(max(high, low + 1e-6)), SCORE_BINS + 1)
            self.counts[name] = np.zeros(SCORE_BINS, dtype=np.int64)
            self.background[name] = np.zeros(SCORE_BINS, dtype=np.int64)
        edges = self.edges[name]
        self.background[name] += np.histogram(np.clip(background, edges[0], edges[-1]), bins=edges)[0]

    def add(self, name: str, value: float) -> None:
        """Count a value, in the last bin of its side where it lies beyond; nothing for a class without bins."""
        if name in self.edges:
            place = np.searchsorted(self.edges[name], value, side="right") - 1
            self.counts[name][min(max(int(place), 0), SCORE_BINS - 1)] += 1

    def shown(self, drawn: Callable[[str], int]) -> dict[str, tuple[npt.NDArray[np.float64], Counts, Counts]]:
        """Return (bin edges, counts, counts of the background) by class. drawn: number of draws of a class."""
        found = {}
        for name, edges in self.edges.items():
            background = self.background[name]
            scaled = np.rint(background * (drawn(name) / max(1, int(background.sum())))).astype(np.int64)
            found[name] = (edges, self.counts[name], scaled)
        return found


class Tally:
    """Counts outcomes, classes, score and percentile histograms; keeps the TOP first rows.

    scores: the log-ratios, by class. changes: the predicted changes, by "output, class". types: of SNVs, how many.
    """

    def __init__(self) -> None:
        self.records = self.alternates = self.on_seen = self.unknown = 0
        self.outcomes: dict[str, int] = {}
        self.kinds: dict[str, int] = {}
        self.percentiles: dict[str, Counts] = {}
        self.scores, self.changes = Histograms(), Histograms()
        self.common, self.rare = np.zeros(FINE, dtype=np.int64), np.zeros(FINE, dtype=np.int64)
        self.polarised = False
        self.types: Counter[str] = Counter()
        self._top: list[tuple[float, float, int, Row]] = []
        self._serial = count()

    def add(self, rows: list[Row]) -> None:
        """Count one record, given as one row an alternate."""
        self.records += 1
        self.on_seen += rows[0].seen is True
        self.unknown += rows[0].seen is None
        for row in rows:
            self.alternates += 1
            score = row.score
            outcome = "scored" if score.known else score.reason.partition(":")[0]
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
            if score.known:
                self._scored(row, score.rank)

    def _scored(self, row: Row, value: float) -> None:
        kind, percentile = row.score.kind, row.score.placed
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.types[substitution_type(row.ref, row.alt)] += 1
        self.scores.add(kind, value)
        for change in row.score.changes:
            self.changes.add(f"{change.name}, {kind}", change.value)
        if percentile is not None:
            self._count_percentile(row, kind, percentile)
        # What has a percentile goes first: sums over many bases, and scores of several classes, can't be compared.
        # Where none has one, the score of a changed base, the distance or the change itself ranks.
        own = value if row.score.per_base is None else row.score.per_base
        rank = (-2.0 if percentile is None else -percentile, -own)
        first, second = max((change.rank for change in row.score.changes), default=rank)
        item = (first, second, -next(self._serial), row)
        if len(self._top) < TOP:
            heapq.heappush(self._top, item)
        elif item > self._top[0]:
            heapq.heapreplace(self._top, item)

    def _count_percentile(self, row: Row, kind: str, percentile: float) -> None:
        self.percentiles.setdefault(kind, np.zeros(BINS, dtype=np.int64))[min(int(percentile * BINS), BINS - 1)] += 1
        self.polarised |= row.ancestral is not None
        if kind == "snv" and row.ancestral in (None, "ref"):
            fine = min(int(percentile * FINE), FINE - 1)
            if row.allele_count == 1:
                self.rare[fine] += 1
            elif row.af is not None and row.af > 0.05:
                self.common[fine] += 1

    def top(self) -> list[Row]:
        """Return the kept rows, the most disfavoured alternate or the most unusual change first."""
        return [row for _, _, _, row in sorted(self._top, reverse=True)]

    def frequency(self, seed: int = 1) -> FrequencyCheck | None:
        """Compare common with rare alleles; None with fewer than 10 of either."""
        common, rare = int(self.common.sum()), int(self.rare.sum())
        if min(common, rare) < 10:
            return None
        rng = np.random.default_rng(seed)
        drawn = auroc(
            rng.multinomial(common, self.common / common, size=2000), rng.multinomial(rare, self.rare / rare, size=2000)
        )
        found = interval(float(auroc(self.common, self.rare)), drawn)
        return FrequencyCheck(
            common=common,
            rare=rare,
            auroc=found.mean,
            low=found.low,
            high=found.high,
            common_bins=self.common.reshape(BINS, -1).sum(axis=1),
            rare_bins=self.rare.reshape(BINS, -1).sum(axis=1),
            polarised=self.polarised,
        )


def auroc(positive: Counts, negative: Counts) -> npt.NDArray[np.float64]:
    """P(positive > negative) + half the ties, from counts in ordered bins (last axis)."""
    below = np.cumsum(negative, axis=-1) - negative / 2
    wins = (positive * below).sum(axis=-1)
    result: npt.NDArray[np.float64] = wins / (positive.sum(axis=-1) * negative.sum(axis=-1))
    return result
