"""Groups of sequences that were designed or looked for alike, and means of what is said of them, side by side."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect import design_sequences
from dnalect.core import NOTHING, Figure, write_tsv
from dnalect.genome import Motif, motif_sites
from dnalect.stats import Draws, estimate, interval
from dnalect.tokens import encode

Floats = npt.NDArray[np.float64]
Rows = list[dict[str, Any]]
COLUMNS = ("task", "part", "who", "name", "sequence", "gc", "edits_from_known", "bits", "predicted", "judge")


@dataclass(frozen=True)
class Asked:
    """What a study asks of every search. told: options of `dnalect.design_sequences` that all share."""

    models: Sequence[str]
    told: Mapping[str, Any]

    def found(
        self, goals: Sequence[str], method: str, rivals: Sequence[str] = ("none",), **more: Any
    ) -> dict[str, Rows]:
        """Return the rows of the designs, and of each rival, by who found them."""
        given = {**self.told, **more}
        found = design_sequences(list(self.models), goals, method=method, rivals=tuple(rivals), **given)
        groups = {method: list(found)}
        for row in found.rivals:
            groups.setdefault(row["origin"], []).append(row)
        return groups


def compared(bare: Figure, values: Mapping[str, Floats]) -> list[Figure]:
    """Return the mean of each group with its 95% interval over sequences; the first less each of the others.

    Groups are drawn apart from each other, as their sequences are no pairs.
    """
    drawn = {
        who: Draws.of(np.arange(len(each)), seed=number).mean(each) for number, (who, each) in enumerate(values.items())
    }
    first = next(iter(drawn.values()))
    figures = []
    for who, each in drawn.items():
        own = replace(bare, who=who, n=len(values[who]), value=estimate(each))
        if each is not first and len(each) == len(first):
            minus = first - each
            own = replace(own, against=next(iter(drawn)), difference=interval(-float(minus[0]), -minus[1:]))
        figures.append(own)
    return figures


def shares(motifs: Sequence[Motif], groups: Mapping[str, Iterable[str]]) -> dict[str, Floats]:
    """Return the share of each group's sequences that have a site of each motif (M,)."""
    found = {}
    for who, texts in groups.items():
        codes = [encode(text) for text in texts]
        found[who] = np.array([np.mean([len(motif_sites(each, row)[0]) > 0 for row in codes]) for each in motifs])
    return found


def write_designs(path: Path, rows: Rows) -> None:
    """Write sequences with what is said of them."""

    def cell(value: Any) -> str:
        return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)

    write_tsv(path, [[*COLUMNS], *([cell(row.get(name)) for name in COLUMNS] for row in rows)])


def column(groups: Mapping[str, Rows], name: str | Callable[[dict[str, Any]], float]) -> dict[str, Floats]:
    """Return a column of each group, or a number that is made of each row."""
    get = name if callable(name) else lambda row: row[name]
    return {who: np.array([get(row) for row in rows], dtype=np.float64) for who, rows in groups.items()}


def bare(task: str, part: str, metric: str, command: str) -> Figure:
    """Return a figure without a number."""
    return Figure(task, part, "", metric, 0, NOTHING, command=command)
