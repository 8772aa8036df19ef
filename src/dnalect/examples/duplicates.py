"""The same sequence in several rows: kept once, averaged, left out, or an error."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from dnalect.core.errors import TableError
from dnalect.core.examples import Examples, Floats

CONFLICTS = ("error", "drop")


def merged(examples: Examples, where: Sequence[str], conflicts: str = "error") -> Examples:
    """Return examples in which every sequence occurs once in its part, for each of what its `columns` say.

    Labels that only some of the rows have are joined; signals are averaged. Classes and
    tracks that contradict each other raise TableError, or with conflicts="drop" their
    sequences are left out. where: file and line of each row. Sequences that stand in several
    parts stay in all of them: that is for the audit of the split to judge.
    """
    if conflicts not in CONFLICTS:
        raise TableError(f"conflicts is {conflicts!r}; give one of {', '.join(CONFLICTS)}")
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(zip(examples.parts, examples.sequences, *examples.columns.values(), strict=True)):
        groups.setdefault(key, []).append(row)
    notes = list(examples.notes)
    if shared := sum(count > 1 for count in Counter(sequence for _, sequence in {key[:2] for key in groups}).values()):
        notes.append(f"{shared:,} sequences stand in more than one part")
    labels = {name: values.copy() for name, values in examples.labels.items()}
    several = [rows for rows in groups.values() if len(rows) > 1]
    fighting: list[tuple[str, list[int]]] = []
    for target in examples.targets:
        averaged = 0
        for rows in several:
            values = labels[target.name][rows]
            if differ := _differ(values):
                if target.kind != "signal":
                    fighting.append((target.name, rows))
                averaged += target.kind == "signal"
            labels[target.name][rows[0]] = _mean(values) if differ else _known(values)
        if averaged:
            notes.append(f"{averaged:,} sequences have several values of {target.name}: averaged")
    if fighting and conflicts == "error":
        raise TableError(_conflict(examples, where, fighting))
    dropped = {rows[0] for _, rows in fighting}
    if dropped:
        notes.append(f"{len(dropped):,} sequences with contradictory labels left out")
    if several:
        notes.append(f"{sum(map(len, several)) - len(several):,} rows repeat a sequence of their part: kept once")
    keep = [rows[0] for rows in groups.values() if rows[0] not in dropped]
    return replace(examples, labels=labels, notes=tuple(notes)).take(keep)


def _differ(values: Floats) -> bool:
    """Whether any column of the labels (rows, width) holds two different ones."""
    lowest = np.where(np.isnan(values), np.inf, values).min(axis=0)
    highest = np.where(np.isnan(values), -np.inf, values).max(axis=0)
    return bool((lowest < highest).any())


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / known.sum(axis=0), dtype=np.float32)


def _known(values: Floats) -> Floats:
    """Return of each column the first label that is known, NaN where none is."""
    first = np.argmax(~np.isnan(values), axis=0)
    return np.asarray(values[first, np.arange(values.shape[1])])


def _conflict(examples: Examples, where: Sequence[str], fighting: Sequence[tuple[str, list[int]]]) -> str:
    name, rows = fighting[0]
    one, other = next(pair for pair in combinations(rows, 2) if _differ(examples.labels[name][list(pair)]))
    count = len({rows[0] for _, rows in fighting})
    return (
        f"{where[one]} and {where[other]} give one sequence different labels {name!r} ({count:,} sequences have "
        "such labels); mend them, or leave these sequences out (--drop-conflicts)"
    )
