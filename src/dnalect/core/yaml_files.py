"""YAML files in which every key stands once, and that stay as small as they look."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from dnalect.core.configs import config_text
from dnalect.core.errors import ConfigError

# Characters of a file; levels; values once every alias is written out; characters of a number.
LARGEST, DEEPEST, MOST_VALUES, LONGEST_NUMBER = 1 << 18, 50, 100_000, 40
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _Loader(yaml.SafeLoader):
    """The safe loader, which by itself lets the last of two equal keys win without a word, and aliases multiply."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise _wrong(key, f"{key.value!r} is there twice")
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose the next value; refuse one that lies too deep, before what is below it is read."""
        if self.depth > DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, f"more than {DEEPEST} levels", mark)
        self.depth += 1
        try:
            found: yaml.Node | None = super().compose_node(parent, index)
        finally:
            self.depth -= 1
        return found

    def get_single_node(self) -> yaml.Node | None:
        """Compose the file, and refuse what would grow when it is constructed."""
        found: yaml.Node | None = super().get_single_node()
        if found is not None:
            _count(found, {})
        return found


def _count(node: yaml.Node, seen: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return how many values and levels a node has with its aliases written out. seen: of others; (0, 0) of parents."""
    if (known := seen.get(id(node))) is not None:
        if known[0]:
            return known
        raise _wrong(node, "an alias stands within what it stands for")
    if isinstance(node, yaml.ScalarNode):
        if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            raise _wrong(node, f"a number of {len(node.value):,} characters")
        return 1, 1
    seen[id(node)] = 0, 0
    inner = node.value if isinstance(node, yaml.SequenceNode) else [each for pair in node.value for each in pair]
    counts = [_count(each, seen) for each in inner]
    total, levels = 1 + sum(each for each, _ in counts), 1 + max((each for _, each in counts), default=0)
    if total > MOST_VALUES or levels > DEEPEST:
        most = f"{MOST_VALUES:,} values" if total > MOST_VALUES else f"{DEEPEST} levels"
        raise _wrong(node, f"more than {most} once its aliases are written out")
    seen[id(node)] = total, levels
    return total, levels


def _wrong(node: yaml.Node, problem: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds. Raises ConfigError that names the line of what is wrong.

    Refused are files above 256 kB, more than 50 levels, aliases that multiply, and numbers of
    more than 40 characters: no suite needs them, and they can take minutes to read.
    """
    text = config_text(path)
    if len(text) > LARGEST:
        raise ConfigError(f"{path} has {len(text):,} characters, more than {LARGEST:,}: this is no suite")
    try:
        return _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path} is no YAML{line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is no YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is no YAML that can be read: it is nested too deep") from error
    except ValueError as error:  # a date that is none
        raise ConfigError(f"{path} is no YAML that can be read: {error}") from error
