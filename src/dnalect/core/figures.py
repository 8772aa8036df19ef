"""Figures: every measured number with its interval and what it is compared with, as one kind of row."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from dnalect.core.files import write_text

COLUMNS = (
    *("task", "part", "who", "seed", "metric", "n", "value", "low", "high"),
    *("against", "difference", "difference_low", "difference_high", "p", "p_holm", "command"),
)


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

    task: what was predicted. part: of which items (`test`, a chromosome, a class). who: which
    model or rival. seed: of its training, "" for a mean over seeds or none. n: items. value:
    with its 95% interval. against, difference: who minus the other on the same items, paired;
    "" and NaN without one. p: of the difference, two-sided; p_holm: corrected over the tasks.
    command: what printed it.
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

    def cells(self) -> list[str]:
        """The figure as text, in the order of COLUMNS; empty where there is no number."""
        numbers = [_number(each) for each in (*self.difference, self.p, self.p_holm)]
        head = [self.task, self.part, self.who, self.seed, self.metric, str(self.n)]
        return [*head, *map(_number, self.value), self.against, *numbers, self.command]


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) and 0 < abs(value) < 1e-3 else _plain(value)


def _plain(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else ""


def plain(value: float, digits: int = 3) -> str:
    """Return the number with a true minus."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float, digits: int = 3) -> str:
    """Return the number with its sign and a true minus; no sign on a zero."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def shown(estimate: Estimate, digits: int = 3) -> str:
    """Return `value [low, high]`, or the value alone where it has no interval."""
    mean, low, high = estimate
    if not math.isfinite(mean):
        return ""
    bounds = f" [{plain(low, digits)}, {plain(high, digits)}]" if math.isfinite(low) and math.isfinite(high) else ""
    return f"{plain(mean, digits)}{bounds}"


def shown_difference(figure: Figure | None) -> str:
    """Return a figure's difference as `mean [low, high]` with signs, "" where there is none."""
    if figure is None or not math.isfinite(figure.difference.mean):
        return ""
    mean, low, high = figure.difference
    return f"{signed(mean)} [{signed(low)}, {signed(high)}]"


def write_figures(path: Path, figures: Iterable[Figure]) -> None:
    """Write figures as a TSV with a header, whole or not at all."""
    write_text(path, "".join("\t".join(cells) + "\n" for cells in [COLUMNS, *(each.cells() for each in figures)]))


def read_figures(path: Path) -> list[Figure]:
    """Read what `write_figures` wrote."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [_figure(dict(zip(lines[0], line, strict=True))) for line in lines[1:]]


def _figure(cells: dict[str, str]) -> Figure:
    def estimate(*names: str) -> Estimate:
        return Estimate(*(float(cells[name] or "nan") for name in names))

    return Figure(
        task=cells["task"],
        part=cells["part"],
        who=cells["who"],
        metric=cells["metric"],
        n=int(cells["n"]),
        value=estimate("value", "low", "high"),
        seed=cells["seed"],
        against=cells["against"],
        difference=estimate("difference", "difference_low", "difference_high"),
        p=float(cells["p"] or "nan"),
        p_holm=float(cells["p_holm"] or "nan"),
        command=cells["command"],
    )
