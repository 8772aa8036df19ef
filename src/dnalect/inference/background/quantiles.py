"""Draws of a background, or their quantiles -> percentiles."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dnalect.inference.background.strata import STRUCTURES, Stratum

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

# Fits of place and spread have at most NODES nodes, of NODE draws at least. What a junction says hardly depends on the
# size: fewer nodes, of more draws, and flat beyond them. A band of lengths is judged alone where it has OWN_BAND.
NODES, NODE = 16, 12
NODES_STRUCTURES, NODE_STRUCTURES = 4, 100
OWN_BAND = 200
LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Quantiles:
    """A sample, or some of its order statistics.

    values: (k,) rising. places: (k,) of each in the whole sample, from 0, the lowest. count: draws of the whole sample.
    """

    values: npt.NDArray[np.float32]
    places: Numbers
    count: int

    @classmethod
    def of(cls, values: npt.NDArray[np.floating]) -> "Quantiles":
        """Return a whole sample."""
        return cls(np.sort(values).astype(np.float32), np.arange(len(values)), len(values))

    def thinned(self, tail: int, inner: int) -> "Quantiles":
        """Keep the lowest and highest `tail` draws, and `inner` between them at like distances."""
        if self.count <= 2 * tail + inner:
            return self
        middle = np.linspace(tail - 1, self.count - tail, inner + 2).round().astype(np.int64)[1:-1]
        kept = np.concatenate([np.arange(tail), middle, np.arange(self.count - tail, self.count)])
        return Quantiles(self.values[kept], self.places[kept], self.count)

    def percentiles(self, values: npt.NDArray[np.floating]) -> Floats:
        """Return (1 + number below + half the ties) / (count + 1) of each value (n,), NaN of NaN.

        Between two order statistics that are not neighbours the number is interpolated.
        """
        asked = values.astype(np.float32)
        left, right = np.searchsorted(self.values, asked, "left"), np.searchsorted(self.values, asked, "right")
        tied = right > left
        low, high = np.where(tied, left, left - 1), np.where(tied, right - 1, left)
        # What lies beyond the sample has a neighbour on one side only.
        places = np.concatenate([self.places, [self.count, -1]])
        padded = np.concatenate([self.values, [np.inf, -np.inf]]).astype(np.float64)
        first, last = places[low].astype(np.float64), places[high].astype(np.float64)
        with np.errstate(invalid="ignore"):
            share = (asked - padded[low]) / (padded[high] - padded[low])
        share = np.where(np.isfinite(share), share, 0.0)
        below = np.where(tied, (first + last + 1) / 2, first + 1 + np.maximum(last - first - 1, 0) * share)
        return np.where(np.isnan(asked), np.nan, (1 + below) / (self.count + 1))

    def at(self, shares: Floats) -> Floats:
        """Return the quantiles at shares in [0, 1]."""
        return np.interp(shares * (self.count - 1), self.places, self.values.astype(np.float64))


@dataclass(frozen=True)
class Pool:
    """One group's background, for all lengths from `low` to `high`.

    A score is judged by (score - place) / spread, where place and spread are what scores of its length have: between
    the lengths `at` (m,) they are interpolated. parts: band of lengths -> its draws, so judged;
    -1 for those of all lengths together, which serve where a band has less than OWN_BAND.
    """

    group: str
    low: int
    high: int
    at: Floats
    place: Floats
    spread: Floats
    parts: dict[int, Quantiles]

    @property
    def count(self) -> int:
        """Number of draws."""
        return self.parts[-1].count

    @property
    def error(self) -> float:
        """Standard error of a percentile in the middle, where it is largest, that of the place of a length included.

        The three SNVs of a site count as one.
        """
        draws = self.count / 3 if self.group == "snv" else self.count
        parts = 1 + max(0, len(self.at) - 2)
        return 0.5 * float(np.sqrt(parts / max(1.0, draws)))

    def percentiles(self, lengths: Numbers, values: Floats) -> Floats:
        """Return the percentile of each score (n,), NaN of NaN."""
        place, spread = self._at(lengths)
        judged, out = (values - place) / spread, np.empty(len(values))
        bands = np.array([self._part(int(length)) for length in lengths], dtype=np.int64)
        for band in np.unique(bands):
            mine = bands == band
            out[mine] = self.parts[int(band)].percentiles(judged[mine])
        return out

    def alike(self, length: int, shares: Floats) -> Floats:
        """Return the quantiles of the scores that background variants of this length have."""
        place, spread = self._at(np.array([length]))
        return np.asarray(place + spread * self.parts[self._part(length)].at(shares))

    def thinned(self, tail: int, inner: int) -> "Pool":
        """Return the same pool with fewer order statistics; see Quantiles."""
        parts = {band: part.thinned(tail, inner) for band, part in self.parts.items()}
        return Pool(self.group, self.low, self.high, self.at, self.place, self.spread, parts)

    def _part(self, length: int) -> int:
        band = Stratum(self.group, length).band
        return band if band in self.parts else -1

    def _at(self, lengths: Numbers) -> tuple[Floats, Floats]:
        return np.interp(lengths, self.at, self.place), np.interp(lengths, self.at, self.spread)


def pooled(
    group: str, span: tuple[int, int], lengths: Numbers, values: npt.NDArray[np.floating], own: bool = True
) -> Pool:
    """Return the pool of draws (n,) with their lengths (n,).

    Place and spread are monotone in the length: up or down, as the draws have it. A length alone,
    as that of SNVs, is judged as it is. span: the lengths that the pool is for. own: whether bands with
    OWN_BAND draws are judged by them alone.
    """
    if len(np.unique(lengths)) < 2:
        at, place, spread = np.ones(1), np.zeros(1), np.ones(1)
        judged = values.astype(np.float64)
    else:
        at, place, spread = _fits(lengths, values.astype(np.float64), group in STRUCTURES)
        judged = (values - np.interp(lengths, at, place)) / np.interp(lengths, at, spread)
    parts = {-1: Quantiles.of(judged)}
    bands = np.array([Stratum(group, int(length)).band for length in lengths], dtype=np.int64)
    found, counts = np.unique(bands, return_counts=True)
    if own and len(found) > 1:
        parts |= {int(b): Quantiles.of(judged[bands == b]) for b, n in zip(found, counts, strict=True) if n >= OWN_BAND}
    return Pool(group, *span, at, place, spread, parts)


def _fits(lengths: Numbers, values: Floats, structures: bool) -> tuple[Floats, Floats, Floats]:
    """Return lengths with the medians of scores and the mean deviations from them, both made monotone."""
    order = np.argsort(lengths, kind="stable")
    lengths, values = lengths[order], values[order]
    most, fewest = (NODES_STRUCTURES, NODE_STRUCTURES) if structures else (NODES, NODE)
    least = max(fewest, len(lengths) // most)
    # A length is in one node whole.
    ends = np.flatnonzero(np.diff(lengths, append=lengths[-1] + 1)) + 1
    cuts = [0]
    for end in ends.tolist():
        if end - cuts[-1] >= least:
            cuts.append(end)
    # What is left at the end joins the last node.
    cuts = [*cuts[: max(1, len(cuts) - 1)], len(lengths)]
    spans = list(pairwise(cuts))
    weights = np.array([high - low for low, high in spans], dtype=np.float64)
    at = np.array([np.median(lengths[low:high]) for low, high in spans])
    medians = _monotone(np.array([np.median(values[low:high]) for low, high in spans]), weights)
    ends_of = (float(at[0]), float(at[-1])) if structures else (float(lengths[0]), float(lengths[-1]))
    nodes, place = _to_the_ends(at, medians, *ends_of)
    apart = np.abs(values - np.interp(lengths, nodes, place))
    _, spread = _to_the_ends(
        at, _monotone(np.array([apart[low:high].mean() for low, high in spans]), weights), *ends_of
    )
    return nodes, place, np.maximum(spread, np.maximum(LEAST_SPREAD, spread.max() / 1_000))


def _to_the_ends(at: Floats, values: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """Return nodes from `low` to `high`: the first and the last line go on, or all lengths there would be alike."""
    if len(at) < 2:
        return at, values
    first, last = (np.diff(values) / np.diff(at))[[0, -1]]
    below, above = values[0] - first * (at[0] - low), values[-1] + last * (high - at[-1])
    return np.array([low, *at, high]), np.array([below, *values, above])


def _monotone(values: Floats, weights: Floats) -> Floats:
    """Return the nearest values that only rise, or only fall: whichever is nearer."""
    from scipy.optimize import isotonic_regression

    fits = [isotonic_regression(values, weights=weights, increasing=up).x for up in (True, False)]
    return np.asarray(min(fits, key=lambda fit: float((weights * (fit - values) ** 2).sum())), dtype=np.float64)
