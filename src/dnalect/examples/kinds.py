"""Cells of labels -> what they mean and their numbers."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from dnalect.core.errors import TableError
from dnalect.core.examples import Floats, Target

KINDS = ("classes", "tracks", "signal")
HOLES = frozenset(("", "na", "n/a", "#n/a", "<na>", "nan", "null"))
# More different whole numbers are a signal; more different words are names, not classes.
FEW = 32
_COMMA = re.compile(r"[+-]?\d+,\d+")
_YES_NO = {"0": 0, "1": 1, "false": 0, "true": 1, "no": 0, "yes": 1, "-": 0, "+": 1}
# Of two classes these are the first, whatever the alphabet says.
_NEGATIVE = frozenset(("-", "0", "false", "no", "negative", "neg", "background", "control", "random", "none"))


def targets(
    labels: dict[str, list[str]], kind: str | None, where: Sequence[str]
) -> tuple[tuple[Target, ...], dict[str, Floats], list[str]]:
    """Return what the columns of labels mean, their numbers, and notes.

    labels: column -> cells (n). kind: of all of them, None: each by its cells. Several columns
    of kind "tracks" are one target; else each column is one. Raises TableError for cells that
    don't fit.
    """
    if kind is not None and kind not in KINDS:
        raise TableError(f"the kind {kind!r} is none of {', '.join(KINDS)}")
    if kind == "tracks" and not any(_is_list(cells) for cells in labels.values()):
        columns = [_yes_no(name, cells, where) for name, cells in labels.items()]
        name = next(iter(labels)) if len(labels) == 1 else "tracks"
        return (Target(name, "tracks", tuple(labels)),), {name: np.stack(columns, axis=1)}, []
    found, numbers = [], {}
    notes: list[str] = []
    for name, cells in labels.items():
        target, numbers[name] = _target(name, cells, kind or _kind(name, cells, where, notes), where)
        found.append(target)
    return tuple(found), numbers, notes


def is_hole(cell: str) -> bool:
    """Whether a cell says that there is no label."""
    return cell.casefold() in HOLES


def has_negatives(cells: Sequence[str]) -> bool:
    """Whether labels are of just two kinds, one of which stands for no."""
    named = {_class(cell) for cell in cells if not is_hole(cell)}
    return len(named) == 2 and any(each.lower() in _NEGATIVE for each in named)


def check_variety(target: Target, values: Floats) -> None:
    """Raise TableError unless the labels (n, width) of a target differ between its rows."""
    for column in range(target.width):
        known = values[:, column][np.isfinite(values[:, column])]
        if len(known) and (known != known[0]).any():
            continue
        name = target.outputs[column] if target.kind == "tracks" else target.name
        if not len(known):
            raise TableError(f"no row has a label {name!r}; name another column (labels)")
        if target.kind == "signal":
            raise TableError(f"every value of {name!r} is {known[0]:g}: there is nothing to learn; name another column")
        one = target.outputs[int(known[0])] if target.kind == "classes" else f"{known[0]:g}"
        raise TableError(
            f"every label of {name!r} is {one!r}: add rows of another class, or background from the genome (background)"
        )


def _target(name: str, cells: list[str], kind: str, where: Sequence[str]) -> tuple[Target, Floats]:
    if kind == "signal":
        values = [math.nan if is_hole(cell) else _number(cell) for cell in cells]
        for row, (cell, value) in enumerate(zip(cells, values, strict=True)):
            if not (is_hole(cell) or math.isfinite(value)):
                raise TableError(f"{where[row]}: {cell!r} in the column {name!r} is no finite number")
        return Target(name, kind, (name,)), np.array(values, dtype=np.float32)[:, None]
    if kind == "tracks":
        return _lists(name, cells)
    named = ["" if is_hole(cell) else _class(cell) for cell in cells]
    if len(set(named) - HOLES) > 2 and set(named) - HOLES <= _YES_NO.keys() - {"-", "+"}:
        # No and yes in several ways: 0 beside False, after tables were joined.
        named = [str(_YES_NO.get(each, "")) for each in named]
    outputs = _ordered({each for each in named if not is_hole(each)})
    number = {each: at for at, each in enumerate(outputs)}
    return Target(name, kind, outputs), np.array([[number.get(each, math.nan)] for each in named], dtype=np.float32)


def _kind(name: str, cells: list[str], where: Sequence[str], notes: list[str]) -> str:
    """Infer the kind of a column: see `read_examples`."""
    known = [cell for cell in cells if not is_hole(cell)]
    distinct = set(known)
    if _is_list(cells):
        return "tracks"
    values = [_number(cell) for cell in known]
    if not all(map(math.isfinite, values)):
        _check_numbers(name, cells, where)
        if len(distinct) > FEW:
            raise TableError(
                f"{where[0].rpartition(',')[0]}: the column {name!r} holds {len(distinct):,} different words: are "
                "these names? Name the column that holds labels (labels), or give the kind classes"
            )
        return "classes"
    if not all(value.is_integer() for value in values):
        return "signal"
    rising = all(low < high for low, high in pairwise(values))
    counted = len(values) > FEW and sorted(values) in (list(range(len(values))), list(range(1, len(values) + 1)))
    if (len(values) > 2 and rising) or counted:
        how = "rises from row to row" if rising else "numbers the rows"
        raise TableError(
            f"{where[0].rpartition(',')[0]}: the column {name!r} {how} "
            f"({', '.join(known[:3])} ...): it is an index, no label. Name the column that holds labels (labels), "
            "or give the kind"
        )
    if len(set(values)) > FEW:
        notes.append(f"the column {name!r} holds {len(set(values)):,} different whole numbers: read as a signal")
        return "signal"
    return "classes"


def _check_numbers(name: str, cells: Sequence[str], where: Sequence[str]) -> None:
    """Raise TableError where most cells are numbers with fractions, but not this one."""
    known = [row for row, cell in enumerate(cells) if not is_hole(cell)]
    strange = [row for row in known if not math.isfinite(_number(cells[row]))]
    fractions = sum(not _number(cells[row]).is_integer() for row in known) - len(strange)
    if fractions > len(known) / 2:
        raise TableError(
            f"{where[strange[0]]}: {cells[strange[0]]!r} in the column {name!r} is no finite number, as most are; "
            "write NA where there is no label, or give the kind classes"
        )
    if all(_COMMA.fullmatch(cells[row]) for row in known):
        raise TableError(f"{where[known[0]]}: {cells[known[0]]!r} in the column {name!r}: write a point, not a comma")


def _is_list(cells: Sequence[str]) -> bool:
    return any(";" in cell for cell in cells)


def _number(cell: str) -> float:
    try:
        return float(cell) if "_" not in cell else math.nan
    except ValueError:
        return math.nan


def _class(cell: str) -> str:
    """Return one name for the ways to write a class: 1 for 1.0, true for True."""
    value = _number(cell)
    if math.isfinite(value) and value.is_integer():
        return str(int(value))
    return cell.lower() if cell.lower() in _YES_NO else cell


def _ordered(names: set[str]) -> tuple[str, ...]:
    if all(math.isfinite(_number(name)) for name in names):
        return tuple(sorted(names, key=float))
    return tuple(sorted(names, key=lambda name: (name.lower() not in _NEGATIVE, name)))


def _yes_no(name: str, cells: list[str], where: Sequence[str]) -> Floats:
    named = [_class(cell) for cell in cells]
    for row, each in enumerate(named):
        if not is_hole(each) and each not in _YES_NO:
            raise TableError(f"{where[row]}: {cells[row]!r} in the column {name!r} is neither 0 nor 1")
    return np.array([_YES_NO.get(each, math.nan) for each in named], dtype=np.float32)


def _lists(name: str, cells: list[str]) -> tuple[Target, Floats]:
    """Tracks of cells such as `liver;heart`: an empty cell is none of them, NA is not known."""
    holes = [cell != "" and is_hole(cell) for cell in cells]
    sets = [
        set() if hole else {each.strip() for each in cell.split(";")} - {""}
        for cell, hole in zip(cells, holes, strict=True)
    ]
    outputs = tuple(sorted(set().union(*sets)))
    values = np.array([[output in each for output in outputs] for each in sets], dtype=np.float32)
    values[np.array(holes, dtype=np.bool_)] = np.nan
    return Target(name, "tracks", outputs), values
