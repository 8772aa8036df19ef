"""Windows to learn from: every base of a genome's training regions once a pass, in a seeded order."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.genome.fasta import Genome
from dnalect.genome.regions import Region, subtract
from dnalect.genome.repeats import repeated
from dnalect.tokens.bases import UNKNOWN, encode

Rows = npt.NDArray[np.int64]
SCAN = 1 << 24
# Base codes (B, L), their places (B, 3), and what draws the relatives to hide, None for none -> laid codes (B, L).
Beside = Callable[[npt.NDArray[np.uint8], Rows, np.random.Generator | None], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Batch:
    """Windows to learn from.

    codes (B, L) as the model sees them, uint8, or int64 with relatives laid on them (`tokens.laid`); target (B, L)
    uint8; weight (B, L) float32.
    step: of the optimizer, from 0. places (B, 3): genome, contig and start of each window.
    lengths (B,): bases of each window that count, None for all. rows: of a part, the windows whose losses it has;
    the others are there for what depends on the whole batch, which is what is hidden and the weights' sum.
    """

    codes: npt.NDArray[Any]
    target: npt.NDArray[np.uint8]
    weight: npt.NDArray[np.float32]
    step: int = 0
    places: Rows | None = None
    lengths: Rows | None = None
    rows: slice = field(default_factory=lambda: slice(None))

    def part(self, number: int, parts: int) -> "Batch":
        """Return part `number` (from 0) of as many: the losses of all add up to that of the batch."""
        count = len(self.codes)
        return replace(self, rows=slice(number * count // parts, (number + 1) * count // parts))

    def within(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return which of some windows, given by their rows, are of the part."""
        low, high, _ = self.rows.indices(len(self.codes))
        return (rows >= low) & (rows < high)

    @property
    def first(self) -> int:
        """The row of the part's first window."""
        return self.rows.start or 0


@dataclass(frozen=True)
class Source:
    """A genome and the regions to learn from. weight: its share, 0 for its number of bases."""

    genome: Genome
    regions: list[Region]
    weight: float = 0.0


@dataclass
class _Stream:
    """The endless windows of one genome: pass after pass, each freshly laid and shuffled."""

    source: Source
    segments: list[Region]
    a_pass: int
    seed: tuple[int, ...]
    laid: dict[int, Rows] = field(default_factory=dict)
    laying: Lock = field(default_factory=Lock)

    def rows(self, numbers: Rows, window: int) -> Rows:
        """Return (contig, start) of the windows of these numbers (n,), as (n, 2)."""
        out = np.empty((len(numbers), 2), dtype=np.int64)
        passes, within = np.divmod(numbers, self.a_pass)
        for each in np.unique(passes):
            mine = passes == each
            with self.laying:
                laid = self._lay(int(each), window)
            out[mine] = laid[within[mine]]
        return out

    def _lay(self, number: int, window: int) -> Rows:
        if number not in self.laid:
            for old in [n for n in self.laid if n < number - 1]:
                del self.laid[old]
            seed, *rest = self.seed
            rng = np.random.default_rng((seed, 0, number, *rest))
            rows = []
            for segment in self.segments:
                starts = np.arange(segment.start + rng.integers(window), segment.end - window, window)
                rows.append(np.stack([np.full_like(starts, segment.contig), starts], axis=1))
            order = np.concatenate(rows).astype(np.int64)
            self.laid[number] = order[rng.permutation(len(order))]
        return self.laid[number]


class Corpus:
    """Draws batches; batch number `step` depends on seed and step alone, so a run can resume.

    A pass over one genome lays windows end to end over every region from a random offset
    and shuffles them; runs of more than half a window of unknown bases are left out. A pass
    of the corpus has as many windows as the passes of its genomes together, shared out by
    weight and evenly interleaved: a small genome of great weight is passed over more often.
    """

    def __init__(
        self,
        sources: list[Source],
        window: int,
        batch: int,
        seed: int,
        soft_mask_weight: float = 1.0,
        unknown_rate: float = 0.0,
        repeat_weight: float = 1.0,
        mixed_lengths: tuple[float, int] = (0.0, 1),
        beside: Beside | None = None,
    ):
        """beside: lays the relatives of windows on their codes; None where there are none."""
        self.window, self.batch, self.seed = window, batch, seed
        self.soft_mask_weight, self.unknown_rate = soft_mask_weight, unknown_rate
        self.repeat_weight = repeat_weight
        self.mixed_share, self.shortest = mixed_lengths
        self.beside = beside
        self.repeats = [_repeats(source) for source in sources] if repeat_weight != 1 else []
        self.streams = []
        for number, source in enumerate(sources):
            segments = subtract(source.regions, unknown_runs(source.genome, source.regions, window // 2))
            # Fewer windows than the shortest pass can hold, so that every pass has this many.
            tiles = sum(max(0, len(segment) // window - 1) for segment in segments)
            key = (seed, number) if number else (seed,)
            self.streams.append(_Stream(source, segments, max(1, tiles // batch) * batch, key))
        self.bases = sum(len(segment) for stream in self.streams for segment in stream.segments)
        self.quotas = self._share_out()
        self.steps_a_pass = sum(self.quotas) // batch
        self._order, self._rank = self._interleave()

    def passes(self, steps: int) -> list[float]:
        """Return how often `steps` batches pass over each genome."""
        share = steps / self.steps_a_pass
        return [share * n / stream.a_pass for n, stream in zip(self.quotas, self.streams, strict=True)]

    def draw(self, step: int) -> Batch:
        """Return the batch of optimizer step `step` (from 0)."""
        number, within = divmod(step, self.steps_a_pass)
        part = slice(within * self.batch, (within + 1) * self.batch)
        which, rank = self._order[part], self._rank[part]
        text = np.empty((self.batch, self.window), dtype=np.uint8)
        places = np.empty((self.batch, 3), dtype=np.int64)
        for g in np.unique(which):
            stream, mine = self.streams[g], which == g
            rows = stream.rows(number * self.quotas[g] + rank[mine], self.window)
            text[mine] = stream.source.genome.windows(rows[:, 0], rows[:, 1], self.window)
            places[mine] = np.column_stack([np.full(len(rows), g), rows])
        target = encode(text)
        weight = (target != UNKNOWN).astype(np.float32)
        if self.soft_mask_weight != 1:
            weight *= np.where(text >= ord("a"), np.float32(self.soft_mask_weight), np.float32(1))
        if self.repeats:
            weight *= np.where(self._in_repeats(places), np.float32(self.repeat_weight), np.float32(1))
        codes: npt.NDArray[Any] = self._hide(target, step)
        if self.beside is not None:
            codes = self.beside(codes, places, np.random.default_rng((self.seed, 7, step)))
        return Batch(codes, target, weight, step, places, self._lengths(step))

    def _in_repeats(self, places: Rows) -> npt.NDArray[np.bool_]:
        starts = [self.streams[g].source.genome.offsets[contig] + start for g, contig, start in places.tolist()]
        within = np.arange(self.window)
        return np.stack([self.repeats[g][s + within] for g, s in zip(places[:, 0].tolist(), starts, strict=True)])

    def _share_out(self) -> list[int]:
        """Windows of each genome in a pass of the corpus: whole numbers with the sum kept."""
        total = sum(stream.a_pass for stream in self.streams)
        weights = np.array([stream.source.weight or stream.a_pass for stream in self.streams], dtype=np.float64)
        ends = np.rint(np.cumsum(weights) / weights.sum() * total).astype(np.int64)
        return np.diff(ends, prepend=0).tolist()  # type: ignore[no-any-return]

    def _interleave(self) -> tuple[npt.NDArray[np.int64], Rows]:
        which = np.repeat(np.arange(len(self.quotas)), self.quotas)
        rank = np.concatenate([np.arange(n) for n in self.quotas])
        order = np.argsort((rank + 0.5) / np.array(self.quotas)[which], kind="stable")
        return which[order], rank[order]

    def _lengths(self, step: int) -> Rows | None:
        if not self.mixed_share:
            return None
        rng = np.random.default_rng((self.seed, 6, step))
        cut = rng.random(self.batch) < self.mixed_share
        return np.where(cut, rng.integers(self.shortest, self.window + 1, self.batch), self.window)

    def _hide(self, target: npt.NDArray[np.uint8], step: int) -> npt.NDArray[np.uint8]:
        rng = np.random.default_rng((self.seed, 1, step))
        codes = target.copy()
        for row in np.flatnonzero(rng.random(len(codes)) < self.unknown_rate):
            start = rng.integers(self.window)
            codes[row, start : start + rng.integers(1, 33)] = UNKNOWN
        return codes


def _repeats(source: Source) -> npt.NDArray[np.bool_]:
    """True over a packed genome where a base lies in a repeat of the regions to learn from."""
    genome = source.genome
    out = np.zeros(len(genome.bases), dtype=np.bool_)
    parts = [encode(genome.fetch(r.contig, r.start, r.end)) for r in source.regions]
    for region, mask in zip(source.regions, repeated(parts), strict=True):
        offset = int(genome.offsets[region.contig])
        out[offset + region.start : offset + region.end] = mask
    return out


def unknown_runs(genome: Genome, regions: list[Region], longest: int) -> list[Region]:
    """Return the runs of more than `longest` unknown bases within `regions`."""
    runs = []
    for region in regions:
        begun = None
        for low in range(region.start, region.end, SCAN):
            high = min(low + SCAN, region.end)
            unknown = encode(genome.fetch(region.contig, low, high)) == UNKNOWN
            edges = np.flatnonzero(np.diff(unknown, prepend=begun is not None)) + low
            for edge in edges.tolist():
                if begun is None:
                    begun = edge
                else:
                    runs.append(Region(region.contig, begun, edge))
                    begun = None
        if begun is not None:
            runs.append(Region(region.contig, begun, region.end))
    return [run for run in runs if len(run) > longest]
