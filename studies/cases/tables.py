"""Tables of measured variants: one reader, with messages for what does not fit."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError, TableError
from dnalect.examples.table import Table, delimited, read_lines


def read_table(path: Path) -> Table:
    """Read a table with a header. Raises InputError where the file is missing, TableError for a broken line."""
    if not path.is_file():
        raise InputError(f"the study needs {path}, which is missing; --data names the folder that holds variants/")
    return delimited(str(path), read_lines(str(path)))


def numbers(table: Table, name: str) -> npt.NDArray[np.float64]:
    """Return a column of numbers (n,). Raises TableError where there is none, or a cell is no number."""
    out = np.empty(len(table))
    for row, cell in enumerate(table.cells(name)):
        try:
            out[row] = float(cell)
        except ValueError as error:
            raise TableError(
                f"{table.source}, line {table.lines[row]}: {name} must be a number, not {cell!r}"
            ) from error
    return out
