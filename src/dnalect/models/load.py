"""Names -> models: embedded, published, on the hub, or a folder, checked from end to end. Nothing is ever executed."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import torch

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.files import read_json, sha256
from dnalect.models.backends import fastest
from dnalect.models.card import PREDICTOR, TRACK_PREDICTOR, Card, read_card
from dnalect.models.catalogue import PublishedCard, as_it_was, embedded, published, unknown
from dnalect.models.checked import check_folder, load_published
from dnalect.models.families import aligned
from dnalect.models.families.duplex import load_duplex
from dnalect.models.families.family import HubConfig
from dnalect.models.files import weight_files
from dnalect.models.hub import fetched, is_hub_id, is_path, no_folder
from dnalect.models.memory import LARGE, plan
from dnalect.models.model import Model, Named
from dnalect.models.precision import DTYPES, FAST, device_named, warn_if_emulated
from dnalect.models.predictor import BASE, Predictor, load_predictor
from dnalect.models.recognise import FAMILIES
from dnalect.models.track_predictor import load_track_predictor
from dnalect.models.tracks import FAMILIES as TRACKS
from dnalect.models.tracks import holds_tracks, load_tracks, published_tracks
from dnalect.models.vocabulary import as_named, split_species

_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}
# This project's own networks of bases.
OWN = {"duplex": load_duplex, aligned.NAME: aligned.load_aligned}
_log = logging.getLogger("dnalect")


def model_folder(name: str) -> Path:
    """Return the folder of a model, fetching it from the hub where it has to come from there.

    name: an embedded model (`duplex-yeast` or `duplex-yeast@1`), a folder, a published model (`dnabert-6`) or
    OWNER/NAME on the hub (OWNER/NAME@BRANCH), tried in this order; a species behind a colon is passed over. Raises
    ModelError where it is none of these or can't be had.
    """
    name, _ = split_species(name)
    if own := embedded(name):
        return own
    folder = Path(name)
    if folder.is_dir():
        return folder
    known = published(name)
    if known and not known.hub:
        raise ModelError(
            f"{name} is not on the hub: get {known.source}, put it into a folder of its own and give the folder's path"
        )
    if known:
        return fetched(known.hub, known.revision)
    if is_path(name):
        raise no_folder(name)
    if is_hub_id(name):
        return fetched(name)
    raise unknown(name)


def language_model(name: Named, device: str = "cpu", dtype: str = "float32") -> Model:
    """Load a model that knows how likely bases are: see `load`. Raises ModelError for a fine-tuned predictor."""
    model = load(name, device, dtype)
    if model.can.tracks:
        raise ModelError(f"{model.card.id} predicts tracks, not how likely bases are: {model.can.tracks}")
    if model.can.likelihood is None and not model.can.targets:
        raise ModelError(
            f"{name} does not say how likely bases are: its folder holds a network without a head for words, which "
            "embeds sequences and can be fine-tuned"
        )
    if model.can.likelihood is None:
        raise ModelError(
            f"{name} is a fine-tuned predictor, and this needs a language model: give the one it came from"
        )
    return model


def tuned_model(name: Named, device: str = "cpu", dtype: str = "float32") -> Predictor:
    """Load a fine-tuned model: see `load`. Raises ModelError for a language model."""
    model = load(name, device, dtype)
    if model.can.tracks:
        raise ModelError(f"{model.card.id} predicts tracks and no label: {model.can.tracks}")
    if not isinstance(model, Predictor):
        told = model.source or model.card.id
        raise ModelError(f"{told} is a language model and predicts no label: tune it with dnalect finetune first")
    return model


def untuned(name: Named, predictor: Predictor, device: str = "cpu", dtype: str = "float32") -> Model:
    """Return the language model that a predictor came from, as it was before.

    name: what the predictor was loaded as. Raises ModelError where it can't be had: of a model
    tuned in full the folder holds no copy.
    """
    origin = predictor.card.origin
    if origin.method == "probe":
        return predictor.base
    inside = model_folder(predictor.source or str(name)) / BASE
    try:
        kept = origin.method == "lora" and inside.is_dir()
        source: Named = as_named(inside, origin.name) if kept else as_it_was(origin)
        base = language_model(source, device, dtype)
    except ModelError as error:
        raise ModelError(
            f"the zero-shot score needs the model that {predictor.card.id} came from: {error}; "
            "--score change leaves that score out"
        ) from error
    if base.card.sha256 != origin.sha256:
        raise ModelError(
            f"{source} is another version of the model that {predictor.card.id} came from: the SHA-256 of the weights "
            "differs; --score change leaves the zero-shot score out"
        )
    return base


def load(name: Named, device: str = "cpu", dtype: str = "float32", species: str = "") -> Model:
    """Load a model by its name, its id on the hub or its folder, in eval mode.

    What a folder holds is recognised by its content: a language model, or a predictor that `finetune` made.

    Args:
        name: As `dnalect models` lists it; OWNER/NAME on the Hugging Face hub; or a folder, of this
            project or as the hub lays it out (config.json, model.safetensors or pytorch_model.bin,
            vocab.txt or tokenizer.json). A model that was loaded before is returned as it is, on its
            own device: `model.to` moves it.
        device: As torch names it, or "auto" for the best there is.
        dtype: "float32" or "bfloat16"; "fast" for the fastest that the processor has and that answers as float32 does,
            within a bound that is said.
        species: What a SpeciesLM reads before each sequence, such as "candida_glabrata"; NAME:SPECIES
            says the same in a name. "" for what the folder says, or a model that reads none.

    Returns:
        The model, with its `card`.

    Raises:
        ModelError: A name, a species, a file, a checksum, a tensor or their number is wrong.

    Examples:
        >>> import dnalect
        >>> model = dnalect.load("duplex-yeast")
        >>> model.card.id, model.card.family
        ('duplex-yeast', 'duplex')
    """
    if isinstance(name, Model):
        return name
    if not isinstance(name, str | os.PathLike):
        raise ModelError(f"a model is a name, a folder, or what dnalect.load gave, not {type(name).__name__}")
    name = str(name)
    if dtype == FAST:
        return fastest(load(name, device, "float32", species))
    if dtype not in DTYPES:
        raise ModelError(f"unknown dtype {dtype!r}; known: {', '.join(DTYPES)}, {FAST}")
    target = device_named(device)
    warn_if_emulated(target, DTYPES[dtype])
    plain, named = split_species(name)
    species = species or named
    about = published(plain) if not Path(plain).is_dir() else None
    if about:
        _tell(plan(name, FAMILIES[about.family].config(**about.sizes), about.parameters, target, DTYPES[dtype]))
    folder = model_folder(plain)
    if not about:
        _tell(_plan_of(folder, target, DTYPES[dtype]))
    for warning in about.warnings if about else ():
        _log.warning("dnalect: %s", warning)
    card = read_card(folder) if (folder / "card.json").is_file() else None
    if card is None and not _hub_layout(folder) and not holds_tracks(folder):
        raise ModelError(f"{folder} is no model folder: card.json cannot be read (No such file or directory)")
    model: Model
    if card is None and (tracks := published_tracks(folder, target, DTYPES[dtype])):
        if species:
            raise ModelError(f"{folder}: the model reads no species: leave {species} out")
        model = tracks
    elif card is None:
        model = load_published(check_folder(folder, species), target, DTYPES[dtype], published=about)
    else:
        model = _own(card, folder, target, DTYPES[dtype], about, species)
    if species:
        model.card = replace(model.card, id=f"{split_species(model.card.id)[0]}:{species}")
    model.source = f"{plain}:{species}" if species else name
    return model


def _tell(text: str | None) -> None:
    if text:
        _log.warning("dnalect: %s", text)


def _plan_of(folder: Path, device: torch.device, dtype: torch.dtype) -> str | None:
    """Return the plan of a folder by its config.json, None where that does not tell; nothing of the weights is read."""
    raw = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    families = [family for family in FAMILIES.values() if raw.get("model_type") in family.model_types]
    try:
        if len(families) != 1 or sum(path.stat().st_size for path in weight_files(folder)) < LARGE / 2:
            return None
        config = families[0].read_config(HubConfig(raw, folder / "config.json"))
    except (ModelError, ConfigError):
        return None  # what is wrong is said when it is loaded
    parameters = sum(each.numel() for each in families[0].outline(config).parameters())
    return plan(folder.name, config, parameters, device, dtype)


def _own(
    card: Card, folder: Path, device: torch.device, dtype: torch.dtype, about: PublishedCard | None, species: str
) -> Model:
    if species and card.family in (PREDICTOR, TRACK_PREDICTOR, *OWN, *TRACKS):
        raise ModelError(f"{folder}: the model reads no species, or was tuned with one: leave {species} out")
    if card.family in (PREDICTOR, TRACK_PREDICTOR):
        read = load_predictor if card.family == PREDICTOR else load_track_predictor
        return read(card, folder, lambda base: load(base, str(device), _DTYPE_NAMES[dtype]))
    known = [*OWN, *FAMILIES, *TRACKS]
    if card.family not in known:
        raise ModelError(f"{folder}: unknown family {card.family!r}; known: {', '.join(known)}")
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ModelError(f"{folder} has no model.safetensors")
    if sha256(weights) != card.sha256:
        raise ModelError(f"{weights} is not the file of its card: the SHA-256 differs; copy the folder again")
    if card.family in OWN:
        return OWN[card.family](card, folder, device, dtype)
    if card.family in TRACKS:
        return load_tracks(card, folder, device, dtype)
    return load_published(check_folder(folder, species), device, dtype, card, about)


def _hub_layout(folder: Path) -> bool:
    return (folder / "config.json").is_file() or any(folder.glob("*.h*5"))
