"""A folder of a published family, checked from end to end, and the model that it holds."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.files import read_json
from dnalect.genome.builds import build_named
from dnalect.models.card import Card, CorpusGenome
from dnalect.models.catalogue import PublishedCard
from dnalect.models.families.family import Evidence, Family, HubConfig, Network
from dnalect.models.files import Weights, read_weights
from dnalect.models.layers.convolutions import exact_names
from dnalect.models.memory import free_memory
from dnalect.models.offload import offload
from dnalect.models.published import PublishedModel
from dnalect.models.recognise import check_type, recognised
from dnalect.models.vocabulary import begun, read_vocabulary
from dnalect.tokens.tokenizer import Tokenizer

WINDOW = 512
# A config that asks for this many times what the files hold is not worth listing what is missing.
ABSURD = 4


@dataclass(frozen=True)
class Checked:
    """A folder whose files fit together. network: without memory. ignored: tensors left aside."""

    folder: Path
    family: Family[Any]
    network: Network
    tokenizer: Tokenizer
    weights: Weights
    tensors: dict[str, Tensor]
    ignored: tuple[str, ...]

    @property
    def parameters(self) -> int:
        """Numbers in the tensors that the network takes."""
        return sum(tensor.numel() for tensor in self.tensors.values())

    @property
    def context_bases(self) -> int:
        """The most bases that surely fit."""
        most = max(1, self.tokenizer.longest(self.network.config.longest))
        return min(most, self.network.config.bases or most)


def check_folder(folder: Path, species: str = "") -> Checked:
    """Read a folder and check config, weights and tokenizer against each other.

    Nothing of the size that the config asks for is allocated: the network is built without
    memory, and only what the weight files hold is read. species: see `load`. Raises ModelError that names the fault.
    """
    path = folder / "config.json"
    raw = read_json(path) if path.is_file() else {}
    check_type(raw, folder)
    weights = read_weights(folder)
    tokenizer = read_vocabulary(folder, raw)
    family = recognised(Evidence(weights.tensors.keys(), raw, tokenizer), folder)
    if tokenizer is None:
        raise ModelError(f"{folder} has no file of words: neither vocab.txt nor tokenizer.json")
    tokenizer = begun(tokenizer, species, raw, folder)
    try:
        config = family.read_config(HubConfig(raw, path))
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error
    family.check_tokenizer(tokenizer, config, folder)
    network = family.outline(config)
    asked, held = (sum(each.numel() for each in some) for some in (network.parameters(), weights.tensors.values()))
    if asked > ABSURD * held:
        raise ModelError(f"{path} asks for {asked:,} parameters, but the weight files hold {held:,} numbers")
    adopted = family.table.adopt(weights.tensors, network, folder)
    return Checked(folder, family, network, tokenizer, weights, adopted.tensors, adopted.ignored)


def load_published(
    checked: Checked,
    device: torch.device,
    dtype: torch.dtype,
    card: Card | None = None,
    published: PublishedCard | None = None,
) -> PublishedModel:
    """Make a model of a checked folder, whose tensors it uses up.

    card: of the folder's card.json. published: what the folder must be.
    Raises ModelError where these say another family or number of parameters.
    """
    _check_number(checked, card, published)
    made = card or card_of(checked, published)
    _fill(checked, device, dtype)
    return PublishedModel(made, checked.family, checked.tokenizer, checked.network, device, dtype, published)


def _fill(checked: Checked, device: torch.device, dtype: torch.dtype) -> None:
    """Give the network its tensors; its layers stay where they are if they do not all fit."""
    exact = exact_names(checked.network)

    def fetch(name: str, tensor: Tensor) -> Tensor:
        # Copied: the files may be mapped, and may change after this.
        return tensor.to(device, torch.float32 if name in exact else dtype, copy=True).contiguous()

    free = free_memory(device)
    large = free is not None and checked.parameters * dtype.itemsize / 1e9 > free
    later = offload(checked.network, checked.tensors, fetch) if large else set()
    for name in list(checked.tensors):
        checked.tensors[name] = (
            fetch(name, checked.tensors[name]) if name not in later else checked.tensors[name].to("meta")
        )
    checked.network.load_state_dict(checked.tensors, assign=True)


def _check_number(checked: Checked, card: Card | None, published: PublishedCard | None) -> None:
    for known in (card, published):
        if known is None:
            continue
        name = known.id if isinstance(known, Card) else known.name
        if checked.family.name != known.family:
            raise ModelError(
                f"{checked.folder} holds a {checked.family.title}, but {name} is of the family {known.family}"
            )
        if checked.parameters != known.parameters:
            raise ModelError(
                f"{checked.folder} holds {checked.parameters:,} parameters, but {name} has {known.parameters:,}"
            )


def card_of(checked: Checked, published: PublishedCard | None) -> Card:
    """Return the card of a published checkpoint, or of a folder without one."""
    about = published
    assembly = about.assembly if about else ""
    # Not every config.json says what a model was made for.
    context = min(checked.context_bases, about.context_bases) if about else checked.context_bases
    build = build_named(assembly)
    contigs = build.contigs if build else {}
    genomes = [CorpusGenome(assembly, contigs=contigs, train=list(contigs), assembly=assembly)] if contigs else []
    return Card(
        id=about.name if about else checked.folder.resolve().name,
        revision=about.revision if about else "unknown",
        sha256=checked.weights.sha256,
        family=checked.family.name,
        tokenizer=checked.tokenizer.name,
        config=asdict(checked.network.config),
        context_bases=context,
        window=min(WINDOW, context),
        parameters=checked.parameters,
        species=about.species if about else "",
        assembly=assembly,
        licence=about.licence if about else "",
        genomes=genomes,
    )
