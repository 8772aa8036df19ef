"""The file that a run goes on from: written whole, and read with distrust."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from dnalect.core.errors import ModelError, OutputError

NAME = "checkpoint.pt"
# Seconds between two checkpoints at most, however long the steps are.
SAVE_SECONDS = 180.0
ANEW = "remove it to begin anew, or give another output folder"


def write_checkpoint(folder: Path, state: Mapping[str, Any]) -> None:
    """Replace the checkpoint of a folder. Raises OutputError, and leaves the old one, where it can't be written."""
    path, temporary = folder / NAME, folder / f"{NAME}.part"
    try:
        torch.save(dict(state), temporary)
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise OutputError(f"cannot write {path}: {reason}") from error


def read_checkpoint(folder: Path, layout: Mapping[str, type]) -> dict[str, Any] | None:
    """Return what a checkpoint holds, None where there is none.

    layout: key -> type of what must be in it. Raises ModelError for a file that is no checkpoint, or
    one of another layout.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}), so this run can't go on; {ANEW}") from error
    wrong = [key for key, kind in layout.items() if not isinstance(state, dict) or not isinstance(state.get(key), kind)]
    if wrong:
        raise ModelError(
            f"{path} is not a checkpoint of this kind of run or of this version: {wrong[0]!r} is missing in it; {ANEW}"
        )
    return dict(state)


def check_data(folder: Path, kept: Mapping[str, str] | None, told: Mapping[str, str]) -> None:
    """Raise ModelError where a run learned from other data than it is given now.

    kept, told: what each file was -> its checksum. kept: None of a run of an older version, which is believed.
    """
    if kept is None:
        return
    if changed := [name for name in (*told, *(kept.keys() - told.keys())) if kept.get(name) != told.get(name)]:
        raise ModelError(
            f"{folder / NAME} belongs to other data: {', '.join(changed)} changed since; give the data that the run "
            f"began with, or {ANEW}"
        )


def misfit(folder: Path, error: Exception) -> ModelError:
    """Return the error for a checkpoint whose tensors are not those of the run."""
    return ModelError(f"{folder / NAME} does not fit this run ({str(error).splitlines()[0]}); {ANEW}")
