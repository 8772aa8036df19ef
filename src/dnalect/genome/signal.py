"""bigWig in: the values of a contig."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.genome.bigwig_reader import BigWigReader
from dnalect.genome.names import own_name


def read_signal(path: str | Path, contig: str, length: int) -> npt.NDArray[np.float32]:
    """Return the values (length,) of a contig, NaN where it has none; all NaN if the file lacks it.

    The contig may stand in the file under an alias. Raises InputError where the file is no
    bigWig, is damaged, or has a contig of this name and of another length.
    """
    with BigWigReader(path) as file:
        name = own_name(contig, file.contigs)
        if name not in file.contigs:
            return np.full(length, np.nan, dtype=np.float32)
        if (known := file.contigs[name]) != length:
            raise InputError(
                f"{path} has no contig {name} of {length:,} bases: {name} has {known:,} bases, "
                f"the reference {length:,}; give a track of this assembly"
            )
        return file.values(name, 0, length)
