"""Elements of one genome learned, and found in another: by a probe, by similarity, and by rivals.

A probe is a logistic regression on the vectors of windows; it learns from stretches of the labelled genome, is tuned
and calibrated on others, and judged on a third part and on the other genome. Shapes: n windows, C channels.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.alike.elements import Tiles
from dnalect.alike.index import space_of
from dnalect.core.calibration import Calibration
from dnalect.core.errors import InputError
from dnalect.core.examples import Target
from dnalect.core.figures import NOTHING, Figure
from dnalect.genome.bed import Intervals
from dnalect.stats.calibration import fit_calibration
from dnalect.stats.draws import Draws, block_of, paired
from dnalect.stats.linear import Linear, tuned_logistic
from dnalect.stats.measures import among_first, binary_measures

TARGET = Target("element", "classes", ("none", "element"))
PROBE, SIMILARITY, ALIGNMENT = "probe", "similarity", "alignment (minimap2)"
# Labelled windows of each kind that a part needs, and the nearest labelled windows that similarity is to.
FEWEST, NEAREST, FIRST = 10, 10, 50
# Bases on each side of an element that are aligned with it, and the share of its length that counts as found.
FLANK = 200
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Probe:
    """A fitted probe: vectors (n, C) -> the calibrated chance (n,) that a window holds an element."""

    fit: Linear
    calibration: Calibration

    def __call__(self, vectors: Singles) -> Floats:
        return np.asarray(self.calibration.apply(TARGET, self.fit(vectors))[:, 1], dtype=np.float64)


def fit_probe(vectors: Singles, truth: Mask, part: Numbers) -> Probe:
    """Learn which windows hold elements. part: (n,) 0 to learn from, 1 to tune and calibrate on.

    Raises InputError where a part has fewer than ten windows with an element, or without one.
    """
    for number, what in enumerate(("to learn from", "to calibrate on")):
        counts = np.bincount(truth[part == number].astype(np.int64), minlength=2)
        if counts.min() < FEWEST:
            raise InputError(
                f"of the windows {what} {counts[1]:,} hold an element and {counts[0]:,} do not; at least {FEWEST} of "
                "each are needed: give more elements, or take more windows"
            )
    labels = truth.astype(np.int64)
    learn, tune = part == 0, part == 1
    fit = tuned_logistic(vectors[learn], labels[learn], 2, (vectors[tune], labels[tune]), PENALTIES)
    return Probe(fit, fit_calibration(TARGET, fit(vectors[tune]), labels[tune]))


def likeness(vectors: Singles, labelled: Singles, here: Singles, there: Singles) -> Floats:
    """Return the mean cosine (n,) of each window with the ten labelled ones that are most like it.

    here, there: all windows of the genome that is searched and of the labelled one, whose means are taken off, so that
    what all windows of a genome share does not count.
    """
    near = space_of(here)(vectors) @ space_of(there)(labelled).T
    k = min(NEAREST, near.shape[1])
    return np.asarray(np.sort(near, axis=1)[:, -k:].mean(axis=1), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Scores:
    """Who -> a score for each window: of the labelled genome, and of the other. probes: of those that learned one."""

    own: dict[str, Floats]
    other: dict[str, Floats]
    probes: dict[str, Probe]


def scored(who: str, truth: Mask, part: Numbers, own: Mapping[str, Singles], other: Mapping[str, Singles]) -> Scores:
    """Return what probes and similarity say of windows.

    who: the model, one of the kinds of vectors. truth, part: of the labelled windows (n,). own, other: kind -> vectors
    of the labelled windows (n, C) and of the others (m, C). The probe of the model comes first, then its similarity to
    the labelled windows that were learned from, then the probes of the other kinds. Raises what `fit_probe` raises.
    """
    found = Scores({}, {}, {})
    for kind in (who, *(each for each in own if each != who)):
        name = f"{kind}: {PROBE}"
        probe = found.probes[name] = fit_probe(own[kind], truth, part)
        found.own[name], found.other[name] = probe(own[kind]), probe(other[kind])
        if kind == who:
            labelled = own[who][truth & (part == 0)]
            found.own[f"{who}: {SIMILARITY}"] = likeness(own[who], labelled, own[who], own[who])
            found.other[f"{who}: {SIMILARITY}"] = likeness(other[who], labelled, other[who], own[who])
    return found


def lifted(tiles: Tiles, source: Tiles, elements: dict[int, Intervals], rows: Mask, fasta: str) -> Floats:
    """Return the share (n,) of an element of the labelled genome that aligns into each window, by minimap2 (asm20).

    source, rows: the windows whose elements may be used. fasta: of the other genome. Elements are aligned with 200
    bases on each side; the share counts matching bases of the element and its flanks.
    """
    import mappy

    out = np.zeros(len(tiles))
    index = mappy.Aligner(fasta, preset="asm20", best_n=5)
    middle, used = tiles.where.middle, source.take(rows)
    for number, intervals in elements.items():
        own = used.contig == number
        genome, length = source.genome, int(source.genome.lengths[number])
        for start, end in zip(intervals.starts.tolist(), intervals.ends.tolist(), strict=True):
            at = (start + end) // 2
            if not ((used.start[own] <= at) & (at < used.end[own])).any():
                continue
            low, high = max(0, start - FLANK), min(length, end + FLANK)
            text = genome.fetch(number, low, high).tobytes().decode("ascii").upper()
            for hit in index.map(text):
                there = tiles.genome.index.get(hit.ctg, -1)
                held = (tiles.contig == there) & (hit.r_st <= middle) & (middle < hit.r_en)
                out[held] = np.maximum(out[held], hit.mlen / (high - low))
    return out


def judged(
    task: str, part: str, tiles: Tiles, truth: Mask, scores: Mapping[str, Floats], first: int = FIRST
) -> list[Figure]:
    """Return AUPRC, AUROC and precision among the first windows of each score, the first score beside the others.

    Intervals draw blocks of 10 kb. Chance is the share of windows that hold an element. Nothing where all or none do.
    """
    if not truth.any() or truth.all():
        return []
    draws = Draws.of(block_of(tiles.contig, tiles.start))
    weights = draws.counts[:, draws.units].astype(np.float64)
    samples: dict[str, dict[str, Floats]] = {}
    for who, score in scores.items():
        # Ties are broken alike for all, and not by place.
        tied = score + np.random.default_rng(0).random(len(score)) * 1e-9
        found = binary_measures(tied, truth, draws)
        samples.setdefault("AUPRC", {})[who] = found["AUPRC"]
        samples.setdefault("AUROC", {})[who] = found["AUROC"]
        samples.setdefault(f"precision among the first {first}", {})[who] = among_first(tied, truth, weights, first)
    rate, out = float(truth.mean()), list[Figure]()
    for metric, values in samples.items():
        chance = 0.5 if metric == "AUROC" else rate
        out += paired(Figure(task, part, "", metric, len(tiles), NOTHING, chance=chance), values)
    return out


def distinct(tiles: Tiles, score: Floats) -> Numbers:
    """Return rows, the highest score first, of windows that overlap no better one."""
    kept: list[int] = []
    taken: dict[int, list[tuple[int, int]]] = {}
    for row in np.argsort(-score, kind="stable").tolist():
        spans = taken.setdefault(int(tiles.contig[row]), [])
        low, high = int(tiles.start[row]), int(tiles.end[row])
        if all(high <= start or end <= low for start, end in spans):
            spans.append((low, high))
            kept.append(row)
    return np.array(kept, dtype=np.int64)
