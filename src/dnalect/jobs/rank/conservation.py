"""The mean of a bigWig over the changed bases of each variant."""

import numpy as np

from dnalect.core.errors import InputError
from dnalect.genome.bigwig_reader import BigWigReader
from dnalect.genome.names import own_name
from dnalect.scored.reader import Floats, Scored


def conservation(path: str, scored: Scored) -> Floats:
    """Return the mean value over the changed bases of each variant (n,), NaN where the track has none.

    The contigs may stand in the track under an alias. Raises InputError where the file is no
    bigWig or has a value for no variant at all.
    """
    starts, ends = scored.changed
    out = np.full(len(scored), np.nan)
    with BigWigReader(path) as file:
        lengths = file.contigs
        names = {contig: own_name(contig, lengths) for contig in set(scored.contigs)}
        for row, contig in enumerate(scored.contigs):
            start, end = max(0, int(starts[row])), int(ends[row])
            if (name := names[contig]) not in lengths or not start < min(end, lengths[name]):
                continue
            values = file.values(name, start, min(end, lengths[name]))
            known = values[np.isfinite(values)]
            if len(known):
                out[row] = known.mean(dtype=np.float64)
    if not np.isfinite(out).any():
        few = ", ".join(list(lengths)[:6])
        raise InputError(f"{path} has a value for none of the variants; its contigs are {few}: is it of this assembly?")
    return out
