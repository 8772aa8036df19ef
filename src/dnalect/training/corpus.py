"""Windows to learn from: every base of the training contigs once a pass, in a seeded order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.genome.fasta import Genome
from dnalect.tokens.bases import UNKNOWN, encode


@dataclass(frozen=True)
class Batch:
    """codes (B, L) uint8 as the model sees them; target (B, L) uint8; weight (B, L) float32."""

    codes: npt.NDArray[np.uint8]
    target: npt.NDArray[np.uint8]
    weight: npt.NDArray[np.float32]


class Corpus:
    """Draws batches; batch number `step` depends on seed and step alone, so a run can resume.

    A pass lays windows end to end over every contig from a random offset and shuffles
    them; windows with more than half unknown bases are left out.
    """

    def __init__(
        self,
        genomes: list[tuple[Genome, list[int]]],
        window: int,
        batch: int,
        seed: int,
        soft_mask_weight: float = 1.0,
        unknown_rate: float = 0.0,
    ):
        self.genomes = genomes
        self.window, self.batch, self.seed = window, batch, seed
        self.soft_mask_weight, self.unknown_rate = soft_mask_weight, unknown_rate
        self.bases = sum(int(g.lengths[c]) for g, contigs in genomes for c in contigs)
        self._pass = -1
        self._order: npt.NDArray[np.int64] = np.empty((0, 3), dtype=np.int64)
        # Fewer windows than the shortest pass can hold, so that every pass has this many steps.
        tiles = sum(max(0, int(g.lengths[c]) // window - 1) for g, contigs in genomes for c in contigs)
        self.steps_a_pass = max(1, tiles // batch)

    def draw(self, step: int) -> Batch:
        """Return the batch of optimizer step `step` (from 0)."""
        number, within = divmod(step, self.steps_a_pass)
        if number != self._pass:
            self._order, self._pass = self._lay(number), number
        rows = self._order[np.arange(within * self.batch, (within + 1) * self.batch) % len(self._order)]
        text = np.concatenate([self._gather(g, rows[rows[:, 0] == g]) for g in np.unique(rows[:, 0])])
        target = encode(text)
        weight = (target != UNKNOWN).astype(np.float32)
        if self.soft_mask_weight != 1:
            weight *= np.where(text >= ord("a"), np.float32(self.soft_mask_weight), np.float32(1))
        return Batch(self._hide(target, step), target, weight)

    def _lay(self, number: int) -> npt.NDArray[np.int64]:
        rng = np.random.default_rng((self.seed, 0, number))
        rows = []
        for which, (genome, contigs) in enumerate(self.genomes):
            for contig in contigs:
                starts = np.arange(rng.integers(self.window), int(genome.lengths[contig]) - self.window, self.window)
                rows.append(np.stack([np.full_like(starts, which), np.full_like(starts, contig), starts], axis=1))
        order = np.concatenate(rows).astype(np.int64)
        return order[rng.permutation(len(order))]

    def _gather(self, which: int, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        return self.genomes[which][0].windows(rows[:, 1], rows[:, 2], self.window)

    def _hide(self, target: npt.NDArray[np.uint8], step: int) -> npt.NDArray[np.uint8]:
        rng = np.random.default_rng((self.seed, 1, step))
        codes = target.copy()
        for row in np.flatnonzero(rng.random(len(codes)) < self.unknown_rate):
            start = rng.integers(self.window)
            codes[row, start : start + rng.integers(1, 33)] = UNKNOWN
        return codes
