"""What a promoter is, for all of dnalect: bases before a transcription start, on its strand, that are not coding.

A transcription start is a measured one where a file has them, else the 5' end of a gene. 500 bases upstream are what
the Eukaryotic Promoter Database takes for human and yeast alike; they hold most binding sites of yeast genes even
where a gene begins with its start codon, as in SGD's files. Positions are 0-based, intervals half-open.
"""

import numpy as np
import numpy.typing as npt

UPSTREAM = 500
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def starts_of(starts: Positions, ends: Positions, forward: Mask) -> Positions:
    """Return the first base (n,) of genes or transcripts on their strand: their transcription start."""
    return np.where(forward, starts, ends - 1)


def promoter_spans(tss: Positions, forward: Mask, upstream: int = UPSTREAM) -> tuple[Positions, Positions]:
    """Return starts and ends (n,) of the bases before each transcription start, which is not in them.

    Coding bases are for the caller to take out. upstream: how many bases.
    """
    return np.where(forward, tss - upstream, tss + 1), np.where(forward, tss, tss + 1 + upstream)
