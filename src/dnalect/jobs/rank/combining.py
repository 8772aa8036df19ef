"""Evidence -> one score and one order: a weighted mean with every part of it in the open."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnalect.jobs.rank.evidence import Evidence
from dnalect.scored.reader import Floats, Numbers, Scored

# Odds are kept finite: a mean of 1 is no certainty.
SURE, LEAST_PIP = 0.01, 1e-4


@dataclass(frozen=True)
class Combined:
    """n variants, S sources.

    mean: weighted mean of the values that a variant has, NaN where no model judged it.
    shares (n, S): weight of each source in that mean, 0 where it is missing; rows sum to 1.
    contributions (n, S): share times value; rows sum to `mean`. factor: what the odds of the
    mean are multiplied by (1 without fine mapping). score: what the variants are ordered by.
    """

    mean: Floats
    shares: Floats
    contributions: Floats
    factor: Floats
    score: Floats


def combine(evidence: Sequence[Evidence], pip: Floats | None = None, pip_weight: float = 1.0) -> Combined:
    """Return the weighted mean of the evidence, and the score after fine mapping.

    A variant's missing sources are left out of its mean. pip: posterior inclusion
    probabilities (n,); with them, odds(score) = odds(mean) * (odds(pip) / odds(mean pip))^weight,
    and a variant without one keeps its odds.
    """
    values = np.stack([each.value for each in evidence], axis=1)
    known = np.isfinite(values)
    weights = np.array([each.weight for each in evidence]) * known
    judged = (known & np.array([each.model for each in evidence])).any(axis=1)
    totals = weights.sum(axis=1, keepdims=True)
    shares = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
    contributions = shares * np.where(known, values, 0)
    mean = np.where(judged, contributions.sum(axis=1), np.nan)
    factor = np.ones(len(mean)) if pip is None else _factor(pip, pip_weight)
    odds = _odds(np.clip(mean, SURE, 1 - SURE)) * factor
    return Combined(mean, shares, contributions, factor, mean if pip is None else odds / (1 + odds))


def _odds(probability: Floats) -> Floats:
    return np.asarray(probability / (1 - probability))


def _factor(pip: Floats, weight: float) -> Floats:
    kept = np.clip(pip, LEAST_PIP, 1 - LEAST_PIP)
    factor = (_odds(kept) / _odds(np.nanmean(kept, keepdims=True))) ** weight
    return np.where(np.isfinite(pip), factor, 1.0)


@dataclass(frozen=True)
class Order:
    """order: rows from the best to the last, those without a score at the end.

    rank (n,): place from 1, 0 without a score. locus_rank, locus_size (n,): the same within the
    locus, and how many of it have a score; 0 without a locus.
    """

    order: Numbers
    rank: Numbers
    locus_rank: Numbers
    locus_size: Numbers


def order_of(score: Floats, evidence: Sequence[Evidence], scored: Scored, loci: Sequence[str]) -> Order:
    """Rank the variants, the highest score first.

    Ties go to the higher value of each source in turn, then by contig, position and alleles,
    so that the order of the file doesn't matter.
    """
    values = np.nan_to_num(np.stack([each.value for each in evidence]), nan=-1.0)
    ranked = np.isfinite(score)
    columns = zip(*(-np.round(row, 12) for row in values), strict=True)
    keys = [
        (not known, -round(float(s), 12) if known else 0.0, *more, *key)
        for known, s, more, key in zip(ranked.tolist(), score.tolist(), columns, scored.keys, strict=True)
    ]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    rank = np.zeros(len(keys), dtype=np.int64)
    rank[order] = np.arange(1, len(keys) + 1)
    rank[~ranked] = 0
    places, sizes = np.zeros_like(rank), np.zeros_like(rank)
    seen: dict[str, int] = {}
    for row in order.tolist():
        if ranked[row] and loci[row]:
            seen[loci[row]] = places[row] = seen.get(loci[row], 0) + 1
    for row, name in enumerate(loci):
        sizes[row] = seen.get(name, 0) if places[row] else 0
    return Order(order, rank, places, sizes)
