"""A hub id -> a folder on this machine, through the hub's own cache: data files only, the small ones first."""

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

from dnalect.core.errors import ModelError
from dnalect.core.nearest import did_you_mean
from dnalect.models.files import weight_files
from dnalect.models.recognise import check_name, check_small_files

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}(@[\w.-]{1,96})?")
SMALL = ("config.json", "card.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
SAFE = ("model.safetensors", "model.safetensors.index.json", "model-*.safetensors")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*.bin", "*.pt")
# What people call the folders that they keep models in: no owner on the hub is asked for by these names.
LOCAL = frozenset(
    "benchmarks checkpoint checkpoints config configs data download downloads experiments finetuned folds home model "
    "models out output outputs result results runs small-out temp test tests tmp trained tuned weights".split()
)
SECONDS = 4.0
_log = logging.getLogger("dnalect")


def is_hub_id(name: str) -> bool:
    """Whether a name has the form OWNER/NAME of the Hugging Face hub, and does not look like a path on this machine.

    OWNER/NAME@BRANCH is one, too.
    """
    return _ID.fullmatch(name) is not None and ".." not in name and not is_path(name)


def is_path(name: str) -> bool:
    """Whether a name that is no folder was meant as one: `runs/mine`, `./mine`, or inside a folder that exists."""
    parent = name.rpartition("/")[0]
    first = name.partition("/")[0]
    return name.startswith((".", "/", "~")) or (bool(parent) and (first.lower() in LOCAL or Path(parent).is_dir()))


def no_folder(name: str) -> ModelError:
    """The error for a path where nothing is, with the folders beside it that hold a model."""
    path = Path(name).expanduser()
    if path.is_file():
        return ModelError(f"{name} is a file: give the folder that holds it, with its card.json or config.json")
    if path.is_dir():  # only its ~ had to be spelled out
        return ModelError(f"{name} was not spelled out by the shell; write {path}")
    beside = path.parent
    models = [each for each in sorted(beside.iterdir()) if _holds_model(each)] if beside.is_dir() else []
    hint = did_you_mean(str(path), map(str, models))
    if not hint:
        named = ", ".join(each.name for each in models[:8])
        hint = f" {beside} holds the models {named}." if named else f" There is no model in {beside}."
    return ModelError(f"there is no folder {name}, and the hub is not asked for what looks like a path.{hint}")


def _holds_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("card.json", "config.json"))


def fetched(repository: str, revision: str = "main") -> Path:
    """Return the folder of a hub repository, downloading what of it isn't in the cache.

    Its config.json and tokenizer come first, and only a model of a family that dnalect reads is
    fetched whole: safetensors where the repository has them, else pickles (which are read
    without running them). A pinned revision in the cache is taken without asking. Where the hub
    can't be reached, which is known within a few seconds, what is in the cache is used.
    Environment: HF_HOME is the cache, HF_HUB_OFFLINE=1 forbids the network.
    Raises ModelError that says what to do where the hub can't be reached, has no such thing, or
    has something of another family.
    """
    repository, revision = _branch(repository, revision)
    if kept := _asked(repository, revision):
        return kept
    check_small_files(_snapshot(repository, revision, SMALL), f"{repository} on the hub")
    folder = _snapshot(repository, revision, (*SMALL, *SAFE))
    if not weight_files(folder):
        folder = _snapshot(repository, revision, (*SMALL, *PICKLED))
    return folder


def small_files(repository: str, revision: str = "main") -> Path:
    """Return a folder with the small files of a hub repository, config.json and the tokenizer: see `fetched`."""
    repository, revision = _branch(repository, revision)
    if kept := _asked(repository, revision):
        return kept
    folder = _snapshot(repository, revision, SMALL)
    check_small_files(folder, f"{repository} on the hub")
    return folder


def _branch(repository: str, revision: str) -> tuple[str, str]:
    """Return repository and revision: a branch or a commit may stand behind an @."""
    name, _, branch = repository.partition("@")
    return name, branch or revision


def _asked(repository: str, revision: str) -> Path | None:
    """Return the folder in the cache where that will or must do, None where the hub answers."""
    if revision != "main" and (kept := _kept(repository, revision)):
        return kept
    if not _offline():
        _log.warning("dnalect: asking the Hugging Face hub for %s", repository)
    try:
        _ask(repository, revision)
    except ModelError:
        raise
    except Exception as error:  # every layer below has its own kinds: sockets, HTTP, the cache
        if kept := _kept(repository, revision):
            return kept
        check_name(repository)
        raise _unreached(repository, revision, error) from error
    return None


def _ask(repository: str, revision: str) -> None:
    """Ask once and without patience whether there is such a thing: downloads retry for half a minute."""
    from huggingface_hub import errors, model_info

    try:
        model_info(repository, revision=revision, timeout=SECONDS)
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise ModelError(
            f"the hub shows no {repository} at revision {revision}: "
            "the name is wrong, or it needs a login (hf auth login)"
        ) from error


def _kept(repository: str, revision: str) -> Path | None:
    """Return the folder in the cache, None where it isn't there with its weights."""
    from huggingface_hub import errors, snapshot_download

    try:
        folder = Path(snapshot_download(repository, revision=revision, local_files_only=True))
        return folder if weight_files(folder) else None
    except (errors.LocalEntryNotFoundError, ModelError):  # ModelError: some shards are missing
        return None


def _snapshot(repository: str, revision: str, patterns: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(patterns)))
    except Exception as error:
        raise _unreached(repository, revision, error) from error


def _offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")


def _unreached(repository: str, revision: str, error: Exception) -> ModelError:
    first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    why = "HF_HUB_OFFLINE is set" if _offline() else first
    return ModelError(
        f"{repository} is not in the cache and the hub can't be reached ({why}). On a machine with a network run\n"
        f"  hf download {repository} --revision {revision} --local-dir FOLDER\n"
        "copy FOLDER here and give its path in place of the name"
    )
