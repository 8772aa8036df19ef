"""A folder in this project's own layout: the weights in float32, and the card."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from dnalect.core.files import made_folder, sha256
from dnalect.models.card import Card, write_card
from dnalect.models.weights import save_weights


def save_own(card: Card, network: nn.Module, folder: str | Path) -> None:
    """Write a folder, which may exist; the card gets the checksum of the weights. Raises OutputError."""
    folder = made_folder(folder)
    save_weights(network, folder / "model.safetensors")
    checksum = sha256(folder / "model.safetensors")
    told = replace(card, sha256=checksum, revision=checksum[:12], trunk={})
    write_card(told, folder)
