"""bigWig in: the values of a contig."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.genome.names import own_name


def read_signal(path: str | Path, contig: str, length: int) -> npt.NDArray[np.float32]:
    """Return the values (length,) of a contig, NaN where it has none; all NaN if the file lacks it.

    The contig may stand in the file under an alias. Raises InputError where the file is no
    bigWig, or has a contig of this name and of another length.
    """
    import pyBigWig

    if not Path(path).is_file():
        raise InputError(f"cannot read the bigWig {path}: no such file")
    try:
        file = pyBigWig.open(str(path))
    except RuntimeError as error:
        raise InputError(f"{path} is no bigWig: {error}") from error
    with file:
        known = file.chroms()
        name = own_name(contig, known)
        if name not in known:
            return np.full(length, np.nan, dtype=np.float32)
        if known[name] != length:
            raise InputError(
                f"{path} has no contig {name} of {length:,} bases: {name} has {known[name]:,} bases, "
                f"the reference {length:,}; give a track of this assembly"
            )
        return np.asarray(file.values(name, 0, length, numpy=True), dtype=np.float32)
