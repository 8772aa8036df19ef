"""What counts how much: weights, directions and the weights of regions, from defaults, a file and the command line."""

from dataclasses import field, replace
from typing import Annotated

from annotated_types import Interval, Len
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
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


Weight = Annotated[float, Interval(ge=0, le=1e9)]
Source = Annotated[str, OneOf(WEIGHTS)]
Direction = Annotated[str, OneOf(DIRECTIONS)]


@config
class Used:
    """A column of the file that counts as evidence: a table [use.NAME]."""

    column: Annotated[str, Len(1), Doc("Name of the column.")]
    weight: Annotated[Weight, Doc("How much it counts.")] = DEFAULT_WEIGHT
    direction: Annotated[Direction, Doc("Which of its values count most.")] = DEFAULT_WAY


@config
class Settings:
    """What counts how much."""

    weights: Annotated[dict[Source, Weight], Doc("How much each source counts.")] = field(
        default_factory=lambda: dict(WEIGHTS)
    )
    directions: Annotated[dict[Source, Direction], Doc("Which values of each source count most.")] = field(
        default_factory=lambda: dict(WAYS)
    )
    regions: Annotated[
        dict[Annotated[str, OneOf(REGIONS)], Annotated[float, Interval(ge=0, le=1)]],
        Doc("Value of each kind of sequence."),
    ] = field(default_factory=lambda: dict(REGIONS))
    use: Annotated[dict[str, Used], Doc("Columns of the file that count, too, each a table [use.NAME].")] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        for name in self.use:
            if name in WEIGHTS or not name.replace("_", "").replace("-", "").isalnum():
                raise ConfigError(f"use needs a name of its own of letters, digits, - and _, not {name!r}")

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
        return replace(self, use=self.use | {name: Used(column, weight, direction or DEFAULT_WAY)})


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"{where}: {text!r} is no weight") from error
