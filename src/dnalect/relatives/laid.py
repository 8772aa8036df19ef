"""Relatives as a model reads them: their bases on those of the reference, window by window."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.reporter import say
from dnalect.genome.fasta import Genome
from dnalect.relatives.alignment import Alignment, open_alignment
from dnalect.relatives.evolution import NEAREST
from dnalect.tokens.bases import UNKNOWN, encode
from dnalect.tokens.laid import Laid, lay, without

# Of the reference: whoever is laid on less of it is not read unless it is named.
LEAST_LAID = 0.1

Codes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Relatives:
    """What of an alignment a model reads.

    names: of the relatives, in the order in which it reads them. alignment: has all, some or more of them.
    """

    names: tuple[str, ...]
    alignment: Alignment

    @cached_property
    def _rows(self) -> tuple[int | None, ...]:
        known = self.alignment.names
        return tuple(known.index(name) if name in known else None for name in self.names)

    @property
    def checksum(self) -> str:
        """Of what is read."""
        return f"{self.alignment.checksum} {' '.join(self.names)}"

    @property
    def genome(self) -> Genome:
        """What they are laid on."""
        return self.alignment.genome

    def bases(self, contig: int, start: int, end: int) -> Codes:
        """Return the bases (r, end - start) of [start, end) of a contig, 4 for nothing, as beyond its ends."""
        out = np.full((len(self.names), max(0, end - start)), UNKNOWN, dtype=np.uint8)
        low, high = max(start, 0), min(end, int(self.genome.lengths[contig]))
        if contig in self.alignment.laid and low < high:
            laid = self.alignment.laid[contig]
            for row, own in enumerate(self._rows):
                if own is not None:
                    out[row, low - start : high - start] = laid[own, low:high]
        return out

    def codes(self, contig: int, start: int, end: int) -> Laid:
        """Return the reference's bases of [start, end) with the relatives laid on them; unknown beyond the ends."""
        return lay(encode(self.genome.fetch(contig, start, end)), self.bases(contig, start, end))

    def windows(self, contigs: Rows, starts: Rows, length: int) -> Laid:
        """Return n windows (n, length): see `Genome.windows`."""
        each = zip(contigs.tolist(), starts.tolist(), strict=True)
        return np.stack([self.codes(contig, start, start + length) for contig, start in each])


def read_by(path: str | Path, genome: Genome, names: Sequence[str]) -> Relatives:
    """Open an alignment for a model that reads relatives of some names, and say what of them is not there.

    Raises InputError where it has none of them.
    """
    alignment = open_alignment(path, genome)
    there = [name for name in names if name in alignment.names]
    if not there:
        raise InputError(
            f"{path} has the relatives {', '.join(alignment.names[:12])}, and the model reads {', '.join(names)}: give "
            "an alignment of these, whose files or rows are named so"
        )
    if left := [name for name in names if name not in there]:
        say(f"the alignment has no {', '.join(left)}: the model reads them as not aligned")
    if len(alignment.laid) < len(genome.names):
        bare = [name for number, name in enumerate(genome.names) if number not in alignment.laid]
        say(f"nothing is aligned to {len(bare):,} contigs ({', '.join(bare[:4])}): there it reads the sequence alone")
    return Relatives(tuple(names), alignment.only(there))


@dataclass(frozen=True)
class Laying:
    """Lays relatives on windows to learn from. hidden: share of the windows in which some of them are hidden."""

    relatives: Relatives
    hidden: float

    def __call__(self, codes: Codes, places: Rows, rng: np.random.Generator | None) -> Laid:
        """Return laid codes (B, L). places (B, 3): genome, contig, start; the relatives are those of genome 0."""
        length, out = codes.shape[1], codes.astype(np.int64)
        for row, (genome, contig, start) in enumerate(places.tolist()):
            if not genome:
                out[row] = lay(codes[row], self.relatives.bases(contig, start, start + length))
        if rng is None:
            return out
        count = len(self.relatives.names)
        chosen = rng.random(len(out)) < self.hidden
        most = np.where(chosen, rng.integers(1, count + 1, len(out)), 0)
        ranks = rng.random((len(out), count)).argsort(1).argsort(1)
        return without(out, ranks < most[:, None])


def relatives_of(path: str | Path, genome: Genome, names: Sequence[str] = ()) -> Relatives:
    """Open an alignment to learn from, and choose the relatives.

    names: those to read; none for all that are of other species (at least 3 of 100 bases differ from the reference's)
    and laid on a tenth of it.

    Raises InputError where none is left, or one is not there; ConfigError for one of the species itself: who differs so
    little from the base that is hidden tells it.
    """
    alignment = open_alignment(path, genome)
    if unknown := [name for name in names if name not in alignment.names]:
        raise InputError(f"{path} has no relative {unknown[0]!r}; it has {', '.join(alignment.names)}")
    found = {name: likeness(alignment, name) for name in alignment.names}
    if same := [name for name in names if found[name].differs < NEAREST]:
        raise ConfigError(
            f"model.relatives: {same[0]} differs from {genome.path.name} in {found[same[0]].differs:.1%} of the bases: "
            f"it is of the species itself, and would tell the base that is to be predicted; leave it out"
        )
    chosen = tuple(names) or tuple(
        name for name, each in found.items() if each.differs >= NEAREST and each.laid >= LEAST_LAID
    )
    if not chosen:
        raise InputError(f"{path}: no relative differs from {genome.path.name} in {NEAREST:.0%} of the bases")
    if left := [name for name in alignment.names if name not in chosen]:
        say(f"relatives that are read: {', '.join(chosen)}; left out: {', '.join(left)}")
    return Relatives(chosen, alignment)


@dataclass(frozen=True)
class Likeness:
    """How a relative is laid. differs: share of the bases that are others than the reference's. laid: share of it."""

    differs: float
    laid: float


def likeness(alignment: Alignment, name: str) -> Likeness:
    """Compare a relative with the reference, on the contigs that the alignment has."""
    row, same, both, total = alignment.names.index(name), 0, 0, 0
    for contig, bases in alignment.laid.items():
        reference = alignment.reference(contig)
        known = (bases[row] < UNKNOWN) & (reference < UNKNOWN)
        both, same = both + int(known.sum()), same + int((bases[row] == reference)[known].sum())
        total += len(reference)
    return Likeness(1 - same / both if both else 1.0, both / max(1, total))
