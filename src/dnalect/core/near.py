"""URLs among the options of a command -> files here, and what it writes to those sent in the end: the door of commands.

A genome, and variants to be scored, stay URLs: what is needed of them is read where they are.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from dnalect.core.described import hints_of, notes
from dnalect.core.errors import ConfigError
from dnalect.core.flags import OUTPUT
from dnalect.core.reporter import Reporter, reporter, say, using
from dnalect.core.urls import check_sendable, fetched, is_secret, is_url, send, shown, staged, whole_url

T = TypeVar("T")
# Read where they are; written, beside what -o names; neither.
STREAMED, WRITTEN, OTHER = ("reference", "variants"), ("report", "multiqc", "plot"), ("command", "ray_address")


@contextmanager
def near(options: T) -> Iterator[T]:
    """Yield options with files here in place of URLs; what was written to these is sent when the block ends well.

    What is said or raised within names the URLs, without what is secret in them. Raises ConfigError for shards whose
    outputs, or passwords, the other shards would not have.
    """
    given = {each.name: getattr(options, each.name) for each in fields(options)}  # type: ignore[arg-type]
    if not any(is_url(each) for name, value in given.items() if name not in OTHER for each in _each(value)):
        yield options
        return
    written = {name for name, hint in hints_of(type(options)).items() if OUTPUT in notes(hint) or name in WRITTEN}
    _check_shard(given, written)
    names: dict[str, str] = {}
    folders: dict[str, Path] = {}

    def there(url: str) -> Path:
        check_sendable(url)
        folders[url] = (place := staged(url)).parent
        return noted(place, url)

    def here(url: str) -> Path:
        return noted(fetched(url), url)

    def noted(place: Path, url: str) -> Path:
        names[str(place.parent)] = shown(url).rpartition("/")[0]
        return place

    with _named(names):
        changed = {name: _mapped(given[name], there) for name in sorted(written)}
        changed |= {n: _mapped(value, here) for n, value in given.items() if n not in (*written, *STREAMED, *OTHER)}
        yield replace(options, **{name: value for name, value in changed.items() if value != given[name]})  # type: ignore[type-var]
        for url, folder in folders.items():
            send(folder, url)
            say(f"{shown(url)} is there")


def copied(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return options by name with copies here of the inputs that are URLs, but for what is read where it is.

    Raises ConfigError for an output.
    """
    written = {name for name, hint in hints_of(kind).items() if OUTPUT in notes(hint) or name in WRITTEN}
    if sent := [each for name in written for each in _each(values.get(name)) if is_url(each)]:
        raise ConfigError(f"{shown(sent[0])}: from Python write a file, and copy it there; the command sends it")
    kept = (*STREAMED, *OTHER)
    return {name: value if name in kept else _mapped(value, fetched) for name, value in values.items()}


def _check_shard(given: Mapping[str, Any], written: set[str]) -> None:
    if not given.get("shard"):
        return
    if any(is_url(each) for name in written for each in _each(given[name])):
        raise ConfigError("--shard keeps what is done beside the output: give a file that all see, and copy it later")
    if any(is_url(each) and is_secret(each) for value in given.values() for each in _each(value)):
        raise ConfigError("--shard notes its options beside the output, and a URL with a password or signature is none")


def _each(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _mapped(value: Any, place: Callable[[str], Path]) -> Any:
    """A value with files in place of URLs, of the kind that it was."""
    if isinstance(value, tuple | list):
        return type(value)(_mapped(each, place) for each in value)
    if not is_url(value):
        return value
    found = place(whole_url(value))
    return found if isinstance(value, os.PathLike) else str(found)


@contextmanager
def _named(names: Mapping[str, str]) -> Iterator[None]:
    """Call files by their URLs in what is said and raised, but unfinished work. names: folder here -> there."""

    def renamed(text: str) -> str:
        for folder, url in names.items():
            text = re.sub(rf"{re.escape(folder)}/(?!\S*\.part)", lambda _, url=url: f"{url}/", text)  # type: ignore[misc]
        return text

    def heard(by: Callable[[str], None] | None) -> Callable[[str], None] | None:
        return by and (lambda message: by(renamed(message)))

    now = reporter()
    try:
        with using(Reporter(now.state, heard(now.say), heard(now.warn))):
            yield
    except Exception as error:
        error.args = tuple(renamed(each) if isinstance(each, str) else each for each in error.args)
        if isinstance(told := getattr(error, "message", None), str):
            error.message = renamed(told)  # type: ignore[attr-defined]
        raise
