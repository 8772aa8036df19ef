"""Rivals that know more than bases: where transcripts begin, and which motif a factor binds."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import Genome
from dnalect.genome import Motif, motif_sites, own_name, read_bed, read_motifs
from dnalect.tokens import encode
from dnalect.training import Windows

MOTIFS = "best match of a known motif"
# A match that is no better than one of so many places counts as none.
P_VALUE = 0.05
STARTS = "distance to a measured start"
# Bases before and behind a start that are told apart; of a class of distances.
FAR, STEP = 1024, 32
Numbers = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]


def by_start(file: Path, genome: Genome, train: Windows, test: Windows) -> Singles:
    """Return the mean label of the training bins of each test bin's class of distances (n * N, K).

    The distance is from the nearest start, in the sense of its transcript; further away than FAR is one class.
    """
    starts = _starts(file, genome)
    own, other = (_classes(each, starts) for each in (train, test))
    truth = train.truth(np.arange(len(train)))
    truth = truth.reshape(-1, truth.shape[-1])
    known = np.isfinite(truth)
    count = int(max(own.max(), other.max())) + 1
    sums = np.stack([np.bincount(own, np.where(k, y, 0), count) for k, y in zip(known.T, truth.T, strict=True)], 1)
    sizes = np.stack([np.bincount(own, k, count) for k in known.T], 1)
    every = np.tile(np.nanmean(truth, axis=0, dtype=np.float64), (count, 1))
    means = np.divide(sums, sizes, out=every, where=sizes > 0)
    return means[other].astype(np.float32)


def by_motif(file: str, genome: Genome, test: Windows) -> dict[str, Singles]:
    """Return track -> bits of the best match of its motifs whose middle lies in each test bin (n * N,), 0 without one.

    Nothing is learned. Tracks without a motif of their name are not there.
    """
    known: dict[str, list[Motif]] = {}
    for motif in read_motifs(file):
        known.setdefault(motif.factor.upper(), []).append(motif)
    sizes = test.sizes
    found = {}
    for name in (each.name for each in sizes.tracks if each.name.upper() in known):
        best = np.zeros((len(test), sizes.bins), dtype=np.float32)
        for contig in np.unique(test.places[:, 0]).tolist():
            rows = np.flatnonzero(test.places[:, 0] == contig)
            codes = encode(genome.fetch(contig, 0, int(genome.lengths[contig])))
            line = np.zeros(len(codes) // sizes.stride + sizes.bins + 1, dtype=np.float32)
            for motif in known[name.upper()]:
                at, _, bits = motif_sites(motif, codes, P_VALUE)
                np.maximum.at(line, (at + len(motif.probabilities) // 2) // sizes.stride, bits.astype(np.float32))
            for row in rows:
                first = int(test.places[row, 1]) // sizes.stride
                best[row] = line[first : first + sizes.bins]
        found[name] = best.ravel()
    return found


def _starts(file: Path, genome: Genome) -> dict[int, tuple[Numbers, Numbers]]:
    """Return contig -> starts of transcripts in order, and their strands (1, -1)."""
    spans = read_bed(file)
    found = {}
    for number, name in enumerate(genome.names):
        if (each := spans.get(own_name(name, spans))) is not None:
            at = np.where(each.forward, each.starts, each.ends - 1)
            order = np.argsort(at)
            found[number] = at[order], np.where(each.forward, 1, -1)[order]
    return found


def _classes(windows: Windows, starts: dict[int, tuple[Numbers, Numbers]]) -> Numbers:
    """Return the class of every bin (n * N,): of the distance of its middle to the nearest start."""
    sizes, parts = windows.sizes, []
    for contig, start in windows.places.tolist():
        middles = start + sizes.stride * np.arange(sizes.bins) + sizes.stride // 2
        at, strands = starts[contig]
        after = np.searchsorted(at, middles).clip(1, len(at) - 1)
        nearest = np.where(middles - at[after - 1] <= at[after] - middles, after - 1, after)
        distance = (middles - at[nearest]) * strands[nearest]
        classes = (distance + FAR) // STEP + 1
        parts.append(np.where(np.abs(distance) < FAR, classes, 0))
    return np.concatenate(parts).astype(np.int64)
