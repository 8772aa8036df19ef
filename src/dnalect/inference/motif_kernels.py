"""Compiled: the best match of every motif over an allele. Import it late: numba takes half a second."""

import numpy as np
import numpy.typing as npt

from dnalect.tokens.compiled import Whole, compiled

Floats = npt.NDArray[np.float32]
Longs = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]


@compiled
def _best(codes: Codes, begin: Whole, end: Whole, table: Floats) -> float:
    """The best match of the rows of a table (w, 5) that begins in [begin, end), 0 where none is above it."""
    best = np.float32(0)
    for at in range(begin, end):
        bits = np.float32(0)
        for row in range(len(table)):
            bits += table[row, codes[at + row]]
        best = max(best, bits)
    return float(best)


@compiled
def _over(codes: Codes, offset: Whole, size: Whole, flank: Whole, forward: Floats, reverse: Floats) -> float:
    """The best match, on either strand, over an allele of `size` bases that `flank` bases surround."""
    begin, end = offset + flank - len(forward) + 1, offset + flank + size
    return max(_best(codes, begin, end, forward), _best(codes, begin, end, reverse))


@compiled
def best_matches(codes: Codes, offsets: Longs, sizes: Longs, flank: Whole, tables: Floats, rows: Longs) -> Floats:
    """Return the best match of each of M motifs over n alleles (n, M), 0 where none is above it.

    codes: windows of the alleles, one after the other; the rest is that of `largest_changes`, (n,) each.
    """
    out = np.zeros((len(offsets), len(rows) - 1), dtype=np.float32)
    for motif in range(len(rows) - 1):
        forward, reverse = tables[0, rows[motif] : rows[motif + 1]], tables[1, rows[motif] : rows[motif + 1]]
        for n in range(len(offsets)):
            out[n, motif] = _over(codes, offsets[n], sizes[n], flank, forward, reverse)
    return out


@compiled
def largest_changes(
    codes: Codes, offsets: Longs, sizes: Longs, flank: Whole, tables: Floats, rows: Longs, thresholds: Floats
) -> tuple[Longs, Floats]:
    """Return for n variants the motif that changes most (n,), -1 for none, and its bits with REF and ALT (n, 2).

    codes: windows of all haplotypes, one after the other, REF and ALT in turn. offsets, sizes:
    (n, 2) where each begins, and bases of its allele, before and after which stand `flank` bases.
    tables: bits of each base on the forward and on the reverse strand (2, rows, 5). rows: (M + 1,)
    where each motif begins. thresholds: (M,) bits from which a match is a site; a motif that has
    none with either allele doesn't count.
    """
    count = len(offsets)
    which, bits = np.full(count, -1, dtype=np.int64), np.zeros((count, 2), dtype=np.float32)
    for motif in range(len(thresholds)):
        forward, reverse = tables[0, rows[motif] : rows[motif + 1]], tables[1, rows[motif] : rows[motif + 1]]
        for n in range(count):
            found = np.zeros(2, dtype=np.float32)
            for side in range(2):
                found[side] = _over(codes, offsets[n, side], sizes[n, side], flank, forward, reverse)
            if max(found[0], found[1]) < thresholds[motif]:
                continue
            if abs(found[1] - found[0]) > abs(bits[n, 1] - bits[n, 0]):
                which[n], bits[n, 0], bits[n, 1] = motif, found[0], found[1]
    return which, bits
