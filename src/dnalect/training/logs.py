"""The log of a run that goes on: JSON lines, each with its step."""

import json
from pathlib import Path


def trimmed(path: Path, step: int) -> Path:
    """Drop the lines after a checkpoint, as the run will write them again, and one that was cut off."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    return path
