"""The rows of all studies, as a table and in words."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from dnalect.core.errors import TableError
from dnalect.core.figures import NOTHING, Estimate, plain, shown, signed
from dnalect.core.files import write_text

__all__ = [
    "CHANCE",
    "COLUMNS",
    "NOTHING",
    "Row",
    "Table",
    "against_chance",
    "against_rival",
    "plain",
    "read_rows",
    "shown",
    "signed",
    "write_rows",
]

COLUMNS = (
    *("study", "species", "model", "seen", "measure", "group", "n", "value", "low", "high"),
    *("rival", "difference", "difference_low", "difference_high", "chance", "against", "command"),
)
CHANCE = "chance"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    model: whose scores were used; a rival has rows of its own. seen: whether a model that
    trained on these bases answered. measure: what was computed, of which score. group: on
    what. n: items. value: with its 95% interval. rival, difference: value minus the rival's
    on the same items, paired; "" and NaN without one. chance: the value of a score that
    knows nothing, NaN if there is none, and against: what that is called.
    """

    study: str
    species: str
    model: str
    seen: bool
    measure: str
    group: str
    n: int
    value: Estimate
    rival: str = ""
    difference: Estimate = NOTHING
    command: str = ""
    chance: float = math.nan
    against: str = CHANCE

    def cells(self) -> list[str]:
        """The row as text, in the order of COLUMNS; empty where there is no value."""
        head = [self.study, self.species, self.model, "yes" if self.seen else "no", self.measure, self.group]
        value, difference = ([_number(each) for each in estimate] for estimate in (self.value, self.difference))
        chance = f"{self.chance:g}" if math.isfinite(self.chance) else ""
        return [*head, str(self.n), *value, self.rival, *difference, chance, self.against, self.command]


def _number(value: float) -> str:
    return f"{value:.6f}" if math.isfinite(value) else ""


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows as a TSV with a header."""
    write_text(path, "".join("\t".join(cells) + "\n" for cells in [COLUMNS, *(row.cells() for row in rows)]))


def read_rows(path: Path) -> list[Row]:
    """Return the rows that `write_rows` wrote. Raises TableError where it is no such table."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t")
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise TableError(f"{path} has not the columns of this version; run the study again")
        return [_row(cells) for cells in reader]


def _row(cells: dict[str, str]) -> Row:
    def estimate(*names: str) -> Estimate:
        return Estimate(*(float(cells[name] or "nan") for name in names))

    return Row(
        *(cells["study"], cells["species"], cells["model"], cells["seen"] == "yes", cells["measure"], cells["group"]),
        int(cells["n"]),
        estimate("value", "low", "high"),
        cells["rival"],
        estimate("difference", "difference_low", "difference_high"),
        cells["command"],
        float(cells["chance"] or "nan"),
        cells["against"],
    )


@dataclass
class Table:
    """Collects the rows of one study of one model.

    study, species, model, command: the same in all rows. chance: of the measure at hand.
    """

    study: str
    species: str
    model: str
    command: str = ""
    rows: list[Row] = field(default_factory=list)

    def add(
        self,
        measure: str,
        group: str,
        n: int,
        value: Estimate,
        *,
        seen: bool,
        chance: float,
        differences: dict[str, Estimate] | None = None,
        rival: str = "",
        against: str = CHANCE,
    ) -> None:
        """Add a row, or one for every rival that it is compared with.

        differences: rival -> value minus the rival's. rival: whose row it is, "" for the model.
        """
        row = Row(
            *(self.study, self.species, rival or self.model, seen, measure, group, n, value),
            command=self.command,
            chance=chance,
            against=against,
        )
        told = differences or {}
        self.rows += [replace(row, rival=name, difference=each) for name, each in told.items()] or [row]


def against_chance(row: Row) -> str:
    """Say in words whether the value differs from that of a score that knows nothing."""
    _, low, high = row.value
    if not math.isfinite(row.chance):
        return ""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "has no interval, so nothing can be said of it"
    if low > row.chance:
        return f"above {row.against}"
    if high >= row.chance:
        return f"at {row.against}" if row.against == CHANCE else f"no different from {row.against}"
    return f"below {row.against}" + (": it ranks the wrong way round" if row.against == CHANCE else "")


def against_rival(row: Row) -> str:
    """Say in words whether the value differs from the rival's."""
    mean, low, high = row.difference
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"can't be told from {row.rival}: there is no interval"
    told = f"{signed(mean)} [{signed(low)}, {signed(high)}]"
    if low > 0:
        return f"better than {row.rival} ({told})"
    return f"worse than {row.rival} ({told})" if high < 0 else f"no different from {row.rival} ({told})"
