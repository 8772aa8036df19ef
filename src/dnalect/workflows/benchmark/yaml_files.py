"""YAML files in which every key stands once and every value is of the kind that its field takes."""

import types
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml

from dnalect.core.errors import ConfigError

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", types.NoneType: "nothing"}


class _Loader(yaml.SafeLoader):
    """The safe loader, which by itself lets the last of two equal keys win without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is there twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds. Raises ConfigError that names the line of what is wrong."""
    try:
        return _Loader(path.read_text(encoding="utf-8")).get_single_data()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path} is no YAML{line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is no YAML: {str(error).splitlines()[0]}") from error


def fits(value: Any, hint: Any) -> str:
    """Return "" where a value is of the kind of a type hint, else what it should be, in words.

    hint: str, int, float, bool, None, a union of them, tuple[X, ...] or Mapping.
    """
    origin = get_origin(hint) or hint
    if origin is types.UnionType:
        told = [fits(value, each) for each in get_args(hint)]
        return "" if "" in told else " or ".join(told)
    if origin is tuple:
        inner = get_args(hint)[0]
        if isinstance(value, tuple) and not any(fits(each, inner) for each in value):
            return ""
        return f"a list [...] of {_WORDS.get(inner, 'mappings')}"
    if origin is Mapping:
        return "" if isinstance(value, Mapping) else "a mapping"
    if isinstance(value, bool) and hint is not bool:
        good = False
    else:
        good = isinstance(value, (int, float) if hint is float else hint)
    return "" if good else _WORDS.get(hint, f"a {hint}")
