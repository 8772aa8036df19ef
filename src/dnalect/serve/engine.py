"""The models that may be asked, by their names, a few of them kept loaded; one question computes at a time."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from dnalect.core.errors import ModelError
from dnalect.models.load import load
from dnalect.models.model import Model

T = TypeVar("T")
# Loaded models that are kept; the one that was not asked for longest goes first.
KEPT = 4


class Engine:
    """Models by name. names: name as the page knows it -> what `load` takes."""

    def __init__(self, names: dict[str, str], device: str, dtype: str):
        self.names, self.device, self.dtype = names, device, dtype
        self._loaded: OrderedDict[str, Model] = OrderedDict()
        self._one = threading.Lock()

    def ask(self, name: str, question: Callable[[Model], T]) -> T:
        """Return what a question makes of a model. Raises ModelError for one that isn't offered."""
        with self._one:
            return question(self._model(name))

    def source(self, name: str) -> str:
        """Return what `load` takes. Raises ModelError for a model that isn't offered."""
        if name not in self.names:
            raise ModelError(f"this server has no model {name!r:.80}; it has {', '.join(self.names)}")
        return self.names[name]

    def _model(self, name: str) -> Model:
        source = self.source(name)
        if name not in self._loaded:
            self._loaded[name] = load(source, self.device, self.dtype)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(name)
        return self._loaded[name]
