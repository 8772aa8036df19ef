"""Tables of log-probabilities (L, 4), computed once and kept in the cache."""

import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from dnalect.core import cache_folder, written_whole

Table = npt.NDArray[np.float32]


def cached_table(identity: str, compute: Callable[[], Table]) -> Table:
    """Return the table (L, 4) of this identity as float32, computing it the first time.

    identity: all that the numbers depend on. Kept as float16, so that a value is off by up
    to |value| / 2048; what is returned is always what the cache holds, the first time too.
    """
    name = hashlib.sha256(f"log-probs v1\0{identity}".encode()).hexdigest()[:32]
    path = cache_folder() / "log_probs" / f"{name}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.save(file, compute().astype(np.float16))
    kept: npt.NDArray[np.float16] = np.load(path, mmap_mode="r")
    return kept.astype(np.float32)
