"""How a command starts, waits and ends quickly. PyTorch's import makes 150,000 objects, none of them ever garbage."""

import atexit
import ctypes
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

# Of malloc.h: the most blocks of their own, and the bytes at the end of the heap that are given back.
M_MMAP_MAX, M_TRIM_THRESHOLD = -4, -1
# Some 30 microseconds, where GNU OpenMP has a millisecond: as long as waking takes, so that idle cores lose nothing.
SPINS = "10000"


def begin_quickly() -> None:
    """Look for no garbage while PyTorch is imported, nor at the end; let threads soon sleep, and memory be kept.

    Where another process has their core, threads that spin while they wait for each other take more than twice the
    processor and the wall time. GNU OpenMP reads how long they do so when PyTorch is imported.
    """
    if "torch" not in sys.modules:
        sys.meta_path.insert(0, Uncollected())
        if "OMP_WAIT_POLICY" not in os.environ:
            os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    keep_memory()
    atexit.register(gc.freeze)


def keep_memory() -> None:
    """Keep memory that was freed, for what is asked for next; a variable MALLOC_... in the environment decides instead.

    By default glibc gives large blocks back to the system, which zeroes them for the next layer: a sixth of the
    processor time of long windows. Elsewhere nothing is done.
    """
    if sys.platform == "linux" and not any(name.startswith("MALLOC_") for name in os.environ):
        with suppress(AttributeError):  # musl has no mallopt
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(M_MMAP_MAX, 0)
            mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


class Uncollected(MetaPathFinder):
    """Imports PyTorch without looking for garbage meanwhile; later collections leave alone what it made."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return how PyTorch is imported, and None for other modules."""
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def spared(module: ModuleType) -> None:
                collects = gc.isenabled()
                gc.disable()
                try:
                    execute(module)
                finally:
                    gc.freeze()
                    if collects:
                        gc.enable()

            spec.loader.exec_module = spared  # type: ignore[method-assign]
        return spec
