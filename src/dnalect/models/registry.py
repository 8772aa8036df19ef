"""Names -> models: embedded, published, on the hub, or a folder. Nothing is ever executed."""

import logging
import os
from pathlib import Path

import torch

from dnalect.core.errors import ModelError
from dnalect.core.files import sha256
from dnalect.models.card import Card, read_card
from dnalect.models.catalogue import EMBEDDED, embedded_cards, published, unknown
from dnalect.models.duplex.model import load_duplex
from dnalect.models.families import FAMILIES
from dnalect.models.hub import fetched, is_hub_id, is_path, no_folder
from dnalect.models.loading import check_folder, load_masked
from dnalect.models.model import Model, Named
from dnalect.models.precision import DTYPES, device_named, warn_if_emulated
from dnalect.models.predictor import BASE, Predictor, load_predictor
from dnalect.models.predictor import FAMILY as PREDICTOR
from dnalect.models.published import PublishedCard

_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_log = logging.getLogger("dnalect")

__all__ = [
    "DTYPES",
    "EMBEDDED",
    "embedded_cards",
    "language_model",
    "load",
    "model_folder",
    "tuned_model",
    "untuned",
]


def model_folder(name: str) -> Path:
    """Return the folder of a model, fetching it from the hub where it has to come from there.

    name: an embedded model, a folder, a published model (`dnabert-6`) or OWNER/NAME on the hub,
    tried in this order. Raises ModelError where it is none of these or can't be had.
    """
    if (EMBEDDED / name / "card.json").is_file() and "/" not in name:
        return EMBEDDED / name
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
    if model.can.likelihood is None:
        raise ModelError(
            f"{name} is a fine-tuned predictor, and this needs a language model: give the one it came from"
        )
    return model


def tuned_model(name: Named, device: str = "cpu", dtype: str = "float32") -> Predictor:
    """Load a fine-tuned model: see `load`. Raises ModelError for a language model."""
    model = load(name, device, dtype)
    if not isinstance(model, Predictor):
        raise ModelError(f"{name} is a language model and predicts no label: tune it with dnalect finetune first")
    return model


def untuned(name: Named, predictor: Predictor, device: str = "cpu", dtype: str = "float32") -> Model:
    """Return the language model that a predictor came from, as it was before.

    name: what the predictor was loaded as. Raises ModelError where it can't be had: of a model
    tuned in full the folder holds no copy.
    """
    told = predictor.card.config
    if told["method"] == "probe":
        return predictor.base
    inside = model_folder(predictor.source or str(name)) / BASE
    source: Named = inside if told["method"] == "lora" and inside.is_dir() else told["base"]["name"]
    try:
        base = language_model(source, device, dtype)
    except ModelError as error:
        raise ModelError(
            f"the zero-shot score needs the model that {predictor.card.id} came from: {error}; "
            "--score change leaves that score out"
        ) from error
    if base.card.sha256 != told["base"]["sha256"]:
        raise ModelError(
            f"{source} is another version of the model that {predictor.card.id} came from: the SHA-256 of the weights "
            "differs; --score change leaves the zero-shot score out"
        )
    return base


def load(name: Named, device: str = "cpu", dtype: str = "float32") -> Model:
    """Load a model by its name, its id on the hub or its folder, in eval mode.

    What a folder holds is recognised by its content: a language model, or a predictor that `finetune` made.

    Args:
        name: As `dnalect models` lists it; OWNER/NAME on the Hugging Face hub; or a folder, of this
            project or as the hub lays it out (config.json, model.safetensors or pytorch_model.bin,
            vocab.txt or tokenizer.json). A model that was loaded before is returned as it is, on its
            own device: `model.to` moves it.
        device: As torch names it, or "auto" for the best there is.
        dtype: "float32" or "bfloat16".

    Returns:
        The model, with its `card`.

    Raises:
        ModelError: A name, a file, a checksum, a tensor or their number is wrong.

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
    if dtype not in DTYPES:
        raise ModelError(f"unknown dtype {dtype!r}; known: {', '.join(DTYPES)}")
    target = device_named(device)
    warn_if_emulated(target, DTYPES[dtype])
    about = published(name) if not Path(name).is_dir() else None
    folder = model_folder(name)
    for warning in about.warnings if about else ():
        _log.warning("dnalect: %s", warning)
    card = read_card(folder) if (folder / "card.json").is_file() else None
    if card is None and not _hub_layout(folder):
        raise ModelError(f"{folder} is no model folder: card.json cannot be read (No such file or directory)")
    model: Model
    if card is None:
        model = load_masked(check_folder(folder), target, DTYPES[dtype], published=about)
    else:
        model = _own(card, folder, target, DTYPES[dtype], about)
    model.source = name
    return model


def _own(card: Card, folder: Path, device: torch.device, dtype: torch.dtype, about: PublishedCard | None) -> Model:
    if card.family == PREDICTOR:
        return load_predictor(card, folder, lambda base: load(base, str(device), _DTYPE_NAMES[dtype]))
    known = ["duplex", *FAMILIES]
    if card.family not in known:
        raise ModelError(f"{folder}: unknown family {card.family!r}; known: {', '.join(known)}")
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ModelError(f"{folder} has no model.safetensors")
    if sha256(weights) != card.sha256:
        raise ModelError(f"{weights} is not the file of its card: the SHA-256 differs; copy the folder again")
    if card.family == "duplex":
        return load_duplex(card, folder, device, dtype)
    return load_masked(check_folder(folder), device, dtype, card, about)


def _hub_layout(folder: Path) -> bool:
    return (folder / "config.json").is_file() or any(folder.glob("*.h*5"))
