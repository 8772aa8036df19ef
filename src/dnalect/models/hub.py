"""A hub id -> a folder on this machine, through the hub's own cache. Only data files are fetched."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from dnalect.core.errors import ModelError
from dnalect.models.reading import weight_files

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}")
SMALL = ("config.json", "card.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
SAFE = ("model.safetensors", "model.safetensors.index.json", "model-*.safetensors")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*.bin")


def is_hub_id(name: str) -> bool:
    """Whether a name has the form OWNER/NAME of the Hugging Face hub."""
    return _ID.fullmatch(name) is not None and ".." not in name


def fetched(repository: str, revision: str = "main") -> Path:
    """Return the folder of a hub repository, downloading what of it isn't in the cache.

    safetensors are taken where the repository has them, else pickles (which are read without
    running them). Environment: HF_HOME is the cache, HF_HUB_OFFLINE=1 forbids the network.
    Raises ModelError that says what to do where the hub can't be reached or has no such thing.
    """
    folder = _snapshot(repository, revision, (*SMALL, *SAFE))
    if not weight_files(folder):
        folder = _snapshot(repository, revision, (*SMALL, *PICKLED))
    return folder


def _snapshot(repository: str, revision: str, patterns: Sequence[str]) -> Path:
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(patterns)))
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise ModelError(
            f"the hub shows no {repository} at revision {revision}: "
            "the name is wrong, or it needs a login (hf auth login)"
        ) from error
    except Exception as error:  # every layer below has its own kinds: sockets, HTTP, the cache
        offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")
        why = "HF_HUB_OFFLINE is set" if offline else str(error).splitlines()[0][:200]
        raise ModelError(
            f"{repository} is not in the cache and the hub can't be reached ({why}). On a machine with a network run\n"
            f"  hf download {repository} --revision {revision} --local-dir FOLDER\n"
            "copy FOLDER here and give its path in place of the name"
        ) from error
