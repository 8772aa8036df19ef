"""A folder in this project's own layout: the weights in float32, and the card."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from torch import nn

from dnalect.core.files import made_folder, sha256, write_text
from dnalect.models.card import Card
from dnalect.models.weights import save_weights


def save_own(card: Card, network: nn.Module, folder: str | Path) -> None:
    """Write a folder, which may exist; the card gets the checksum of the weights. Raises OutputError."""
    folder = made_folder(folder)
    save_weights(network, folder / "model.safetensors")
    checksum = sha256(folder / "model.safetensors")
    told = replace(card, sha256=checksum, revision=checksum[:12], trunk={})
    write_text(folder / "card.json", json.dumps(asdict(told), indent=1) + "\n")
