"""What to scan, cut into chunks, and what its numbers depend on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError
from dnalect.genome.fasta import Genome
from dnalect.genome.regions import Region, format_region
from dnalect.inference.precomputed import FORMAT, digest
from dnalect.models.model import Model
from dnalect.relatives.laid import Relatives

LONGEST_CONTIG = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """The wanted bases of one aligned stretch of a contig.

    contig: its number. number: of the stretch within the contig, from 0. spans: sorted,
    disjoint, 0-based and half-open.
    """

    contig: int
    number: int
    spans: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return sum(end - start for start, end in self.spans)

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """The wanted bases (n,), 0-based and sorted."""
        return np.concatenate([np.arange(start, end) for start, end in self.spans])


@dataclass(frozen=True)
class Plan:
    """A scan. regions: sorted and disjoint. chunk, tile: bases. batch: tiles a forward."""

    genome: Genome
    model: Model
    dtype: str
    regions: list[Region]
    chunk: int
    tile: int
    batch: int
    relatives: Relatives | None = None

    def __post_init__(self) -> None:
        if self.chunk % (self.tile * self.batch):
            most = self.chunk // self.tile
            raise ConfigError(f"the batch size {self.batch} must be a power of two of at most {most}")
        longest = int(self.genome.lengths.max())
        if longest > LONGEST_CONTIG:
            raise InputError(f"a contig of {longest:,} bases is too long; scan contigs of at most {LONGEST_CONTIG:,}")

    @cached_property
    def chunks(self) -> list[Chunk]:
        """All chunks, in the order of the genome."""
        pieces = groupby(self._pieces(), key=lambda piece: (piece.contig, piece.start // self.chunk))
        return [Chunk(*key, tuple((p.start, p.end) for p in group)) for key, group in pieces]

    def _pieces(self) -> Iterator[Region]:
        for region in self.regions:
            for number in range(region.start // self.chunk, -(-region.end // self.chunk)):
                low, high = max(region.start, number * self.chunk), min(region.end, (number + 1) * self.chunk)
                yield Region(region.contig, low, high)

    @property
    def contigs(self) -> list[int]:
        """Numbers of the contigs with any wanted base, in order."""
        return sorted({region.contig for region in self.regions})

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What the numbers depend on, as plan.json and the manifest keep it."""
        names, lengths = self.genome.names, self.genome.lengths
        whole = whole_genome(self.genome) == self.regions
        return {
            "format": FORMAT,
            "model": self.model.card.sha256,
            "reference": self.genome.checksum,
            "regions": None if whole else [format_region(region, names, lengths) for region in self.regions],
            "dtype": self.dtype,
            "chunk": self.chunk,
            "tile": self.tile,
            "batch": self.batch,
            **({"alignment": self.relatives.checksum} if self.relatives else {}),
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the identity."""
        return digest(self.identity)


def whole_genome(genome: Genome) -> list[Region]:
    """Return every contig that has any base."""
    return [Region(n, 0, int(length)) for n, length in enumerate(genome.lengths) if length]


def differences(one: Any, other: Mapping[str, Any]) -> Iterable[str]:
    """Name what differs between two identities, with the values where they are short."""
    one = one if isinstance(one, dict) else {}
    labels = {"batch": "--batch-size", "regions": "--regions", "dtype": "--dtype", "alignment": "--alignment"}
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            values = f" ({one.get(key)} there, {other.get(key)} now)" if key in ("batch", "dtype", "chunk") else ""
            yield labels.get(key, key) + values
