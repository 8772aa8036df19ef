"""What counts how much: weights, directions and the weights of regions, from defaults, a file and the command."""

import math
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dnalect.core.errors import ConfigError

DIRECTIONS = ("high", "low", "abs")
# Few, and a judgement rather than a measurement: docs/rank.md says why, and that labels should decide.
WEIGHTS = {"llr": 1.0, "distance": 1.0, "conservation": 0.5, "region": 0.25, "frequency": 0.25, "pip": 1.0}
WAYS = {
    "llr": "low",
    "distance": "high",
    "conservation": "high",
    "region": "high",
    "frequency": "low",
    "pip": "high",
}
REGIONS = {
    "CDS": 1.0,
    "promoter": 0.8,
    "UTR": 0.6,
    "ncRNA": 0.6,
    "exon": 0.6,
    "centromere": 0.4,
    "origin": 0.4,
    "intron": 0.3,
    "intergenic": 0.2,
    "mobile element": 0.1,
    "telomere": 0.1,
}
DEFAULT_WEIGHT, DEFAULT_WAY = 1.0, "abs"


@dataclass(frozen=True)
class Used:
    """A column of the file that counts as evidence. direction: which of its values count most."""

    column: str
    weight: float = DEFAULT_WEIGHT
    direction: str = DEFAULT_WAY


@dataclass(frozen=True)
class Settings:
    """weights, directions: of the named sources. regions: value in [0, 1] of each kind. used: name -> column."""

    weights: dict[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    directions: dict[str, str] = field(default_factory=lambda: dict(WAYS))
    regions: dict[str, float] = field(default_factory=lambda: dict(REGIONS))
    used: dict[str, Used] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            _known(name, WEIGHTS, "source")
            _weight(name, weight)
        for name, direction in self.directions.items():
            _known(name, WAYS, "source")
            _direction(name, direction)
        for name, value in self.regions.items():
            _known(name, REGIONS, "region")
            if not (isinstance(value, int | float) and 0 <= value <= 1):
                raise ConfigError(f"the weight of the region {name!r} must lie between 0 and 1, not {value!r}")
        for name, each in self.used.items():
            if name in WEIGHTS or not name.replace("_", "").replace("-", "").isalnum():
                raise ConfigError(f"--use needs a name of its own of letters, digits, - and _, not {name!r}")
            if not isinstance(each.column, str):
                raise ConfigError(f"the column of {name!r} must be a text, not {each.column!r}")
            _weight(name, each.weight)
            _direction(name, each.direction)

    def with_weight(self, text: str) -> "Settings":
        """Return these with `NAME=WEIGHT` or `NAME=WEIGHT:DIRECTION` taken over. Raises ConfigError."""
        name, mark, rest = text.partition("=")
        if not mark:
            raise ConfigError(f"--weight is NAME=WEIGHT or NAME=WEIGHT:high|low|abs, not {text!r}")
        number, _, direction = rest.partition(":")
        weights = self.weights | {name: _number(number, f"--weight {text}")}
        return replace(self, weights=weights, directions=self.directions | ({name: direction} if direction else {}))

    def with_use(self, text: str) -> "Settings":
        """Return these with `NAME=COLUMN[:WEIGHT[:DIRECTION]]` added. Raises ConfigError."""
        name, mark, rest = text.partition("=")
        column, _, more = rest.partition(":")
        number, _, direction = more.partition(":")
        if not (mark and column):
            raise ConfigError(
                f"--use is NAME=COLUMN, NAME=COLUMN:WEIGHT or NAME=COLUMN:WEIGHT:high|low|abs, not {text!r}"
            )
        weight = _number(number, f"--use {text}") if number else DEFAULT_WEIGHT
        return replace(self, used=self.used | {name: Used(column, weight, direction or DEFAULT_WAY)})


def read_settings(path: str | None) -> Settings:
    """Return the defaults, with what a TOML file says in their place.

    Tables: [weights] and [directions] of sources, [regions], [use.NAME] with column, weight
    and direction. Raises ConfigError for anything else.
    """
    if path is None:
        return Settings()
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the weights {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    tables = ("weights", "directions", "regions", "use")
    for name, table in found.items():
        _known(name, dict.fromkeys(tables), f"table of {path}")
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name} must be a table, [{name}]")
    try:
        used = {name: Used(**each) for name, each in found.get("use", {}).items()}
    except TypeError as error:
        raise ConfigError(f"{path}: [use.NAME] takes column, weight and direction, and needs column") from error
    return Settings(
        WEIGHTS | _table(found, "weights"),
        WAYS | _table(found, "directions"),
        REGIONS | _table(found, "regions"),
        used,
    )


def _table(found: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(found.get(name, {}))


def _known(name: str, known: dict[str, Any], what: str) -> None:
    if name not in known:
        raise ConfigError(f"there is no {what} {name!r}; known: {', '.join(known)}")


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"{where}: {text!r} is no weight") from error


def _weight(name: str, weight: Any) -> None:
    good = isinstance(weight, int | float) and not isinstance(weight, bool) and math.isfinite(weight) and weight >= 0
    if not good:
        raise ConfigError(f"the weight of {name!r} must be a number of 0 or more, not {weight!r}")


def _direction(name: str, direction: Any) -> None:
    if direction not in DIRECTIONS:
        raise ConfigError(f"the direction of {name!r} must be one of {', '.join(DIRECTIONS)}, not {direction!r}")
