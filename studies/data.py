"""Files of the folder that --data names."""

from pathlib import Path

from dnalect import InputError


def file_of(data: Path, name: str) -> Path:
    """Return a file of the data folder. InputError where it is not there."""
    path = data / name
    if not path.is_file():
        raise InputError(f"the study needs {path}, which is missing; --data names the folder that holds {name}")
    return path
