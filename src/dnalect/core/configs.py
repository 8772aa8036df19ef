"""One validator for all configs: every wrong value is told with its file, its path, the value and what is allowed.

A config class is a frozen dataclass under `@config`, whose annotations say what is allowed and
what each field means (`dnalect.core.described`). Values are taken as they are: no text becomes a
number, no number a text, and neither NaN nor infinity is a number. pydantic does the checking.
"""

import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked
from typing_extensions import dataclass_transform

from dnalect.core.described import allowed, choices_of, hints_of, own_first, plain, written
from dnalect.core.errors import ConfigError
from dnalect.core.nearest import did_you_mean

T = TypeVar("T")
LARGEST_CONFIG = 1 << 22
LONGEST_VALUE = 80
# Faults of one file that are told at once.
MOST = 12
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
Path_ = tuple[str | int, ...]


@dataclass_transform(frozen_default=True)
def config(kind: type[T]) -> type[T]:
    """Make a class a frozen dataclass whose values are checked whenever one is made. Raises ConfigError there."""
    made: Any = checked(frozen=True, config=_STRICT)(kind)
    construct, names = made.__init__, [each.name for each in own_first(made)]

    def __init__(self: Any, *args: Any, **values: Any) -> None:
        values = dict(zip(names, args, strict=False)) | values
        try:
            construct(self, **values)
        except ValidationError as error:
            raise ConfigError(_told(error, kind, values, "")) from None

    made.__init__ = __init__
    return made  # type: ignore[no-any-return]


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds. Raises ConfigError where it can't be read."""
    return parse_toml(config_text(path), path)


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Return what TOML text holds. path: its file, for messages. Raises ConfigError where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no TOML that can be read: {_reason(error)}") from error


def config_text(path: Path) -> str:
    """Return the text of a config. Raises ConfigError unless it is a file of UTF-8 text of at most 4 MB."""
    if path.exists() and not path.is_file():
        raise ConfigError(f"cannot read the config {path}: it is no regular file")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_CONFIG + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the config {path}: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > LARGEST_CONFIG:
        raise ConfigError(f"{path} is larger than 4 MB: this is no config")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text (UTF-8), so it is no config: {error}") from error


def validated(kind: type[T], values: Any, where: str | Path) -> T:
    """Return an object of a config class with values as TOML or YAML give them.

    where: the file, for messages. Raises ConfigError that names all that is wrong, each with its
    path, such as `data.genomes[0].train`.
    """
    if odd := [f"{_path(place)} = {_shown(value)}: {why}" for place, value, why in _odd(values)]:
        raise ConfigError(_listed(odd, where))
    try:
        return TypeAdapter(kind).validate_json(json.dumps(values), strict=True, extra="forbid")
    except ValidationError as error:
        raise ConfigError(_told(error, kind, values, where)) from None


def with_file(kind: type[T], path: str | Path, given: Mapping[str, Any]) -> T:
    """Return options out of a TOML file, and what was given besides, which goes above it.

    Raises ConfigError that names all that is wrong with the file.
    """
    simple: dict[str, Any] = {}
    made: dict[str, Any] = {}
    for name, value in given.items():
        text = str(value) if isinstance(value, Path) else value
        (made if next(_odd(text), None) else simple)[name] = text
    return replace(validated(kind, {**read_toml(Path(path)), **simple}, path), **made)  # type: ignore[type-var]


def _odd(value: Any, place: Path_ = ()) -> Iterator[tuple[Path_, Any, str]]:
    """Yield what no config takes, with its path and why."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if isinstance(key, str):
                yield from _odd(each, (*place, key))
            else:
                yield (*place, str(key)), each, f"the key {key!r} must be a text: put it in quotes"
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _odd(each, (*place, number))
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, value, "must be a finite number"
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        yield place, value, "is too large"
    elif value is not None and not isinstance(value, str | int | float | bool):
        yield place, value, f"is a {type(value).__name__}; put it in quotes if it is meant as a text"


def _told(error: ValidationError, kind: Any, values: Any, where: str | Path) -> str:
    """Return the message of all faults; several ones of one value, as of a union, are told once."""
    faults: dict[Path_, str] = {}
    for each in error.errors(include_url=False):
        place, hint = _followed(each["loc"], kind, values)
        faults.setdefault(place, _fault(each["type"], place, hint, each))
    # A list or a union is at fault, too, where something in it is: that is told already.
    within = {place[:end] for place in faults for end in range(len(place))}
    return _listed([fault for place, fault in faults.items() if place not in within], where)


def _fault(type_: str, place: Path_, hint: Any, each: Any) -> str:
    path = _path(place)
    if type_ in ("missing", "missing_argument"):
        return f"{path} is missing: it must be {allowed(hint)}"
    if type_ in ("unexpected_keyword_argument", "extra_forbidden"):
        known = [f.name for f in fields(hint)] if is_dataclass(hint) else []
        return f"{path} is unknown.{did_you_mean(str(place[-1]), known)} Known: {', '.join(known)}"
    if type_ == "value_error":
        # Raised by a class itself, in whole sentences.
        return f"{path}: {each['ctx']['error']}" if path else str(each["ctx"]["error"])
    if place and place[-1] == "[key]":
        known = choices_of(hint)
        return f"{_path(place[:-1])} is unknown.{did_you_mean(str(place[-2]), known)} Known: {', '.join(known)}"
    return f"{path} = {_shown(each['input'])}: must be {allowed(hint)}" if path else f"must be {allowed(hint)}"


def _followed(loc: tuple[str | int, ...], kind: Any, values: Any) -> tuple[Path_, Any]:
    """Return a path without the names that unions put into it, and what is allowed there.

    Of an unknown or missing key the second is, in turn, its table and what it must be.
    """
    place: list[str | int] = []
    hint, at, keys = kind, values, str
    for part in loc:
        bare = plain(hint)
        choices = [each for each in get_args(bare) if is_dataclass(plain(each))]
        tagged = [each for each in choices if plain(each).__name__ == part]
        if part == "[key]":
            return (*place, part), keys
        if tagged:
            hint = tagged[0]
            continue
        if get_origin(bare) is dict:
            keys = get_args(bare)[0]
        inside = _inner(bare, part)
        there = _has(at, part)
        if not there and (inside is None or (isinstance(part, str) and not is_dataclass(bare))):
            continue
        place.append(part)
        hint = hint if inside is None else inside
        at = at[part] if there else None
    return tuple(place), plain(hint) if is_dataclass(plain(hint)) else hint


def _has(at: Any, part: str | int) -> bool:
    if isinstance(at, list | tuple):
        return isinstance(part, int) and part < len(at)
    return isinstance(at, Mapping) and part in at


def _inner(bare: Any, part: str | int) -> Any:
    """Return what is allowed at one step of a path, None where there is no such step."""
    if is_dataclass(bare) and isinstance(bare, type):
        return hints_of(bare).get(str(part))
    inner = get_args(bare)
    if get_origin(bare) is tuple and isinstance(part, int):
        return inner[0] if inner[-1] is Ellipsis else inner[min(part, len(inner) - 1)]
    if get_origin(bare) is dict:
        return inner[1]
    found = [step for each in inner if (step := _inner(plain(each), part)) is not None]
    return found[0] if found else None


def _path(place: Path_) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _shown(value: Any) -> str:
    try:
        text = written(value)
    except ValueError:  # more digits than Python prints
        text = "a number of thousands of digits"
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _listed(faults: list[str], where: str | Path) -> str:
    lead = f"{where}: " if str(where) else ""
    if len(faults) == 1:
        return lead + faults[0]
    more = [f"... and {len(faults) - MOST} more"] if len(faults) > MOST else []
    return "\n  ".join([f"{lead}{len(faults)} faults", *faults[:MOST], *more])


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return "a number has thousands of digits" if "integer string conversion" in str(error) else str(error)
