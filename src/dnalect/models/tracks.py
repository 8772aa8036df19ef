"""Models of tracks, and what comes in their layouts: what a folder holds, its card, its network."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.files import read_json
from dnalect.models.card import Card
from dnalect.models.families import baskerville, borzoi, enformer, nucleosomes, spliceai
from dnalect.models.layers.binned import Binned, BinnedSizes
from dnalect.models.layers.dilated import Dilated, DilatedSizes
from dnalect.models.layers.pyramid import Pyramid, PyramidSizes
from dnalect.models.layers.stacked import Stacked, StackedSizes
from dnalect.models.track_model import BaseModel, BinModel, TrackModel
from dnalect.models.weights import load_weights

# Any length will do: this is what cards call the context, and the longest window that is read at once.
LONGEST = 1 << 20
WINDOW = 1000
_log = logging.getLogger("dnalect")


@dataclass(frozen=True)
class Make:
    """A family of networks."""

    model: type[TrackModel]
    network: Callable[[Any], Any]
    sizes: Callable[..., Any]


MAKES = {
    enformer.NAME: Make(BinModel, Binned, BinnedSizes),
    borzoi.NAME: Make(BinModel, Pyramid, PyramidSizes),
    baskerville.LANGUAGE: Make(BaseModel, Pyramid, PyramidSizes),
    nucleosomes.NAME: Make(BinModel, Stacked, StackedSizes),
    spliceai.NAME: Make(TrackModel, Dilated, DilatedSizes),
}
FAMILIES = tuple(MAKES)
# Of the layouts that they are published in, tried in this order.
READERS = tuple(each.read_folder for each in (enformer, borzoi, baskerville, nucleosomes, spliceai))


def holds_tracks(folder: Path) -> bool:
    """Whether a folder without card.json may hold published networks of tracks, by its files and config.json."""
    path = folder / "config.json"
    if path.is_file():
        return any(each.is_mine(read_json(path)) for each in (enformer, borzoi, nucleosomes))
    return bool(spliceai.files_of(folder))


def load_tracks(card: Card, folder: Path, device: torch.device, dtype: torch.dtype) -> TrackModel:
    """Build the network of a card and load its weights. Raises ModelError where they don't fit."""
    make = MAKES[card.family]
    try:
        network = make.network(make.sizes(**dict(card.config)))
    except (TypeError, ValueError, ConfigError) as error:
        raise ModelError(f"{folder}/card.json: the config does not fit {card.family}: {error}") from error
    load_weights(network, folder / "model.safetensors")
    return make.model(card, network, device, dtype)


def published_tracks(folder: Path, device: torch.device, dtype: torch.dtype) -> TrackModel | None:
    """Load a folder of published networks of tracks; None where it holds another kind of model.

    Raises ModelError for what is damaged or differs from the published networks.
    """
    found = next((each for each in (reader(folder) for reader in READERS) if each), None)
    if found is None:
        return None
    network, make = found.network, MAKES[found.family]
    if found.licence:
        _log.warning("dnalect: %s: the licence of %s's weights is %s", folder, found.title, found.licence)
    card = Card(
        id=folder.resolve().name,
        revision="unknown",
        sha256=found.weights.sha256,
        family=found.family,
        tokenizer=make.model.words,
        config=asdict(network.config),
        context_bases=getattr(network.config, "length", LONGEST),
        window=getattr(network.config, "length", WINDOW),
        parameters=sum(each.numel() for each in network.parameters()),
        licence=found.licence,
    )
    return make.model(card, network, device, dtype)
