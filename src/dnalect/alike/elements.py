"""Windows of a genome that hold labelled elements, or not: what a probe learns from, and what it is judged on.

Shapes: n windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dnalect.alike.index import spelled
from dnalect.alike.neighbours import Where
from dnalect.core.errors import InputError
from dnalect.examples.sources import Tiling, known
from dnalect.genome.bed import Intervals, read_bed
from dnalect.genome.fasta import Genome
from dnalect.genome.names import ContigNames
from dnalect.genome.regions import Region

# Stretches that go to one part as a whole, so that neighbours are not learned and judged at once.
STRETCH = 20_000
PARTS = ("train", "tune", "test")
# Of ten stretches, how many the probe learns from, is tuned and calibrated on, and is judged on.
SHARES = (5, 2, 3)
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Tiles:
    """Windows of one genome. contig, start, end: (n,), 0-based half-open. texts: their bases."""

    genome: Genome
    contig: Numbers
    start: Numbers
    end: Numbers
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start)

    @property
    def where(self) -> Where:
        """Where they lie."""
        return Where(self.contig, (self.start + self.end) // 2)

    def take(self, rows: npt.NDArray[np.generic]) -> "Tiles":
        """Return some of them: by number, or a mask."""
        rows = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        texts = tuple(self.texts[row] for row in rows.tolist())
        return replace(self, contig=self.contig[rows], start=self.start[rows], end=self.end[rows], texts=texts)

    def stretches(self) -> Numbers:
        """Return the number (n,) of the stretch of 20 kb that each begins in."""
        return np.asarray(self.contig * 1_000_000 + self.start // STRETCH)


def tiles_of(genome: Genome, window: int, step: int, regions: Sequence[Region], most: int, seed: int = 1) -> Tiles:
    """Return the windows of regions that hold a known base, of more than `most` those of whole stretches at random.

    regions: the whole genome where there are none. Raises InputError where no window is left.
    """
    tiling = Tiling(window, step)
    every = regions or [Region(n, 0, length) for n, length in enumerate(genome.lengths.tolist())]
    places = np.array(
        [(each.contig, *tile) for each in every for tile in tiling.tiles(each.start, each.end)], dtype=np.int64
    ).reshape(-1, 3)
    if len(places) > most:
        stretch = places[:, 0] * 1_000_000 + places[:, 1] // STRETCH
        order = np.random.default_rng(seed).permutation(np.unique(stretch))
        rank = np.empty(len(order), dtype=np.int64)
        rank[np.argsort(order)] = np.arange(len(order))
        place = rank[np.searchsorted(np.sort(order), stretch)]
        sizes = np.cumsum(np.bincount(place))
        places = places[place < max(1, int(np.searchsorted(sizes, most, side="right")))]
    texts = [spelled(genome, *place) for place in places.tolist()]
    kept = [row for row, text in enumerate(texts) if known(text)]
    if not kept:
        raise InputError(f"{genome.path.name} has no window with a known base there")
    contig, start, end = places[kept].T
    return Tiles(genome, contig, start, end, tuple(texts[row] for row in kept))


def read_elements(path: str, genome: Genome) -> dict[int, Intervals]:
    """Return the intervals of a BED by contig of the genome; those on contigs that it lacks are left out.

    Raises InputError where none is left.
    """
    names, found = ContigNames(genome, "auto", f"the elements of {path}"), dict[int, Intervals]()
    for name, intervals in read_bed(path).items():
        number = names.number(name)
        if number is not None:
            found[number] = intervals
    if not found:
        few = ", ".join(genome.names[:4])
        raise InputError(f"no element of {path} lies on a contig of {genome.path.name}, which has {few}")
    return found


def holding(tiles: Tiles, elements: dict[int, Intervals]) -> Mask:
    """Return which windows (n,) hold an element: the middle of one lies in it, or its own middle lies in one."""
    out, middle = np.zeros(len(tiles), dtype=np.bool_), tiles.where.middle
    for number, intervals in elements.items():
        own = np.flatnonzero(tiles.contig == number)
        if not len(own):
            continue
        middles = np.sort((intervals.starts + intervals.ends) // 2)
        low, high = np.searchsorted(middles, [tiles.start[own], tiles.end[own]])
        starts, ends = np.sort(intervals.starts), np.sort(intervals.ends)
        # As many begun as ended before a base: it lies in none.
        begun = np.searchsorted(starts, middle[own], side="right")
        ended = np.searchsorted(ends, middle[own], side="right")
        out[own] = (high > low) | (begun > ended)
    return out


def parts_of(tiles: Tiles, seed: int = 1) -> Numbers:
    """Return the part (n,) of each window, 0 to 2 as PARTS, whole stretches drawn to 5 : 2 : 3."""
    stretch = tiles.stretches()
    known = np.unique(stretch)
    place = np.random.default_rng(seed).permutation(len(known)) / max(1, len(known))
    drawn = np.searchsorted(np.cumsum(SHARES)[:-1] / sum(SHARES), place, side="right")
    return np.asarray(drawn[np.searchsorted(known, stretch)])


def median_length(elements: dict[int, Intervals]) -> int:
    """Return the median length of elements, within 200 and 1,000 bases: the size of a window that holds them."""
    lengths = np.concatenate([each.ends - each.starts for each in elements.values()])
    return int(np.clip(np.median(lengths), 200, 1_000))
