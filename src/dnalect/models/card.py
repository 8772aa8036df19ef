"""A model card: what is known of a checkpoint, as data."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dnalect.core.errors import ModelError

LARGEST_CARD = 1 << 24


@dataclass(frozen=True)
class Card:
    """The card.json of a model folder.

    id, revision: name and version. sha256: of model.safetensors. family: which network.
    config: its sizes. context_bases: longest window. window: the default one.
    parameters: their number. contigs: "train", "validate", "test" -> names.
    assembly_contigs: contig -> length of every genome of the corpus. figures: measured.
    """

    id: str
    revision: str
    sha256: str
    family: str
    tokenizer: str
    config: dict[str, Any]
    context_bases: int
    window: int
    parameters: int
    species: str = ""
    assembly: str = ""
    licence: str = ""
    corpus: dict[str, Any] = field(default_factory=dict)
    contigs: dict[str, list[str]] = field(default_factory=dict)
    assembly_contigs: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise ModelError(f"the card's {name!r} must be {kind.__name__}, not {value!r}")
        if not 1 <= self.window <= self.context_bases <= 1 << 24:
            raise ModelError(f"the card's window {self.window} or context {self.context_bases} is out of range")

    @property
    def trained_lengths(self) -> frozenset[int]:
        """Lengths of the contigs that the model saw in training."""
        names = self.contigs.get("train", [])
        return frozenset(self.assembly_contigs[name] for name in names if name in self.assembly_contigs)

    def is_of(self, lengths: list[int]) -> bool:
        """Whether contigs of these lengths are all contigs of the corpus."""
        return bool(lengths) and set(lengths) <= set(self.assembly_contigs.values())


_KINDS = {
    "id": str,
    "revision": str,
    "sha256": str,
    "family": str,
    "config": dict,
    "context_bases": int,
    "window": int,
    "parameters": int,
    "contigs": dict,
    "assembly_contigs": dict,
}


def read_card(folder: Path) -> Card:
    """Read card.json. Raises ModelError where it is missing, no JSON, or has wrong fields."""
    path = folder / "card.json"
    try:
        if path.stat().st_size > LARGEST_CARD:
            raise ModelError(f"{path} is too large for a card")
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{folder} is no model folder: card.json cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ModelError(f"{path} is no JSON: {error}") from error
    if not isinstance(raw, dict):
        raise ModelError(f"{path} must hold a JSON object")
    try:
        return Card(**raw)
    except TypeError as error:
        raise ModelError(
            f"{path} has missing or unknown fields: {str(error).replace('Card.__init__() ', '')}"
        ) from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
