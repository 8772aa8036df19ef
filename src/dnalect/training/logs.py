"""The log of a run that goes on: JSON lines, each with its step."""

import json
from pathlib import Path
from typing import Any

from dnalect.core.errors import ModelError
from dnalect.core.files import write_text


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a log; one that was cut off at the end is left out.

    Raises ModelError where anything else is no log.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if lines and not lines[-1].endswith("}"):
            lines.pop()
        found = [json.loads(line) for line in lines]
        if not all(isinstance(entry, dict) and isinstance(entry.get("step"), int) for entry in found):
            raise ValueError("a line without a step")
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{path} is no log of a training run ({str(error).splitlines()[0]}); remove it and checkpoint.pt beside "
            "it to begin anew, or give another output folder"
        ) from error
    return found


def trimmed(path: Path, step: int) -> Path:
    """Drop the lines after a checkpoint, as the run will write them again, and one that was cut off."""
    kept = [entry for entry in read_log(path) if entry["step"] <= step]
    write_text(path, "".join(f"{json.dumps(entry)}\n" for entry in kept))
    return path
