"""The base composition of a reference, as the background of sequence scores."""

import numpy as np
import numpy.typing as npt

from dnalect.genome.fasta import Genome
from dnalect.tokens.bases import encode

BLOCK = 1 << 24


def log_composition(genome: Genome) -> npt.NDArray[np.float64]:
    """Return ln q of A, C, G, T and unknown (0): the strand-symmetric base composition."""
    counts = np.zeros(5, dtype=np.int64)
    for start in range(0, len(genome.bases), BLOCK):
        counts += np.bincount(encode(genome.bases.span(start, min(start + BLOCK, len(genome.bases)))), minlength=5)
    paired = counts[[0, 1, 2, 3]] + counts[[3, 2, 1, 0]] + 1
    return np.append(np.log(paired / paired.sum()), 0.0)


def of_gc(gc: float) -> npt.NDArray[np.float64]:
    """Return the same from the share of G and C, between 0 and 1."""
    return np.append(np.log(np.array([1 - gc, gc, gc, 1 - gc]) / 2), 0.0)
