"""What can be read off the log-probabilities of a base: scores of substitutions, contexts, local means.

Shapes: L bases of a contig, n sites, log-probabilities (.., 4) in the order A, C, G, T.
"""

import numpy as np
import numpy.typing as npt

from dnalect.tokens.bases import UNKNOWN

Codes = npt.NDArray[np.uint8]
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


def log_ratio(log_probs: Singles, ref: Codes, alt: Codes) -> Singles:
    """Return ln p(alt) - ln p(ref) (n,) of log_probs (n, 4); below 0 the alternate is disfavoured."""
    rows = np.arange(len(ref))
    out: Singles = log_probs[rows, alt] - log_probs[rows, ref]
    return out


def information(log_probs: Singles, background: npt.NDArray[np.float64] | None = None) -> Singles:
    """Return 2 - entropy in bits (L,) of log_probs (L, 4): 0 where all bases are as likely, 2 where one is certain.

    background: ln q (4,) of the bases, from which the bits count instead (relative entropy): in a genome of A and T an
    A says less than a G.
    """
    if background is not None:
        log_odds = log_probs - background.astype(np.float32)
        return np.asarray((np.exp(log_probs) * log_odds).sum(axis=-1) / np.float32(np.log(2)), dtype=np.float32)
    out: Singles = 2 + (np.exp(log_probs) * log_probs).sum(axis=-1) / np.float32(np.log(2))
    return out


def surprise(log_probs: Singles, codes: Codes) -> Singles:
    """Return -log2 p(reference base) (L,) in bits; NaN where the base is unknown."""
    bits = -log_probs[np.arange(len(codes)), np.minimum(codes, 3)] / np.float32(np.log(2))
    out: Singles = np.where(codes == UNKNOWN, np.float32(np.nan), bits)
    return out


def local_mean(values: npt.NDArray[np.floating], flank: int) -> Singles:
    """Return the mean of the known values (not NaN) within `flank` bases on each side (L,)."""
    known = np.isfinite(values)
    length = len(values)
    low, high = np.maximum(np.arange(length) - flank, 0), np.minimum(np.arange(length) + flank + 1, length)

    def summed(each: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        total = np.concatenate([[0.0], np.cumsum(each, dtype=np.float64)])
        return np.asarray(total[high] - total[low])

    return (summed(np.where(known, values, 0)) / np.maximum(summed(known.astype(np.float64)), 1)).astype(np.float32)


def bases_around(codes: Codes, positions: Numbers, flank: int) -> Codes:
    """Return the bases (n, 2 * flank + 1) around positions of a contig, unknown beyond its ends."""
    padded = np.pad(codes, flank, constant_values=UNKNOWN)
    found: Codes = padded[positions[:, None] + np.arange(2 * flank + 1)]
    return found


def folded(around: Codes, alt: Codes) -> tuple[Codes, Codes]:
    """Return windows (n, odd) and alternates (n,) on the strand on which the middle base is A or C.

    A substitution and its complement on the other strand become the same.
    """
    turn = np.isin(around[:, around.shape[1] // 2], (2, 3))
    complement = np.where(around == UNKNOWN, UNKNOWN, 3 - around.astype(np.int64)).astype(np.uint8)[:, ::-1]
    return np.where(turn[:, None], complement, around), np.where(turn, 3 - alt, alt).astype(np.uint8)


def context_class(around: Codes, alt: Codes, flank: int) -> Numbers:
    """Return the number (n,) of the folded substitution with `flank` neighbours on each side.

    around: windows (n, odd) of at least that flank. flank 0 is the bare substitution type,
    1 the trinucleotide. Windows with an unknown base share a class of their own, below 0.
    """
    bases, other = folded(around, alt)
    middle = bases.shape[1] // 2
    chosen = bases[:, middle - flank : middle + flank + 1]
    number = np.zeros(len(alt), dtype=np.int64)
    for column in range(chosen.shape[1]):
        number = number * 4 + chosen[:, column]
    return np.where((chosen == UNKNOWN).any(axis=1), -1, number * 4 + other)


def class_means(classes: Numbers, values: Singles, of_classes: Numbers) -> Singles:
    """Return for each of `classes` (n,) the mean of the values (m,) whose class (m,) it is, else that of all."""
    known, index = np.unique(of_classes, return_inverse=True)
    means = np.bincount(index, values) / np.bincount(index)
    at = np.minimum(np.searchsorted(known, classes), len(known) - 1)
    return np.where(known[at] == classes, means[at], values.mean()).astype(np.float32)
