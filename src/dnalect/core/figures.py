"""Figures: every measured number with its interval and what it is compared with, as one kind of row."""

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from dnalect.core.errors import TableError
from dnalect.core.tables import aligned, filled, write_tsv

COLUMNS = (
    *("task", "part", "who", "seed", "metric", "n", "value", "low", "high"),
    *("against", "difference", "difference_low", "difference_high", "p", "p_holm", "command"),
)
# Columns of what only some figures have, written where any of a table has one.
MORE = ("species", "seen", "chance", "chance_name")
CHANCE = "chance"


class Estimate(NamedTuple):
    """A mean and its 95% interval; low and high are NaN where there is none."""

    mean: float
    low: float
    high: float


MINUS = "\N{MINUS SIGN}"
NOTHING = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    task: what was predicted, or the study. part: of which items (`test`, a chromosome, a class). who:
    which model or rival; a rival has figures of its own. seed: of its training, "" for a mean over seeds
    or none. n: items. value: with its 95% interval. against, difference: who minus the other on the same
    items, paired; "" and NaN without one. p: of the difference, two-sided; p_holm: corrected over the
    tasks. command: what printed it. species: of the genome, "" where the task says it. seen: whether the
    model trained on these bases, None where that is not asked. chance: the value of a score that knows
    nothing, NaN where it is not told, and chance_name: what that is called.
    """

    task: str
    part: str
    who: str
    metric: str
    n: int
    value: Estimate
    seed: str = ""
    against: str = ""
    difference: Estimate = NOTHING
    p: float = math.nan
    p_holm: float = math.nan
    command: str = ""
    species: str = ""
    seen: bool | None = None
    chance: float = math.nan
    chance_name: str = CHANCE

    def cells(self, digits: int = 4) -> list[str]:
        """The figure as text, in the order of COLUMNS; empty where there is no number."""
        value, difference, ps = (
            [_number(each, digits) for each in numbers]
            for numbers in (self.value, self.difference, (self.p, self.p_holm))
        )
        head = [self.task, self.part, self.who, self.seed, self.metric, str(self.n)]
        return [*head, *value, self.against, *difference, *ps, self.command]

    def more(self) -> list[str]:
        """What stands in the columns of MORE, empty where there is nothing."""
        chance = f"{self.chance:g}" if math.isfinite(self.chance) else ""
        seen = "" if self.seen is None else "yes" if self.seen else "no"
        return [self.species, seen, chance, self.chance_name if chance else ""]


def beside(bare: Figure, values: Mapping[str, Estimate], differences: Mapping[str, Estimate]) -> list[Figure]:
    """Return the first of `values` (who -> value), a figure for every rival of `differences`, then all others.

    bare: task, part, metric, items and the rest. differences: rival -> the first's value minus the rival's, paired.
    """
    first, *others = (replace(bare, who=who, value=value) for who, value in values.items())
    compared = [replace(first, against=rival, difference=each) for rival, each in differences.items()]
    return [*(compared or [first]), *others]


def _number(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return ""
    return f"{value:.{digits}g}" if 0 < abs(value) < 10.0 ** (1 - digits) else f"{value:.{digits}f}"


def plain(value: float, digits: int = 3) -> str:
    """Return the number with a true minus."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float, digits: int = 3) -> str:
    """Return the number with its sign and a true minus; no sign on a zero."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def shown(estimate: Estimate, digits: int = 3) -> str:
    """Return `value [low, high]`, or the value alone where it has no interval."""
    return _bracketed(estimate, digits, plain)


def shown_difference(figure: Figure | None, digits: int = 3) -> str:
    """Return a figure's difference as `mean [low, high]` with signs, "" where there is none."""
    return "" if figure is None else _bracketed(figure.difference, digits, signed)


def _bracketed(estimate: Estimate, digits: int, text: Callable[[float, int], str]) -> str:
    mean, low, high = estimate
    if not math.isfinite(mean):
        return ""
    bounds = f" [{text(low, digits)}, {text(high, digits)}]" if math.isfinite(low) and math.isfinite(high) else ""
    return f"{text(mean, digits)}{bounds}"


def table_of(figures: Sequence[Figure], digits: int = 4) -> str:
    """Return figures as text for people, a line each, columns that say nothing left out."""
    head = ["task", "part", "who", "metric", "n", "value [95%]", "against", "difference [95%]"]
    rows = [
        [
            *(each.task, each.part, each.who, each.metric, f"{each.n:,}"),
            *(shown(each.value, digits), each.against, shown_difference(each, digits)),
        ]
        for each in figures
    ]
    return aligned(filled([head, *rows]))


def against_chance(figure: Figure) -> str:
    """Say in words whether the value differs from that of a score that knows nothing; "" where that is not told."""
    _, low, high = figure.value
    name = figure.chance_name
    if not math.isfinite(figure.chance):
        return ""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "has no interval, so nothing can be said of it"
    if low > figure.chance:
        return f"above {name}"
    if high >= figure.chance:
        return f"at {name}" if name == CHANCE else f"no different from {name}"
    return f"below {name}" + (": it ranks the wrong way round" if name == CHANCE else "")


def against_rival(figure: Figure) -> str:
    """Say in words whether the value differs from the rival's."""
    _, low, high = figure.difference
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"can't be told from {figure.against}: there is no interval"
    how = "better than" if low > 0 else "worse than" if high < 0 else "no different from"
    return f"{how} {figure.against} ({shown_difference(figure)})"


def write_figures(path: Path, figures: Sequence[Figure], digits: int = 4) -> None:
    """Write figures as a TSV of COLUMNS, and of those of MORE that any of them fills, whole or not at all."""
    rows = [COLUMNS, *(each.cells(digits) for each in figures)]
    more = filled([MORE, *(each.more() for each in figures)])
    write_tsv(path, [[*row, *also] for row, also in zip(rows, more, strict=True)])


def read_figures(path: Path) -> list[Figure]:
    """Read what `write_figures` wrote. Raises TableError where it is no such table."""
    with path.open(encoding="utf-8", newline="") as file:
        return figures_of(file, str(path))


def figures_of(lines: Iterable[str], source: str) -> list[Figure]:
    """Read the lines of a table of figures. source: what a TableError calls it."""
    rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    if tuple(rows.fieldnames or ())[: len(COLUMNS)] != COLUMNS:
        raise TableError(f"{source} has not the columns of this version's figures; make it again")
    try:
        return [_figure(cells) for cells in rows]
    except (ValueError, TypeError) as error:
        raise TableError(f"{source} is no table of figures: {error}") from error


def _figure(cells: dict[str, str]) -> Figure:
    def number(name: str) -> float:
        return float(cells.get(name) or "nan")

    def estimate(*names: str) -> Estimate:
        return Estimate(*map(number, names))

    texts = ("task", "part", "who", "seed", "metric", "against", "command")
    return Figure(
        **{name: cells[name] for name in texts},
        n=int(cells["n"]),
        value=estimate("value", "low", "high"),
        difference=estimate("difference", "difference_low", "difference_high"),
        p=number("p"),
        p_holm=number("p_holm"),
        species=cells.get("species", ""),
        seen={"yes": True, "no": False}.get(cells.get("seen", "")),
        chance=number("chance"),
        chance_name=cells.get("chance_name") or CHANCE,
    )
