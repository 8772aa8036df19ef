"""Which part of a run a process does, and what the outputs are made with once all parts are there."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from typing_extensions import Doc

from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.files import write_durably
from dnalect.core.flags import Flag

Shard = Annotated[
    str | None,
    Flag("--shard", metavar="I/N"),
    Doc(
        "Do the I-th of N parts, from 1, and keep it in OUT.part; `dnalect merge OUT.part` writes the outputs once "
        "all are there."
    ),
]
# In OUT.part.
OPTIONS = "options.json"


def shard_of(text: str | None) -> tuple[int, int]:
    """Return the number of a shard, from 0, and how many there are; (0, 1) for None, which is the whole.

    Raises ConfigError for a text unless it is I/N with 1 <= I <= N.
    """
    if text is None:
        return 0, 1
    one, _, all_ = text.partition("/")
    if not (one.isdecimal() and all_.isdecimal() and 1 <= int(one) <= int(all_)):
        raise ConfigError(f"--shard is I/N, such as 3/8 for the third of eight parts, not {text!r}")
    return int(one) - 1, int(all_)


def note_options(folder: Path, what: str, options: Any) -> None:
    """Write beside the pieces of a run what its outputs are made with. what: the command."""
    told = {each.name: getattr(options, each.name) for each in fields(options) if each.name != "shard"}
    told = {name: value for name, value in told.items() if value is not None}
    # The outputs tell the command of the whole run.
    told["command"] = re.sub(r" --shard(=| )\S+", "", options.command)
    write_durably(folder / OPTIONS, (json.dumps({"command": what, "options": told}, default=str) + "\n").encode())


def noted_options(folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the command of a run, and its options by name. Raises OutputError where no shard left them there."""
    try:
        told = json.loads((folder / OPTIONS).read_text(encoding="utf-8"))
        return str(told["command"]), dict(told["options"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(f"{folder} holds no shards of a run with --shard: {error}") from error
