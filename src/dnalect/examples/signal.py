"""The mean of a bigWig over regions, as a signal to learn."""

from pathlib import Path

import numpy as np

from dnalect.core.errors import InputError
from dnalect.core.examples import Examples
from dnalect.examples.bed import bed
from dnalect.examples.read import build
from dnalect.examples.rows import Wanted, part_named, rows_of
from dnalect.examples.table import read_lines
from dnalect.genome.fasta import Genome
from dnalect.genome.signal import read_signal


def signal_over(
    regions: str | Path, bigwig: str | Path, reference: Genome, *, name: str = "signal", part: str = ""
) -> Examples:
    """Return the sequences of the regions of a BED, each with the mean of a bigWig over it.

    Bases without a value are left aside; regions with none at all are left out with a note.
    name: of the target. Raises InputError where a file is none, belongs to another assembly,
    or has no value over any region.
    """
    wanted = Wanted(reference, unlabelled=True, part=part_named(part) if part else "")
    rows = rows_of(bed(str(regions), read_lines(str(regions))), wanted)
    means = np.full(len(rows), np.nan)
    for contig in dict.fromkeys(rows.places.contigs):
        values = read_signal(bigwig, contig, int(reference.lengths[reference.index[contig]]))
        for row in (row for row, each in enumerate(rows.places.contigs) if each == contig):
            span = values[rows.places.starts[row] : rows.places.ends[row]]
            known = span[np.isfinite(span)]
            if len(known):
                means[row] = known.mean(dtype=np.float64)
    if np.isnan(means).all():
        raise InputError(f"{bigwig} has no value over any region of {regions}; give a track of these contigs")
    rows.labels = {name: ["" if np.isnan(mean) else repr(float(mean)) for mean in means]}
    return build(rows, "signal")
