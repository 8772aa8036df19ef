"""The random variants of one stratum as a sequence: the first n are the same however many are drawn."""

import hashlib
import struct
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import OutputError
from dnalect.core.files import cache_folder
from dnalect.core.records import Variant
from dnalect.core.runs import Run
from dnalect.inference.background import variants as random
from dnalect.inference.background.strata import lengths_of, named
from dnalect.inference.scorer import Measure

FORMAT = "dnalect background 2"
# Blocks that are scored, and then kept, at once.
KEPT_EVERY = 16
DRAW = np.dtype([("block", "<i4"), ("length", "<i4"), ("value", "<f4")])
Drawn = npt.NDArray[np.void]


class Draws:
    """Draws blocks of a group and band of lengths, scores them once, and keeps the scores in the cache.

    cached: the scores of the first `blocks` blocks.
    """

    def __init__(self, measure: Measure, group: str, band: int, seed: int, notify: Callable[[str], None]):
        self.measure, self.group, self.band, self.seed, self.notify = measure, group, band, seed, notify
        self._variants: dict[int, list[Variant]] = {}
        sites = f" {measure.sites.identity}" if group == "snv" and measure.sites is not None else ""
        identity = f"{measure.genome.checksum} {measure.identity}{sites}"
        folder = cache_folder() / "backgrounds" / hashlib.sha256(identity.encode()).hexdigest()[:24]
        self.run = Run(folder, f"{FORMAT} {identity}")
        self.key = f"{group}-{lengths_of(band)[1]}.{seed}.draws"
        self.blocks, self.cached = 0, np.empty(0, dtype=DRAW)
        if (data := self.run.get(self.key, notify)) is not None:
            (self.blocks,) = struct.unpack_from("<q", data)
            self.cached = np.frombuffer(data, dtype=DRAW, offset=8)

    def variants(self, number: int) -> list[Variant]:
        """Return the variants of a block, none where the reference has none of this kind."""
        if number not in self._variants:
            measure = self.measure
            rng = np.random.default_rng((self.seed, zlib.crc32(f"{self.group} {self.band}".encode()), number))
            self._variants[number] = random.block(
                measure.genome, self.group, self.band, measure.longest_allele, measure.reach, rng
            )
        return self._variants[number]

    def first(self, blocks: int, shown: Callable[[int], None] = lambda _: None) -> Drawn:
        """Return the draws of the first blocks. shown: called with the number of variants that were scored."""
        for numbers in self.missing(blocks):
            self.take(numbers, self.values(numbers))
            shown(self.count(numbers))
        return self.cached[self.cached["block"] < blocks]

    def missing(self, blocks: int) -> list[range]:
        """Return which of the first blocks have no scores yet, those side by side that are scored at once."""
        return [range(low, min(blocks, low + KEPT_EVERY)) for low in range(self.blocks, blocks, KEPT_EVERY)]

    def count(self, numbers: range) -> int:
        """Return how many variants some blocks have."""
        return sum(len(self.variants(number)) for number in numbers)

    def values(self, numbers: range) -> npt.NDArray[np.float32]:
        """Return the scores of the variants of some blocks, NaN for none. Nothing is kept."""
        made = [variant for number in numbers for variant in self.variants(number)]
        values = [score.value for score in self.measure.score(made)] if made else []
        return np.array([np.nan if value is None else value for value in values], dtype=np.float32)

    def take(self, numbers: range, values: npt.NDArray[np.float32]) -> None:
        """Keep the scores of blocks that follow those that are there; of others nothing is taken."""
        if numbers.start != self.blocks:
            return
        made = [variant for number in numbers for variant in self.variants(number)]
        scored = np.empty(len(made), dtype=DRAW)
        scored["block"] = [number for number in numbers for _ in self.variants(number)]
        scored["length"] = [variant.changed for variant in made]
        scored["value"] = values
        # What has no score is no background.
        self.cached = np.concatenate([self.cached, scored[np.isfinite(scored["value"])]])
        self.blocks = numbers.stop
        self._keep()

    def at_least(self, count: int, shown: Callable[[int], None] = lambda _: None) -> Drawn:
        """Return the first `count` draws, fewer where the reference has no more."""
        size = self.size
        blocks, found = 0, self.cached[:0]
        while len(found) < count:
            blocks += -(-(count - len(found)) // size)
            found = self.first(blocks, shown)
            if not self.variants(blocks - 1):
                break
        return found[:count]

    @property
    def size(self) -> int:
        """Variants of a whole block."""
        return random.size_of(self.group) * (3 if self.group == "snv" else 1)

    def _keep(self) -> None:
        try:
            self.run.put(self.key, struct.pack("<q", self.blocks) + self.cached.tobytes())
        except OutputError as error:
            self.notify(
                f"the background of {named(self.group, *lengths_of(self.band))} is not kept for the next run: {error}"
            )
