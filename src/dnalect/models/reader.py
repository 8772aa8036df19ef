"""How a model reads DNA: its tokenizer, had without its weights."""

from pathlib import Path

from dnalect.core.errors import ModelError
from dnalect.core.files import read_json
from dnalect.models.card import OWN_FAMILIES, read_card
from dnalect.models.catalogue import embedded, published, unknown
from dnalect.models.hub import is_hub_id, is_path, no_folder, small_files
from dnalect.models.predictor import BASE
from dnalect.models.recognise import check_type
from dnalect.models.vocabulary import begun, read_vocabulary, split_species
from dnalect.tokens.names import NAMES, named
from dnalect.tokens.tokenizer import Tokenizer


def tokenizer_of(model: str) -> Tokenizer:
    """Return the tokenizer of a model by its name, hub id or folder, as `dnalect.load` takes them.

    Nothing is fetched for names whose tokenizer is known; of others on the hub only the small
    files are. Raises ModelError where there is no such model or it has no tokenizer.
    """
    model, species = split_species(model)
    if Path(model).is_dir():
        return _of_folder(Path(model), species)
    if own := embedded(model):
        return _of_folder(own)
    if about := published(model):
        if about.family == "nucleotide_transformer":
            return named("nt-v2" if about.name.startswith("nt-v2") else "nt-v1")
        if about.name in NAMES:
            return named(about.name)
        return _of_folder(small_files(about.hub, about.revision), species)
    if is_path(model):
        raise no_folder(model)
    if is_hub_id(model):
        return _of_folder(small_files(model), species)
    raise unknown(model)


def _of_folder(folder: Path, species: str = "") -> Tokenizer:
    if (folder / "card.json").is_file() and read_card(folder).family in OWN_FAMILIES:
        return named("single")
    if not (folder / "config.json").is_file() and (folder / BASE).is_dir():
        return _of_folder(folder / BASE, species)
    path = folder / "config.json"
    config = read_json(path) if path.is_file() else {}
    check_type(config, folder)
    if (found := read_vocabulary(folder, config)) is None:
        raise ModelError(f"{folder} has no tokenizer: neither tokenizer.json nor vocab.txt")
    return begun(found, species, config, folder)
