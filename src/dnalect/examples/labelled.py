"""Tables of sequences with labels, and where on a genome the sequences stand."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import TableError
from dnalect.examples.table import read_table
from dnalect.genome.fasta import Genome
from dnalect.genome.repeats import WORD, words
from dnalect.tokens.bases import encode, reverse_complement

COLUMNS = ("sequence", "label")
# Bases whose words are held at once: 8 bytes each.
SCAN = 1 << 22

Codes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """Sequences (n) as upper-case text and their labels (n,), whole numbers from 0."""

    sequences: tuple[str, ...]
    labels: Numbers


@dataclass(frozen=True)
class Placed:
    """Sequences that stand at exactly one place of a genome.

    rows (m,): which sequences, in order. contigs, starts (m,): 0-based. forward (m,): strand.
    absent, several: how many sequences stand nowhere, and at several places. repeated: which
    sequences (several,) stand at several places.
    """

    rows: Numbers
    contigs: Numbers
    starts: Numbers
    forward: npt.NDArray[np.bool_]
    absent: int
    several: int
    repeated: Numbers


def read_labelled(path: str | Path) -> Labelled:
    """Read a table (comma or tab, plain or gzipped) with the columns sequence and label; others are left aside.

    Raises TableError that names the line and says what to mend.
    """
    table = read_table(path)
    if missing := [name for name in COLUMNS if table.find(name) is None]:
        raise TableError(f"{path} has no column {missing[0]!r}: its first line must name the columns sequence,label")
    sequences, labels = [], []
    for number, cell, label in zip(table.lines, *(table.cells(name) for name in COLUMNS), strict=True):
        sequence = cell.upper()
        if not sequence or not set(sequence) <= set("ACGTN"):
            raise TableError(f"{path}, line {number}: {sequence[:20]!r} is no sequence of A, C, G, T and N")
        if not label.isdecimal():
            raise TableError(f"{path}, line {number}: the label {label!r} is no whole number; write 0, 1, ...")
        sequences.append(sequence)
        labels.append(int(label))
    if not sequences:
        raise TableError(f"{path} holds no labelled sequence below its header")
    return Labelled(tuple(sequences), np.array(labels, dtype=np.int64))


def place(genome: Genome, sequences: tuple[str, ...]) -> Placed:
    """Find sequences on a genome by exact match on either strand.

    Those of fewer than 24 bases, and those with N among the first 24 of either strand, are absent.
    """
    strands = [_Strand(sequences, forward) for forward in (True, False)]
    found: dict[int, set[tuple[int, int, bool]]] = {}
    for contig in range(len(genome.names)):
        length = int(genome.lengths[contig])
        for low in range(0, length, SCAN):
            codes = encode(genome.fetch(contig, low, min(low + SCAN + WORD - 1, length)))
            spelled, known = words(codes)
            for strand in strands:
                for start, row in strand.candidates(spelled, known):
                    end = low + start + len(strand.texts[row])
                    if end <= length and strand.fits(row, genome, contig, low + start):
                        found.setdefault(row, set()).add((contig, low + start, strand.forward))
    # A palindrome stands at one place on both strands.
    single = {row: sorted(at)[-1] for row, at in found.items() if len({(c, s) for c, s, _ in at}) == 1}
    rows = np.array(sorted(single), dtype=np.int64)
    places = np.array([single[row] for row in rows.tolist()], dtype=np.int64).reshape(-1, 3)
    absent, several = len(sequences) - len(found), len(found) - len(single)
    repeated = np.array(sorted(found.keys() - single.keys()), dtype=np.int64)
    return Placed(rows, places[:, 0], places[:, 1], places[:, 2].astype(np.bool_), absent, several, repeated)


class _Strand:
    """Sequences as they read on one strand of the genome, found by their first 24 bases."""

    def __init__(self, sequences: tuple[str, ...], forward: bool):
        self.forward = forward
        codes = (encode(text) for text in sequences)
        self.texts = [each if forward else reverse_complement(each) for each in codes]
        heads = [(int(words(text[:WORD])[0][0]), row) for row, text in enumerate(self.texts) if _usable(text)]
        table = np.array(sorted(heads), dtype=np.uint64).reshape(-1, 2)
        self.heads, self.rows = table[:, 0], table[:, 1].astype(np.int64)

    def candidates(self, spelled: npt.NDArray[np.uint64], known: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
        """Return (start, row) of every place where a sequence's head stands."""
        if not len(self.heads):
            return []
        low = np.searchsorted(self.heads, spelled)
        starts = np.flatnonzero(known & (self.heads[np.minimum(low, len(self.heads) - 1)] == spelled))
        high = np.searchsorted(self.heads, spelled[starts], side="right")
        ranges = zip(starts.tolist(), low[starts].tolist(), high.tolist(), strict=True)
        return [(start, int(self.rows[at])) for start, first, last in ranges for at in range(first, last)]

    def fits(self, row: int, genome: Genome, contig: int, start: int) -> bool:
        """Whether the whole sequence stands there."""
        text = self.texts[row]
        return bool(np.array_equal(encode(genome.fetch(contig, start, start + len(text))), text))


def _usable(codes: Codes) -> bool:
    return len(codes) >= WORD and bool(words(codes[:WORD])[1][0])
