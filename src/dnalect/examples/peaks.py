"""Peaks of one assay in several cells -> windows of one length, and in which cells each is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.genome.bed import Intervals, read_bed
from dnalect.genome.fasta import Genome
from dnalect.genome.names import own_name
from dnalect.tokens.bases import UNKNOWN, encode

# A window is open where a peak and it share so much of the shorter of the two, and closed where no peak touches it.
SHARED = 0.5
# Background is drawn within so much of GC.
GC_BIN = 0.02
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Peaks = Mapping[str, Intervals]


@dataclass(frozen=True)
class Elements:
    """n windows of one length, by contig and start.

    contigs: names, as the genome has them (n). starts, ends: 0-based half-open (n,). cells: names (K). opened: (n, K)
    1 open, 0 closed, NaN where a peak touches the window only. drawn: (n,) True for background, closed everywhere.
    notes: in words.
    """

    contigs: tuple[str, ...]
    starts: Numbers
    ends: Numbers
    cells: tuple[str, ...]
    opened: Singles
    drawn: npt.NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def elements(
    peaks: Mapping[str, str | Path], genome: Genome, window: int = 512, per_element: int = 0, seed: int = 1
) -> Elements:
    """Return the union of the peaks of all cells in windows, with the cells in which each is open.

    peaks: cell -> BED. Peaks whose middles lie within half a window of the leftmost of them are one element; its window
    lies around the mean of the middles. per_element: background windows of each, of the same contig and the same GC to
    2%, without N, which no peak of any cell touches: fewer where a contig has no more, which the notes count. seed: of
    these. Raises InputError where a file is no BED, or no contig is one of the genome's.
    """
    read = {cell: _named(read_bed(path), genome) for cell, path in peaks.items()}
    notes = [f"{len(each):,} contigs of {cell} are not in the reference" for cell, (_, each) in read.items() if each]
    found = {cell: each for cell, (each, _) in read.items()}
    if empty := [cell for cell, each in found.items() if not each]:
        raise InputError(f"{peaks[empty[0]]}: no contig is in {genome.path}; give the genome that the peaks lie on")
    contigs, starts = list[str](), list[int]()
    for contig, name in enumerate(genome.names):
        here = [each[name] for each in found.values() if name in each]
        if here:
            middles = np.sort(np.concatenate([(each.starts + each.ends) // 2 for each in here]))
            low = _means(middles, window // 2) - window // 2
            low = low[(low >= 0) & (low + window <= int(genome.lengths[contig]))]
            contigs += [name] * len(low)
            starts += low.tolist()
    at = np.array(starts, dtype=np.int64)
    drawn = np.zeros(len(at), dtype=np.bool_)
    if per_element and len(at):
        own, names = at, np.array(contigs, dtype=object)
        for contig, name in enumerate(genome.names):
            mine = own[names == name]
            taken = [each[name] for each in found.values() if name in each]
            more = _background(genome, contig, mine, taken, window, per_element, np.random.default_rng([seed, contig]))
            if len(more) < len(mine) * per_element:
                short = len(mine) * per_element - len(more)
                notes.append(f"{name} lacks {short:,} windows of background: none of this GC is left without a peak")
            contigs += [name] * len(more)
            at, drawn = np.concatenate([at, more]), np.concatenate([drawn, np.ones(len(more), dtype=np.bool_)])
    order = np.lexsort([at, np.array([genome.index[name] for name in contigs], dtype=np.int64)])
    named, at = tuple(contigs[row] for row in order.tolist()), at[order]
    opened = np.stack([_opened(each, named, at, window) for each in found.values()], axis=1)
    return Elements(named, at, at + window, tuple(peaks), opened, drawn[order], tuple(notes))


def _named(peaks: Peaks, genome: Genome) -> tuple[dict[str, Intervals], list[str]]:
    """Return peaks by the genome's names of contigs, and the names that it lacks."""
    known = {own_name(name, genome.index): each for name, each in peaks.items()}
    return {name: each for name, each in known.items() if name in genome.index}, sorted(known.keys() - genome.index)


def _background(
    genome: Genome,
    contig: int,
    starts: Numbers,
    taken: Sequence[Intervals],
    window: int,
    count: int,
    rng: np.random.Generator,
) -> Numbers:
    """Return starts of windows, tiles of a contig, as many of each GC as `count` times the elements have, or are left.

    taken: intervals that they don't touch.
    """
    length = int(genome.lengths[contig])
    if not len(starts) or length < 2 * window:
        return np.zeros(0, dtype=np.int64)
    tiles = np.arange(int(rng.integers(window)), length - window + 1, window, dtype=np.int64)
    depth = np.zeros(length + 1, dtype=np.int64)
    for low, high in ((each.starts, each.ends) for each in (*taken, Intervals(starts, starts + window, starts >= 0))):
        np.add.at(depth, low.clip(0, length), 1)
        np.add.at(depth, high.clip(0, length), -1)
    touched = np.concatenate([[0], np.cumsum(np.cumsum(depth[:-1]) > 0)])
    tiles = tiles[touched[tiles + window] == touched[tiles]]
    gc, mine = _gc(genome, contig, tiles, window), _gc(genome, contig, starts, window)
    tiles, gc = tiles[np.isfinite(gc)], gc[np.isfinite(gc)]
    bins = [np.floor(each / GC_BIN).astype(np.int64) for each in (gc, mine[np.isfinite(mine)])]
    chosen = []
    for each, wanted in zip(*np.unique(bins[1], return_counts=True), strict=True):
        there = np.flatnonzero(bins[0] == each)
        chosen.append(rng.permutation(there)[: int(wanted) * count])
    return np.sort(tiles[np.concatenate(chosen)]) if chosen else np.zeros(0, dtype=np.int64)


def _gc(genome: Genome, contig: int, starts: Numbers, window: int) -> npt.NDArray[np.float64]:
    """Return the share of G and C of windows (n,), NaN where one holds an N."""
    codes = encode(genome.fetch(contig, 0, int(genome.lengths[contig])))
    sums = [np.concatenate([[0], np.cumsum(each)]) for each in ((codes == 1) | (codes == 2), codes == UNKNOWN)]
    strong, unknown = (each[starts + window] - each[starts] for each in sums)
    return np.where(unknown > 0, np.nan, strong / window)


def _means(middles: Numbers, reach: int) -> Numbers:
    """Return the mean of each run of sorted positions that lie within `reach` of its first."""
    firsts, at = [], 0
    while at < len(middles):
        firsts.append(at)
        at = int(np.searchsorted(middles, middles[at] + reach, side="right"))
    sums = np.add.reduceat(middles, firsts)
    return np.asarray(sums // np.diff([*firsts, len(middles)]), dtype=np.int64)


def _opened(peaks: Peaks, contigs: tuple[str, ...], starts: Numbers, window: int) -> Singles:
    """Return (n,) 1 where a window is open, 0 where no peak touches it, NaN in between."""
    out = np.zeros(len(starts), dtype=np.float32)
    names = np.array(contigs, dtype=object)
    for name, found in peaks.items():
        rows = np.flatnonzero(names == name)
        order = np.argsort(found.starts, kind="stable")
        low, high = found.starts[order], found.ends[order]
        furthest = np.maximum.accumulate(high) if len(high) else high
        for row in rows.tolist():
            start, end = starts[row], starts[row] + window
            last = int(np.searchsorted(low, end, side="left"))
            first = int(np.searchsorted(furthest, start, side="right"))
            shared = np.minimum(high[first:last], end) - np.maximum(low[first:last], start)
            shorter = np.minimum(high[first:last] - low[first:last], window)
            if (shared >= SHARED * np.maximum(shorter, 1)).any():
                out[row] = 1
            elif (shared > 0).any():
                out[row] = np.nan
    return out
