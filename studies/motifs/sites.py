"""Bound sites of Rossi 2021 and places that are like them: are they among the stretches that stand out?"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dnalect.core import NOTHING, Figure
from dnalect.examples import matched, strata
from dnalect.genome import Intervals, Motif
from dnalect.stats import Draws, block_of, paired
from dnalect.tokens import UNKNOWN
from dnalect.why import NullScores
from studies.motifs.sequence import Contig, Mask, Numbers, Scores
from studies.worth.bench import Reading
from studies.worth.compare import ranked_within
from studies.worth.regulation import GC, INFORMED, MARKOV, Items, Measures, bound, joined, level

PEAKS = "annotation/rossi2021_chexmix_peaks_chrI-XIV.bed.gz"
# Bases between a summit and a stretch that holds it all the same; and between a site and what is none.
SLACK, APART = 10, 50
# Share of the free bases that the stretches of everybody take up.
SHARE = 0.05
AROUND = 25
FEWEST = 20
NEAR = (50, 100, 150, 200, 250, 300, 400, 600, 1000)
COVERED, ODDS = "share of bound sites covered", "log2 odds of covered, bound over matched"
Floats = npt.NDArray[np.float64]


def read_peaks(path: Path) -> dict[str, dict[str, Numbers]]:
    """Return protein (upper case) -> contig -> its summits, 0-based and sorted."""
    found: dict[str, dict[str, list[int]]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            contig, start, _, protein = line.split("\t")[:4]
            found.setdefault(protein.upper(), {}).setdefault(contig, []).append(int(start))
    return {
        protein: {contig: np.unique(np.array(each, dtype=np.int64)) for contig, each in contigs.items()}
        for protein, contigs in found.items()
    }


def best_stretches(scores: Scores, null: NullScores, bases: int) -> Mask:
    """Return (L,) the bases of the stretches that stand out most, as many as take up about so many bases."""
    starts, ends, _ = null.standing(scores)
    inside = np.zeros(len(scores), dtype=np.bool_)
    count = int(np.searchsorted(np.cumsum(ends - starts), bases))
    for low, high in zip(starts[:count].tolist(), ends[:count].tolist(), strict=True):
        inside[low:high] = True
    return inside


@dataclass(frozen=True, eq=False)
class Places:
    """n bound sites and places that are like them. positive, block (n,). covered: who -> (n,)."""

    positive: Mask
    block: Numbers
    covered: dict[str, Mask]


def places(contig: Contig, summits: Numbers, inside: Mapping[str, Mask], seed: int = 0) -> Places:
    """Return the sites in free sequence, and for each other free places as far from a start, in as much GC.

    inside: who -> (L,) the stretches. Places lie APART bases from any site.
    """
    length = len(contig.codes)
    site = np.zeros(length, dtype=np.bool_)
    site[contig.within(summits)] = True
    candidate = np.arange(seed % 3, length, 3)
    candidate = candidate[contig.free[candidate] & ~_within(site, APART)[candidate]]
    at = np.concatenate([np.flatnonzero(site & contig.free), candidate])
    positive = np.arange(len(at)) < len(at) - len(candidate)
    total = np.concatenate([[0], np.cumsum(np.isin(contig.codes, (1, 2)))])
    gc = total[np.minimum(at + AROUND, length)] - total[np.maximum(at - AROUND, 0)]
    stratum = strata(np.searchsorted(NEAR, contig.distance[at]), level(positive, gc))
    kept = matched(positive, stratum, seed)
    near = {who: _within(each, SLACK)[at[kept]] for who, each in inside.items()}
    block = block_of(np.full(len(kept), contig.region.contig), at[kept] + contig.region.start)
    return Places(positive[kept], block, near)


def _within(mask: Mask, slack: int) -> Mask:
    """Return (L,) whether a base that is set lies at most `slack` bases away."""
    total = np.concatenate([[0], np.cumsum(mask)])
    at = np.arange(len(mask))
    return np.asarray(total[np.minimum(at + slack + 1, len(mask))] > total[np.maximum(at - slack, 0)])


def coverage(bare: Figure, parts: Sequence[Places]) -> list[Figure]:
    """Return the share of bound sites that the stretches cover, and its odds against matched places, of everybody."""
    positive, block = (np.concatenate([getattr(each, name) for each in parts]) for name in ("positive", "block"))
    draws = Draws.of(block)
    shares, odds = {}, {}
    for who in parts[0].covered:
        hit = np.concatenate([each.covered[who] for each in parts])
        here, there = (draws.take(group).mean(hit[group].astype(np.float64)) for group in (positive, ~positive))
        shares[who] = here
        # Half a place is added to each, so that none is certain.
        counts = [
            np.clip(each, 0.5 / group.sum(), 1 - 0.5 / group.sum())
            for each, group in ((here, positive), (there, ~positive))
        ]
        odds[who] = np.log2(counts[0] / (1 - counts[0])) - np.log2(counts[1] / (1 - counts[1]))
    n = int(positive.sum())
    found = []
    for metric, samples, chance in ((ODDS, odds, 0.0), (COVERED, shares, np.nan)):
        told = Figure(bare.task, bare.part, "", metric, n, NOTHING, species=bare.species, seen=bare.seen, chance=chance)
        found += paired(told, samples)
    return found


def bound_motifs(
    bare: Figure,
    contigs: Sequence[Contig],
    readings: Sequence[Reading],
    motifs: Sequence[Motif],
    peaks: Mapping[str, Mapping[str, Numbers]],
) -> list[Figure]:
    """Return whether a model expects motifs more where their protein is bound, in free sequence: see `bound_items`."""
    found = bound_items(contigs, readings, motifs, peaks)
    return [] if found is None else _ranked(bare, *found)


class Bound(NamedTuple):
    """Matches of motifs. stratum: those of like fit and GC. which: number of the factor; factors: how many."""

    items: Items
    stratum: Numbers
    which: Numbers
    factors: int


def bound_items(
    contigs: Sequence[Contig],
    readings: Sequence[Reading],
    motifs: Sequence[Motif],
    peaks: Mapping[str, Mapping[str, Numbers]],
) -> Bound | None:
    """Return matches of motifs whose middle lies within 2 * SLACK bases of a summit of their protein, and others.

    Those have no summit near by. None where no factor has enough of both.
    """
    every, alike = [], []
    measures = [Measures(each) for each in readings]
    for each, contig in zip(measures, contigs, strict=True):
        each.codes = np.where(contig.free, contig.codes, UNKNOWN).astype(np.uint8)
    for motif in motifs:
        found = []
        for each, contig in zip(measures, contigs, strict=True):
            at = contig.within(peaks.get(motif.factor.upper(), {}).get(contig.name, np.zeros(0, dtype=np.int64)))
            known = Intervals(at - 2 * SLACK, at + 2 * SLACK + 1, np.ones(len(at), dtype=np.bool_))
            if len(at):
                found.append(bound(each, motif, known))
        items = joined(found) if found else None
        if items is not None and items.positive.sum() >= FEWEST and (~items.positive).any():
            every.append(items)
            alike.append(level(items.positive, items.fit, items.rivals[GC], bins=3))
    if not every:
        return None
    items = joined(every)
    which = np.repeat(np.arange(len(every)), [len(each.fit) for each in every])
    return Bound(items, strata(which, np.concatenate(alike)), which, len(every))


def _ranked(bare: Figure, items: Items, stratum: Numbers, which: Numbers, count: int) -> list[Figure]:
    chosen = matched(items.positive, stratum)
    used = items.take(chosen)
    names = {"": used.scores[INFORMED], MARKOV: used.rivals[f"{MARKOV}, {INFORMED}"], GC: used.rivals[GC]}
    scores = ranked_within(names, which[chosen])
    draws = Draws.of(used.block)
    samples = {name or bare.who: draws.auroc(each, used.positive) for name, each in scores.items()}
    n = int(used.positive.sum())
    part = f"bound over unbound motifs of {count} factors"
    told = Figure(
        bare.task, part, "", f"AUROC of {INFORMED}", n, NOTHING, species=bare.species, seen=bare.seen, chance=0.5
    )
    return paired(told, samples)
