"""Names -> models. A name is an embedded model or a folder; nothing is ever executed."""

from collections.abc import Callable
from pathlib import Path

import torch

from dnalect.core.errors import ModelError
from dnalect.core.files import sha256
from dnalect.models.card import Card, read_card
from dnalect.models.duplex.model import DuplexModel, load_duplex

EMBEDDED = Path(__file__).parent / "embedded"
FAMILIES: dict[str, Callable[[Card, Path, torch.device, torch.dtype], DuplexModel]] = {"duplex": load_duplex}
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def embedded_cards() -> list[Card]:
    """Return the cards of the models that ship inside the package."""
    if not EMBEDDED.is_dir():
        return []
    return [read_card(folder) for folder in sorted(EMBEDDED.iterdir()) if (folder / "card.json").is_file()]


def model_folder(name: str) -> Path:
    """Return the folder of an embedded model's name, or the folder itself. ModelError if neither."""
    if (EMBEDDED / name / "card.json").is_file() and "/" not in name:
        return EMBEDDED / name
    folder = Path(name)
    if folder.is_dir():
        return folder
    known = ", ".join(card.id for card in embedded_cards())
    raise ModelError(f"there is no model {name!r}: neither an embedded one ({known}) nor a folder")


def load(name: str | Path, device: str = "cpu", dtype: str = "float32") -> DuplexModel:
    """Load an embedded model or a model folder, in eval mode.

    device: as torch names it. dtype: "float32" or "bfloat16".
    Raises ModelError where the folder, the card, the checksum or a tensor is wrong.
    """
    folder = model_folder(str(name))
    card = read_card(folder)
    if card.family not in FAMILIES:
        raise ModelError(f"{folder}: unknown family {card.family!r}; known: {', '.join(FAMILIES)}")
    if dtype not in DTYPES:
        raise ModelError(f"unknown dtype {dtype!r}; known: {', '.join(DTYPES)}")
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ModelError(f"{folder} has no model.safetensors")
    if sha256(weights) != card.sha256:
        raise ModelError(f"{weights} is not the file of its card: the SHA-256 differs; copy the folder again")
    try:
        target = torch.device(device)
        torch.empty(1, device=target)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"the device {device!r} cannot be used: {str(error).splitlines()[0]}") from error
    return FAMILIES[card.family](card, folder, target, DTYPES[dtype])
