"""The models that may be asked, by their names, a few of them kept loaded; one question computes at a time."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from dnalect.core.errors import InputError, ModelError
from dnalect.models.catalogue import PUBLISHED, embedded_cards
from dnalect.models.load import load, model_folder
from dnalect.models.model import Model
from dnalect.page import answers

T = TypeVar("T")
# Loaded models that are kept; the one that was not asked for longest goes first.
KEPT = 4


class Engine:
    """Models by name. offered: name as the page knows it -> what `load` takes; of the registry any other can be had.

    device, dtype: as `load` takes them.
    """

    def __init__(self, offered: dict[str, str], device: str, dtype: str):
        self.offered, self.device, self.dtype = offered, device, dtype
        self._loaded: OrderedDict[str, Model] = OrderedDict()
        self._cards: dict[str, dict[str, Any]] = {}
        self._one = threading.Lock()

    def ask(self, name: str, question: Callable[[Model], T]) -> T:
        """Return what a question makes of a model. Raises ModelError for one that isn't offered."""
        source = self.source(name)
        if name not in self._loaded:
            model_folder(source)  # what must be fetched is, while others are answered
        with self._one:
            return question(self._model(name, source))

    def source(self, name: str) -> str:
        """Return what `load` takes. Raises ModelError for a model that isn't offered."""
        found = self.offered.get(name) or (name if name in PUBLISHED else None)
        if found is None:
            raise ModelError(f"this server has no model {name!r:.80}; it has {', '.join(self.offered)}")
        return found

    def card(self, name: str) -> dict[str, Any]:
        """Return a model as the page offers it, from now on, too."""
        if name not in self._cards:
            (found,) = self.ask(name, lambda model: answers.models([model]))
            self._cards[name] = asdict(found) | {"id": name}
            self.offered.setdefault(name, name)
        return self._cards[name]

    def cards(self) -> list[dict[str, Any]]:
        """Return the models that can be asked at once."""
        return [self.card(name) for name in list(self.offered)]

    def _model(self, name: str, source: str) -> Model:
        if name not in self._loaded:
            self._loaded[name] = load(source, self.device, self.dtype)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(name)
        return self._loaded[name]


def offered_by(models: Sequence[str], folders: dict[str, Path]) -> dict[str, str]:
    """Return the models to offer: those that ship, those that are named, and those that lie in folders.

    Raises InputError where two are called the same.
    """
    found = {card.id: card.id for card in embedded_cards()}
    for name in models:
        # A job may begin again when the server is started elsewhere.
        path = Path(name).resolve() if Path(name).is_dir() else None
        label, source = (path.name, str(path)) if path else (name, name)
        if found.setdefault(label, source) != source:
            raise InputError(f"two models are called {label}: rename the folder {name}")
    for label, folder in folders.items():
        inside = [(label, folder), *((f"{label}/{each.name}", each) for each in sorted(folder.iterdir()))]
        found |= {name: str(each.resolve()) for name, each in inside if _is_model(each) and name not in found}
    return found


def _is_model(folder: Path) -> bool:
    return (folder / "card.json").is_file() or (folder / "config.json").is_file()
