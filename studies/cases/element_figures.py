"""How well scores of the measured variants find those with an effect: over elements, among the first, and at best."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core import NOTHING, Estimate, Figure
from dnalect.stats import Draws, among_first, auroc, binary_measures, divided, estimate, signal_measures, spearman
from studies.cases.compared import compared
from studies.cases.measured import Measured

TASK, MEAN, RANDOM = "CAGI5", "mean over elements", "random choice"
SHARE, FIRST, TENTH = "share with an effect", "first 50 of all", "first 10% of each element"
OTHER_CELLS = "measured in"
PART, FIRST_COUNT = 0.1, 50
# Raised or lowered variants of an element, at least, for an AUROC of theirs.
FEW = 5
# Neighbours hit the same binding site.
BLOCK = 10
RAISED, LOWERED = "AUROC, raised expression", "AUROC, lowered expression"
MEASURES = (
    *("AUPRC over base rate", "precision at 10% over base rate", "AUROC"),
    *(RAISED, LOWERED, "signed Spearman"),
)
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Value = Callable[[Floats, Mask, Floats], float]


def mean_figures(
    found: Measured, sizes: Mapping[str, Floats], signs: Mapping[str, Floats], rivals: Sequence[str]
) -> list[Figure]:
    """Return each measure of each score for each element, and its mean over elements beside the rivals.

    sizes: who -> how large the effect is said to be (n,). signs: who -> the predicted effect with its
    direction (n,), of those that know one; the others rank raised and lowered expression by the size.
    """
    names, draws = _element_draws(found)
    raising = {who: signs.get(who, size) for who, size in sizes.items()}
    lowering = {who: -signs[who] if who in signs else size for who, size in sizes.items()}
    measures: dict[str, tuple[Mapping[str, Floats], Value]] = {
        MEASURES[0]: (sizes, lambda score, hit, _: _average_precision(score, hit) / hit.mean()),
        MEASURES[1]: (sizes, lambda score, hit, _: _first(score, hit) / hit.mean()),
        MEASURES[2]: (sizes, lambda score, hit, _: auroc(score, hit)),
        RAISED: (raising, lambda score, hit, effect: _some(score, hit & (effect > 0))),
        LOWERED: (lowering, lambda score, hit, effect: _some(score, hit & (effect < 0))),
        MEASURES[5]: (signs, lambda score, _, effect: np.nan_to_num(spearman(score, effect))),
    }
    out = []
    for measure, (scores, value) in measures.items():
        samples = {}
        for who, score in scores.items():
            values = np.array([_of(found, name, score, value) for name in names])
            known = np.isfinite(values)
            for name, one in zip(names[known], values[known].tolist(), strict=True):
                size = int((found.element == name).sum())
                out.append(Figure(TASK, str(name), who, measure, size, Estimate(one, np.nan, np.nan)))
            samples[who] = _means(values, draws)
        count = int(known.sum()) if samples else 0
        out += compared(Figure(TASK, MEAN, "", measure, count, NOTHING), samples, rivals)
    return out


def first_figures(found: Measured, sizes: Mapping[str, Floats]) -> list[Figure]:
    """Return how many of the variants ranked first have an effect, beside a random choice: of all, of each element."""
    names, draws = _element_draws(found)
    element = np.searchsorted(names, found.element)
    hit = found.significant
    totals, hits = np.bincount(element), np.bincount(element, hit)
    firsts = np.maximum(1, np.round(PART * totals))
    pooled = {RANDOM: (draws @ hits) / (draws @ totals)}
    within = {RANDOM: (draws @ (firsts * hits / totals)) / (draws @ firsts)}
    for who, size in sizes.items():
        pooled[who] = among_first(size, hit, draws[:, element], FIRST_COUNT)
        own = [_first(size[element == n], hit[element == n]) * firsts[n] for n in range(len(names))]
        within[who] = (draws @ np.array(own)) / (draws @ firsts)
    told = ((FIRST, FIRST_COUNT, pooled), (TENTH, int(firsts.sum()), within))
    return [
        each
        for part, count, samples in told
        for each in compared(Figure(TASK, part, "", SHARE, count, NOTHING), samples, [RANDOM])
    ]


def cell_type_figures(found: Measured) -> list[Figure]:
    """Return how well one measurement predicts another one of the same variants: the best that a sequence can do."""
    out = []
    names = np.unique(found.element)
    pairs = [(a, b) for a in names for b in names if a != b and _group(found, a) == _group(found, b)]
    for truth, score in pairs:
        rows = [np.flatnonzero(found.element == name) for name in (truth, score)]
        one, two = (found.at[each] * 4 + found.alt[each] for each in rows)
        _, mine, theirs = np.intersect1d(one, two, return_indices=True)
        mine, theirs = rows[0][mine], rows[1][theirs]
        draws = Draws.of(found.at[mine] // BLOCK)
        effect, other = found.effect[mine], found.effect[theirs]
        signal = signal_measures(other, effect, draws)
        binary = binary_measures(np.abs(other), found.significant[mine], draws)
        samples = {
            "signed Spearman": signal["Spearman"],
            "Pearson": signal["Pearson"],
            "AUROC": binary["AUROC"],
            "AUPRC over base rate": binary["AUPRC"] / binary["prevalence"],
        }
        for measure, values in samples.items():
            out.append(Figure(TASK, str(truth), f"{OTHER_CELLS} {score}", measure, len(mine), estimate(values)))
    return out


def _group(found: Measured, name: str) -> int:
    return int(found.group[found.element == name][0])


def _element_draws(found: Measured) -> tuple[npt.NDArray[np.str_], Floats]:
    """Names of the elements (E,), and how often each counts (R + 1, E): groups are drawn whole, first all are once."""
    names = np.unique(found.element)
    units = np.array([_group(found, name) for name in names])
    return names, Draws.of(units).counts[:, units].astype(np.float64)


def _means(values: Floats, draws: Floats) -> Floats:
    """Mean (R + 1,) of the elements that have a value, NaN where none of them was drawn."""
    known = np.isfinite(values)
    return divided(draws[:, known] @ values[known], draws[:, known].sum(axis=1))


def _of(found: Measured, name: str, score: Floats, value: Value) -> float:
    own = found.element == name
    return value(score[own], found.significant[own], found.effect[own])


def _some(score: Floats, hit: Mask) -> float:
    return auroc(score, hit) if hit.sum() >= FEW else float("nan")


def _average_precision(score: Floats, hit: Mask) -> float:
    order = np.argsort(-score, kind="stable")
    hits = hit[order]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean()) if hits.any() else float("nan")


def _first(score: Floats, hit: Mask) -> float:
    """Share of hits among the tenth with the highest scores."""
    count = max(1, round(PART * len(score)))
    return float(hit[np.argsort(-score, kind="stable")[:count]].mean())
