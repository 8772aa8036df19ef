"""The tokenizer of a model folder: its files, or what its config says where it has none."""

import json
from pathlib import Path
from typing import Any

from dnalect.core.errors import ModelError, TokenizerError
from dnalect.core.files import read_json, write_text
from dnalect.tokens.files import read_tokenizer, write_tokenizer
from dnalect.tokens.hf_files import write_hf_files
from dnalect.tokens.names import named
from dnalect.tokens.ngrams import Ngrams
from dnalect.tokens.sixmers import TEXT_WORDS
from dnalect.tokens.species import NAME, SpeciesKmers
from dnalect.tokens.tokenizer import Tokenizer

# Carbon's: where its 6-mers begin among the words of Qwen3, whose own file is not read.
DNA = "dna_config.json"
_DNA = {"k": 6, "dna_start_id": TEXT_WORDS, "dna_vocab_size": 4107, "dna_special_tokens": ["<dna>", "</dna>", "<oov>"]}
# Those that are code in their repositories, by the model_type of config.json.
BY_TYPE = {
    **{kind: kind for kind in ("hyenadna", "ntv3", "caduceus")},
    **{"stripedhyena": "evo", "stripedhyena2": "evo2"},
}
FILES = ("tokenizer.json", "vocab.txt")


def read_vocabulary(folder: Path, config: dict[str, Any]) -> Tokenizer | None:
    """Return the tokenizer of a folder, None where it has no file of words.

    config: config.json, whose `ngram` is all that LOGO's tokenizer needs, and whose type all that those of BY_TYPE do.
    Raises ModelError for words in an order that no published model has, and for a tokenizer
    that would turn bases into lower case.
    """
    settings = folder / "tokenizer_config.json"
    if settings.is_file() and read_json(settings).get("do_lower_case") is True:
        raise ModelError(
            f"{settings} says do_lower_case: the words are upper case, so every one would be unknown; "
            "get the file from the model's own page, or set it to false"
        )
    if (folder / DNA).is_file():
        _check_dna(folder / DNA)
        return named("carbon")
    for name in FILES:
        if (folder / name).is_file():
            return read_tokenizer(folder / name)
    # Evo 2's config.json on the hub names its type elsewhere.
    kind = "stripedhyena2" if config.get("architecture") == ["StripedHyena2"] else config.get("model_type")
    if kind in BY_TYPE:
        return named(BY_TYPE[kind])
    grams = config.get("ngram")
    return Ngrams(grams) if isinstance(grams, int) else None


def split_species(name: str) -> tuple[str, str]:
    """Return a model's name and the species behind its colon, "" where there is none.

    name: such as `specieslm-fungi-k1:candida_glabrata`. A folder of just this name is no such thing.
    """
    model, _, species = name.rpartition(":")
    return (model, species) if model and NAME.fullmatch(species) and not Path(name).exists() else (name, "")


def as_named(folder: Path, name: str) -> str:
    """Return a folder with the species that a model's name has behind its colon, if any."""
    _, species = split_species(name)
    return f"{folder}:{species}" if species else str(folder)


def begun(tokenizer: Tokenizer, species: str, config: dict[str, Any], where: object) -> Tokenizer:
    """Return a folder's tokenizer with the species that its model reads first; others are returned as they are.

    species: as it was asked for, "" for that of config.json. where: for messages. Raises ModelError where a species is
    missing, unknown, or asked of a model that reads none.
    """
    if not isinstance(tokenizer, SpeciesKmers):
        if species:
            raise ModelError(f"{where}: the model reads no species: leave {species} out")
        return tokenizer
    told = species or config.get("species")
    if not isinstance(told, str) or not told:
        raise ModelError(f"{where}: {tokenizer.choice}")
    try:
        return tokenizer.of(told)
    except TokenizerError as error:
        raise ModelError(f"{where}: {error}") from error


def _check_dna(path: Path) -> None:
    found = read_json(path)
    if wrong := [key for key, value in _DNA.items() if found.get(key) != value]:
        raise ModelError(f"{path}: {wrong[0]} is {found.get(wrong[0])!r}; Carbon has {_DNA[wrong[0]]!r}")


def write_vocabulary(tokenizer: Tokenizer, folder: Path, longest: int | None = None) -> None:
    """Write a tokenizer's files into a folder: its own, and those that transformers needs to give the same ids.

    longest: the most tokens that the model takes; None for any number.
    """
    if tokenizer.name == "carbon":
        write_text(folder / DNA, json.dumps(_DNA, indent=1) + "\n")
        return
    write_tokenizer(tokenizer, folder)
    write_hf_files(tokenizer, folder, longest)
