"""Every substitution of a stretch of a genome, on a grid that is fixed to the start of each contig.

The tiles, and which of them share a forward, depend on the contig alone. So a base has the
same numbers, to the last bit, whichever stretch it is computed with.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes
from dnalect.genome.fasta import Genome
from dnalect.inference.tiles import BATCH, TILE, stretch_log_probs
from dnalect.models.model import Model
from dnalect.relatives.laid import Relatives
from dnalect.tokens.bases import UNKNOWN, encode

Ratios = npt.NDArray[np.float16]


def span_log_probs(
    model: Model,
    genome: Genome,
    contig: int,
    start: int,
    end: int,
    tile: int = TILE,
    batch: int = BATCH,
    relatives: Relatives | None = None,
) -> npt.NDArray[np.float32]:
    """Return ln p(base | all other bases of the contig) (end - start, 4) in A, C, G, T order.

    contig: its number. start, end: 0-based, half-open, within the contig. tile: bases
    predicted per window. batch: windows a forward. Only the forwards that [start, end)
    needs are run, each with its full flanks. relatives: laid on the genome, for a model that reads them.
    """

    def read(low: int, high: int) -> npt.NDArray[Any]:
        return relatives.codes(contig, low, high) if relatives else encode(genome.fetch(contig, low, high))

    return stretch_log_probs(model, read, int(genome.lengths[contig]), start, end, tile, batch)


def substitutions(log_probs: npt.NDArray[np.float32], ref: Codes) -> Ratios:
    """Return ln p(base) - ln p(ref) (n, 4) as float16; NaN for the reference base and unknown ones.

    log_probs: (n, 4). ref: (n,) base codes of the reference.
    """
    known = np.minimum(ref, 3)[:, None].astype(np.int64)
    ratios = (log_probs - np.take_along_axis(log_probs, known, axis=1)).astype(np.float16)
    ratios[(np.arange(4) == ref[:, None]) | (ref == UNKNOWN)[:, None]] = np.nan
    return ratios


def span_substitutions(
    model: Model,
    genome: Genome,
    contig: int,
    positions: npt.NDArray[np.int64],
    tile: int,
    batch: int,
    relatives: Relatives | None = None,
) -> Ratios:
    """Return the substitutions (n, 4) of sorted positions (n,) of a contig, 0-based. relatives: see above."""
    ref = encode(genome.contig(genome.names[contig])[positions])
    out = np.full((len(positions), 4), np.nan, dtype=np.float16)
    for mine in _forwards(positions, tile * batch):
        # A forward over unknown bases alone would be thrown away.
        if (ref[mine] != UNKNOWN).any():
            start, end = int(positions[mine][0]), int(positions[mine][-1]) + 1
            log_probs = span_log_probs(model, genome, contig, start, end, tile, batch, relatives)
            out[mine] = substitutions(log_probs[positions[mine] - start], ref[mine])
    return out


def _forwards(positions: npt.NDArray[np.int64], step: int) -> Iterator[slice]:
    """Slices of the positions that lie in one forward."""
    edges = np.flatnonzero(np.diff(positions // step, prepend=-1, append=-1))
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        yield slice(low, high)


def log_probs_of(ratios: Ratios) -> npt.NDArray[np.float32]:
    """Return ln p (n, 4) in A, C, G, T order; NaN at an unknown base."""
    filled = np.nan_to_num(ratios.astype(np.float32), nan=0.0)
    highest = filled.max(axis=1, keepdims=True)
    out: npt.NDArray[np.float32] = filled - highest - np.log(np.exp(filled - highest).sum(axis=1, keepdims=True))
    out[np.isnan(ratios).all(axis=1)] = np.nan
    return out


def information(log_probs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return 2 - entropy in bits (n,): 0 where the model has no opinion, 2 where it is sure."""
    entropy = -(np.exp(log_probs) * log_probs).sum(axis=1) / np.float32(np.log(2))
    result: npt.NDArray[np.float32] = np.clip(2 - entropy, 0, 2)
    return result


def reference_probability(log_probs: npt.NDArray[np.float32], ratios: Ratios) -> npt.NDArray[np.float32]:
    """Return p(reference base) (n,), NaN at an unknown base."""
    ref = np.isnan(ratios).argmax(axis=1)
    result: npt.NDArray[np.float32] = np.exp(log_probs[np.arange(len(ref)), ref])
    return result


def lowest(ratios: Ratios) -> npt.NDArray[np.float32]:
    """Return the lowest log-ratio of the three substitutions (n,), NaN at an unknown base."""
    values = np.where(np.isnan(ratios), np.inf, ratios).astype(np.float32).min(axis=1)
    return np.where(np.isinf(values), np.float32(np.nan), values)
