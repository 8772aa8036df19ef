"""What the annotations of a config say of its values, in words: for messages and for the reference page.

A field is `name: Annotated[kind, bounds, Doc("Its sentence.")] = default`.
"""

import types
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from inspect import get_annotations
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Len, Lt, MinLen
from typing_extensions import Doc

_ONE = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", types.NoneType: "nothing"}
_ONE[Any] = "a name or a path"
# Columns of a comment in a config.
WIDEST = 116
_MANY = {str: "texts", int: "whole numbers", float: "numbers", bool: "true or false"}


class OneOf:
    """A text that is one of some choices, where a Literal can't name them as they are computed.

    others: other words that stand for them, which are taken and not shown.
    """

    def __init__(self, choices: Iterable[str], others: Mapping[Any, str] | None = None):
        self.choices, self.others = tuple(choices), others or {}

    def meant(self, value: Any) -> Any:
        """Return the choice that another word stands for; every other value as it is."""
        return self.others.get(value, value) if isinstance(value, str | int) else value

    def __get_pydantic_core_schema__(self, *_: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self.meant, core_schema.literal_schema(list(self.choices)))


@dataclass(frozen=True)
class Described:
    """One field. allowed: what it takes. default: as it is written in a file, "" where there is none."""

    name: str
    allowed: str
    default: str
    sentence: str
    required: bool


def own_first(kind: type) -> list[Field[Any]]:
    """Return the fields of a dataclass: its own in their order, then those that it inherits."""
    there = {each.name: each for each in fields(kind)}
    names = dict.fromkeys(name for each in kind.__mro__ for name in get_annotations(each))
    return [there[name] for name in names if name in there]


def described(kind: type) -> list[Described]:
    """Return the fields of a config class in their order."""
    hints = hints_of(kind)
    found = []
    for each in own_first(kind):
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        required = default is MISSING
        text = "" if required or is_dataclass(default) else written(default)
        found.append(Described(each.name, allowed(hints[each.name]), text, sentence(hints[each.name]), required))
    return found


def key_lines(kind: type, values: Mapping[str, Any], skip: Container[str] = ()) -> list[str]:
    """Return the fields of a config class as TOML, each with its sentence; those without a value stand behind a #."""
    lines = []
    for each in described(kind):
        if each.name not in skip:
            lines += _comment(each)
            hidden = "" if each.name in values else "# "
            text = written(values[each.name]) if each.name in values else each.default
            lines.append(f"{hidden}{each.name} = {text}")
    return [*lines, ""]


def _comment(told: Described) -> list[str]:
    lines, line = [], "#"
    for word in f"{told.sentence} ({told.allowed})".split():
        if len(line) + len(word) >= WIDEST:
            lines.append(line)
            line = "#"
        line += f" {word}"
    return [*lines, line]


def hints_of(kind: type) -> dict[str, Any]:
    """Return the annotations of a class with all that is in them."""
    return get_type_hints(kind, include_extras=True)


def sentence(hint: Any) -> str:
    """Return what the Doc of an annotation says, "" without one."""
    return next((each.documentation for each in notes(hint) if isinstance(each, Doc)), "")


def allowed(hint: Any) -> str:
    """Return what an annotation takes, such as "a whole number, 1 or more"."""
    kind, noted = plain(hint), notes(hint)
    origin, inner = get_origin(kind), get_args(kind)
    if choices := choices_of(hint):
        return f"one of {', '.join(choices)}"
    if origin in (types.UnionType, Union):
        tables = [each for each in inner if is_dataclass(plain(each))]
        told = [allowed(each) for each in inner if each not in tables] + (["a table"] if tables else [])
        return " or ".join(told)
    bounds = _bounds(noted)
    if origin is tuple and inner[-1] is Ellipsis:
        return _joined(f"a list of {_plural(inner[0])}", _lengths(noted))
    if origin is tuple:
        return f"a list of {len(inner)} {_plural(inner[0])}"
    if origin is dict:
        return f"a table with {_plural(inner[1])}"
    if is_dataclass(kind):
        return "a table"
    return _joined(_ONE.get(kind, "anything"), bounds or ("not empty" if _lengths(noted) else ""))


def choices_of(hint: Any) -> list[str]:
    """Return the words that an annotation allows, [] where it allows any."""
    named = get_args(plain(hint)) if get_origin(plain(hint)) is Literal else ()
    noted = [choice for each in notes(hint) if isinstance(each, OneOf) for choice in each.choices]
    return [str(each) for each in (*named, *noted) if each != ""]


def plain(hint: Any) -> Any:
    """Return an annotation without what was noted on it."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def written(value: Any) -> str:
    """Return a value as TOML (and YAML's short form) has it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(key)} = {written(each)}" for key, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return str(value)


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else written(name)


def _plural(hint: Any) -> str:
    kind = plain(hint)
    if choices := choices_of(hint):
        return f"words of {', '.join(choices)}"
    return _joined(_MANY.get(kind, "tables" if is_dataclass(kind) else "values"), _bounds(notes(hint)))


def notes(hint: Any) -> tuple[Any, ...]:
    """Return what was noted on an annotation."""
    return tuple(_flat(get_args(hint)[1:])) if get_origin(hint) is Annotated else ()


def _flat(notes: tuple[Any, ...]) -> Iterator[Any]:
    """Groups such as Interval hold the bounds that they stand for."""
    for each in notes:
        if hasattr(each, "__iter__"):
            yield from each
        else:
            yield each


def _bounds(notes: tuple[Any, ...]) -> str:
    low = next((each for each in notes if isinstance(each, Ge | Gt)), None)
    high = next((each for each in notes if isinstance(each, Le | Lt)), None)
    if isinstance(low, Ge) and isinstance(high, Le):
        return f"{_bound(low.ge)} to {_bound(high.le)}"
    parts = [f"{_bound(low.ge)} or more" if isinstance(low, Ge) else f"above {_bound(low.gt)}" if low else ""]
    parts += [f"at most {_bound(high.le)}" if isinstance(high, Le) else f"below {_bound(high.lt)}" if high else ""]
    return " and ".join(filter(None, parts))


def _lengths(notes: tuple[Any, ...]) -> str:
    least = max([each.min_length for each in notes if isinstance(each, Len | MinLen)], default=0)
    return f"at least {least}" if least else ""


def _joined(what: str, bounds: str) -> str:
    return f"{what}, {bounds}" if bounds else what


def _bound(value: Any) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"
