"""Which part of a run a process does, and what the outputs are made with once all parts are there."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from typing_extensions import Doc

from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.files import write_durably
from dnalect.core.flags import Flag
from dnalect.core.kept import Kept

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


@contextmanager
def opened_shard(kept: Kept, what: str, options: Any) -> Iterator[tuple[int, int]]:
    """Open what a run keeps, of a shard beside what others keep; yield the number of the shard and how many there are.

    what: the command. Raises ConfigError for a shard that could keep nothing.
    """
    if options.shard and not kept.folder:
        raise ConfigError("--shard keeps what is done beside the output: it takes -o FILE")
    kept.shared = bool(options.shard)
    with kept.opened():
        if options.shard and kept.folder:
            note_options(kept.folder, what, options)
        yield shard_of(options.shard)


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
