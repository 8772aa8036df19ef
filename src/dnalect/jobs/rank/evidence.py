"""Evidence: every source as one number in [0, 1] for each variant, 1 where it speaks most for it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, TableError
from dnalect.jobs.rank.conservation import conservation
from dnalect.jobs.rank.settings import Settings
from dnalect.scored.reader import Floats, Numbers, Scored
from dnalect.stats.ranking import quantiles_within

FREQUENCY = "allele_frequency"


@dataclass(frozen=True)
class Evidence:
    """One source for n variants.

    raw: the number as it was found, NaN where there is none. value: the same in [0, 1], 1
    speaking most for the variant; NaN where there is none. weight: in the mean, of settings.
    direction: which raw values count most. origin: where they are from and how they became
    values, in words. model: whether it is a model's judgement; without any of these a
    variant isn't ranked.
    """

    name: str
    raw: Floats
    value: Floats
    weight: float
    direction: str
    origin: str
    model: bool = False

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which variants have it (n,)."""
        return np.isfinite(self.value)


def within(raw: Floats, direction: str, stratum: Numbers | None = None) -> Floats:
    """Return the place of each number among all of the file (n,), 0 to 1; ties share their mean place.

    direction: "high", "low" or "abs", the numbers that get values near 1. stratum: compare
    only with those of the same one. NaN stays NaN.
    """
    key = {"high": raw, "low": -raw, "abs": np.abs(raw)}[direction]
    known = np.isfinite(key)
    strata = np.zeros(len(raw), dtype=np.int64) if stratum is None else stratum
    out = np.full(len(raw), np.nan)
    if known.any():
        out[known] = quantiles_within(key[known], strata[known])
    return out


def gather(
    scored: Scored, settings: Settings, track: str | None = None, frequency: str | None = None
) -> list[Evidence]:
    """Return the evidence that a file has, sources of weight 0 left out.

    track: a bigWig of conservation. frequency: column of the allele frequency, by default
    `allele_frequency`. Raises ConfigError where there is no evidence of a model at all,
    TableError for a column that is missing or holds no numbers.
    """
    found = [_likelihood(scored, settings) or _distance(scored, settings)]
    found += [
        _ranked(scored, name, used.column, used.weight, used.direction, model=True)
        for name, used in settings.use.items()
    ]
    if track is not None:
        raw = conservation(track, scored)
        found.append(_made("conservation", raw, settings, f"{track}, mean over the changed bases"))
    found += [_region(scored, settings), _frequency(scored, settings, frequency)]
    evidence = [each for each in found if each is not None and each.weight > 0]
    if not any(each.model and each.known.any() for each in evidence):
        raise ConfigError(
            f"{scored.path} has no score to rank by: make it with `dnalect score`, or name a column: --use NAME=COLUMN"
        )
    return evidence


def _made(name: str, raw: Floats, settings: Settings, origin: str) -> Evidence:
    direction = settings.directions[name]
    text = f"{origin}; place within the file"
    return Evidence(name, raw, within(raw, direction), settings.weights[name], direction, text)


def _likelihood(scored: Scored, settings: Settings) -> Evidence | None:
    """The log-ratio by its percentile against the background, else by its place within the file."""
    if "llr" not in scored or not np.isfinite(raw := scored.numbers("llr")).any():
        return None
    direction, weight = settings.directions["llr"], settings.weights["llr"]
    if direction != "abs" and "percentile" in scored:
        percentile = scored.numbers("percentile")
        # A score without a percentile can't be compared with those that have one, so it counts as missing.
        if np.isfinite(percentile).any():
            value = 1 - percentile if direction == "low" else percentile
            origin = "column llr; percentile against the background of its class"
            return Evidence("llr", raw, value, weight, direction, origin, model=True)
    classes = scored.texts("class") if "class" in scored else [""] * len(scored)
    _, stratum = np.unique(classes, return_inverse=True)
    # Sums over many bases say how many they are.
    compared = scored.numbers("llr_per_base") if "llr_per_base" in scored else raw
    compared = np.where(np.isfinite(compared), compared, raw)
    origin = "column llr; place within its class in the file, by the score of a changed base"
    return Evidence("llr", raw, within(compared, direction, stratum), weight, direction, origin, model=True)


def _distance(scored: Scored, settings: Settings) -> Evidence | None:
    """The distance at the site, where there is no log-ratio: the two say much of the same."""
    if "cosine_site" not in scored:
        return None
    direction = settings.directions["distance"]
    return _ranked(scored, "distance", "cosine_site", settings.weights["distance"], direction, model=True)


def _ranked(scored: Scored, name: str, column: str, weight: float, direction: str, model: bool) -> Evidence:
    raw = scored.numbers(column)
    if not np.isfinite(raw).any():
        raise TableError(f"{scored.path}: the column {column!r} of {name} is empty")
    text = f"column {column}; place within the file"
    return Evidence(name, raw, within(raw, direction), weight, direction, text, model)


def _region(scored: Scored, settings: Settings) -> Evidence | None:
    """The weight of the kind of region; a kind without one counts as missing."""
    if "region" not in scored:
        return None
    raw = np.array([settings.regions.get(name, np.nan) for name in scored.texts("region")])
    if not np.isfinite(raw).any():
        return None
    direction = settings.directions["region"]
    value = 1 - raw if direction == "low" else raw
    return Evidence("region", raw, value, settings.weights["region"], direction, "column region; weight of its kind")


def _frequency(scored: Scored, settings: Settings, column: str | None) -> Evidence | None:
    name = column or FREQUENCY
    if column is None and name not in scored:
        return None
    raw = scored.numbers(name)
    if not np.isfinite(raw).any():
        return None
    if np.nanmin(raw) < 0 or np.nanmax(raw) > 1:
        raise TableError(f"{scored.path}: the column {name!r} is no frequency: its values leave 0 to 1")
    return _made("frequency", raw, settings, f"column {name}")


def fine_mapped(scored: Scored, column: str) -> Floats:
    """Return the posterior inclusion probabilities of a column (n,), NaN where there is none. TableError for others."""
    raw = scored.numbers(column)
    known = raw[np.isfinite(raw)]
    if not len(known) or known.min() < 0 or known.max() > 1:
        raise TableError(f"{scored.path}: the column {column!r} of --pip must hold probabilities between 0 and 1")
    return raw
