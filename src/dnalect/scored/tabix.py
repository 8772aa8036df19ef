"""The index beside a bgzipped VCF: tabix's, or CSI for contigs that are too long for it."""

from pathlib import Path

import pysam

from dnalect.core.errors import OutputError
from dnalect.core.files import Together
from dnalect.core.reporter import warn
from dnalect.genome.vcf import Record

# What a .tbi and a .csi can address.
SHORT, LONG = 1 << 29, 1 << 31
SUFFIXES = (".tbi", ".csi")


class Order:
    """Watches records go by: whether they are sorted, and the last base (0-based, excluded) of any."""

    def __init__(self) -> None:
        self.sorted = True
        self.end = 0
        self.contig, self.start = "", -1
        self.seen: set[str] = set()

    def add(self, record: Record) -> None:
        """Take the next record."""
        if record.contig != self.contig:
            self.sorted &= record.contig not in self.seen
            self.seen.add(record.contig)
            self.contig, self.start = record.contig, -1
        self.sorted &= record.start >= self.start
        self.start = record.start
        self.end = max(self.end, record.start + len(record.ref), record.end or 0)


def add_index(packed: Path, output: Path, order: Order, files: Together) -> None:
    """Make the index of a bgzipped VCF, to appear together with it; one that is not sorted has none.

    packed: the file, whole, under its temporary name. output: the name that it will have.
    An index of an earlier file is removed. Raises OutputError where it can't be written.
    """
    for suffix in SUFFIXES:
        files.drop(output.with_name(output.name + suffix))
    if not order.sorted or order.end > LONG:
        why = "is not sorted, so it has no tabix index; sort it to get one"
        if order.sorted:
            why = f"has positions beyond {LONG:,}, so it has no index"
        warn(f"{output} {why}")
        return
    long = order.end > SHORT
    index = output.with_name(output.name + SUFFIXES[long])
    try:
        pysam.tabix_index(
            str(packed), preset="vcf", force=True, keep_original=True, csi=long, index=str(files.place(index))
        )
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write the index {index}: {error}; is the disk full?") from error
