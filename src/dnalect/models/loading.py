"""A folder as the hub lays it out -> a masked model, checked from end to end."""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from dnalect.core.errors import ConfigError, ModelError
from dnalect.genome.builds import build_named
from dnalect.models.card import Card, CorpusGenome
from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.encoder.network import Encoder, count_parameters
from dnalect.models.families import recognised
from dnalect.models.family import Evidence, Family, HubConfig
from dnalect.models.masked import MaskedModel
from dnalect.models.published import PublishedCard
from dnalect.models.reading import Weights, read_json, read_weights
from dnalect.models.supported import check_type
from dnalect.models.vocabulary import read_vocabulary
from dnalect.tokens.tokenizer import Tokenizer

WINDOW = 512
# A config that asks for this many times what the files hold is not worth listing what is missing.
ABSURD = 4


@dataclass(frozen=True)
class Checked:
    """A folder whose files fit together. parameters: of the network. ignored: tensors left aside."""

    folder: Path
    family: Family
    config: EncoderConfig
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
        return max(1, self.tokenizer.longest(self.config.longest))


def check_folder(folder: Path) -> Checked:
    """Read a folder and check config, weights and tokenizer against each other.

    Nothing of the size that the config asks for is allocated: the network is built without
    memory, and only what the weight files hold is read. Raises ModelError that names the fault.
    """
    path = folder / "config.json"
    raw = read_json(path) if path.is_file() else {}
    check_type(raw, folder)
    weights = read_weights(folder)
    tokenizer = read_vocabulary(folder, raw)
    family = recognised(Evidence(weights.tensors.keys(), raw, tokenizer), folder)
    if tokenizer is None:
        raise ModelError(f"{folder} has no file of words: neither vocab.txt nor tokenizer.json")
    try:
        config = family.read_config(HubConfig(raw, path))
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error
    family.check_tokenizer(tokenizer, config, folder)
    asked, held = count_parameters(config), sum(tensor.numel() for tensor in weights.tensors.values())
    if asked > ABSURD * held:
        raise ModelError(f"{path} asks for {asked:,} parameters, but the weight files hold {held:,} numbers")
    with torch.device("meta"):
        network = Encoder(config)
    adopted = family.table.adopt(weights.tensors, network, folder)
    return Checked(folder, family, config, tokenizer, weights, adopted.tensors, adopted.ignored)


def load_masked(
    checked: Checked,
    device: torch.device,
    dtype: torch.dtype,
    card: Card | None = None,
    published: PublishedCard | None = None,
) -> MaskedModel:
    """Make a model of a checked folder, whose tensors it uses up.

    card: of the folder's card.json. published: what the folder must be.
    Raises ModelError where these say another family or number of parameters.
    """
    _check_number(checked, card, published)
    made = card or card_of(checked, published)
    with torch.device("meta"):
        network = Encoder(checked.config)
    # One at a time and copied: the files may be mapped, and may change after this.
    for name in list(checked.tensors):
        checked.tensors[name] = checked.tensors[name].to(device, dtype, copy=True).contiguous()
    network.load_state_dict(checked.tensors, assign=True)
    return MaskedModel(made, checked.family, checked.tokenizer, network, device, dtype, published)


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
    build = build_named(assembly)
    contigs = build.contigs if build else {}
    genomes = [CorpusGenome(assembly, contigs=contigs, train=list(contigs), assembly=assembly)] if contigs else []
    return Card(
        id=about.name if about else checked.folder.resolve().name,
        revision=about.revision if about else "unknown",
        sha256=checked.weights.sha256,
        family=checked.family.name,
        tokenizer=checked.tokenizer.name,
        config=asdict(checked.config),
        context_bases=checked.context_bases,
        window=min(WINDOW, checked.context_bases),
        parameters=checked.parameters,
        species=about.species if about else "",
        assembly=assembly,
        licence=about.licence if about else "",
        genomes=genomes,
    )
