"""How a command starts and ends quickly: PyTorch's import makes 150,000 objects, of which none is ever garbage."""

import atexit
import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def begin_quickly() -> None:
    """Look for no garbage while PyTorch is imported, nor at the end, when all of it goes with the process."""
    if "torch" not in sys.modules:
        sys.meta_path.insert(0, Uncollected())
    atexit.register(gc.freeze)


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
