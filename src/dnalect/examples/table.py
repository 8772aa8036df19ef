"""Tables in: comma, semicolon or tab, plain or gzipped, and Parquet; every cell as text."""

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError, TableError
from dnalect.genome.streams import BOM, open_lines

PARQUET = b"PAR1"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# A cell that is this and nothing else in the first line shows that there is no header.
_BASES = re.compile(r"[ACGTNacgtn]{8,}")
_LONGEST_CELL = 1 << 30


@dataclass(frozen=True)
class Table:
    """n rows of a file as text, by column.

    source: the file, for messages. names: of the columns. column: number of a column -> its
    cells (n). lines: where each row stands in the file, from 1. labels: the columns that
    hold labels unless the user names others. notes: what reading found, in words. mend: what to
    do where there are no labels. files: of a folder with a file for each row, their names (n).
    """

    source: str
    names: tuple[str, ...]
    column: Callable[[int], list[str]]
    lines: list[int]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    mend: str = "name those that hold labels (--label)"
    files: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def where(self) -> list[str]:
        """File and line of each row (n), or folder and file, for messages."""
        return [f"{self.source}, {at}" for at in self.files or (f"line {line}" for line in self.lines)]

    def find(self, name: str) -> int | None:
        """Return the number of a column by its name, in whatever case; None if there is none.

        Raises TableError where several have just this name.
        """
        if self.names.count(name) > 1:
            raise TableError(f"{self.source} has several columns {name!r}: it has {self.listed}; leave one of them")
        if name in self.names:
            return self.names.index(name)
        folded = [each.casefold() for each in self.names]
        return folded.index(name.casefold()) if name.casefold() in folded else None

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        """Return a column of numbers (n,). Raises TableError where there is none, or a cell is no number."""
        out = np.empty(len(self))
        for row, cell in enumerate(self.cells(name)):
            try:
                out[row] = float(cell)
            except ValueError as error:
                raise TableError(f"{self.where[row]}: {name} must be a number, not {cell!r}") from error
        return out

    def cells(self, name: str) -> list[str]:
        """Return the cells of a named column; TableError lists those there are."""
        at = self.find(name)
        if at is None:
            raise TableError(f"{self.source} has no column {name!r}: it has {self.listed}")
        return self.column(at)

    @property
    def listed(self) -> str:
        """The names of the columns, for messages."""
        shown = ", ".join(name or "(no name)" for name in self.names[:30])
        return shown + (f" and {len(self.names) - 30} more" if len(self.names) > 30 else "")


def of_rows(source: str, names: Iterable[str], rows: list[list[str]], lines: list[int], **more: Any) -> Table:
    """Return a table of rows that have a cell for every name."""
    return Table(source, tuple(names), lambda at: [row[at].strip() for row in rows], lines, **more)


def read_lines(source: str) -> list[bytes]:
    """Return all lines of a file, or of stdin for "-", without a byte order mark; they may end as on any system.

    Raises InputError where it cannot be read, or is UTF-16.
    """
    with open_lines(source, "table of labelled sequences") as lines:
        found = list(lines)
    if found and found[0].startswith(_UTF_16):
        raise InputError(f"{source} is UTF-16 text, as spreadsheets write it; save it as UTF-8")
    if found:
        found[0] = found[0].removeprefix(BOM)
    if found and b"\r" in found[0].rstrip(b"\r\n"):
        found = b"".join(found).splitlines(keepends=True)
    return found


def delimited(source: str, lines: list[bytes]) -> Table:
    """Return a table with a header; also one without, of sequences and values in two columns.

    Comments (#) and blank lines above the header, and rows without any cell, are left aside.
    Raises TableError where a line has not as many columns as the first.
    """
    texts = [line.decode("utf-8", errors="replace").rstrip("\r\n") for line in lines]
    top = _header(texts)
    header = texts[top] if texts else ""
    comma = _mark(header)
    names = [name.strip() for name in _records(source, [header], comma)[0][1]] if header else [""]
    first, notes = top + 2, []
    if any(map(_BASES.fullmatch, names)):
        if len(names) != 2 or not _BASES.fullmatch(names[0]):
            raise TableError(f"{source} has no header: its first line must name the columns, such as sequence,label")
        names, first = ["sequence", "label"], top + 1
        notes.append(f"{source} has no header: its columns are read as sequence and label")
    else:
        names[0] = names[0].lstrip("#")
    rows, at = [], []
    for line, row in _records(source, texts[first - 1 :], comma, first):
        if not any(map(str.strip, row)):
            continue
        if len(row) != len(names):
            raise TableError(f"{source}, line {line} has {len(row)} columns instead of {len(names)}; mend the line")
        rows.append(row)
        at.append(line)
    return of_rows(source, names, rows, at, notes=tuple(notes))


def read_table(path: str | Path) -> Table:
    """Read a delimited file, plain or compressed: see `delimited`. Raises InputError, TableError for a broken line."""
    return delimited(str(path), read_lines(str(path)))


def _mark(line: str) -> str:
    """Return what stands between the columns of a line."""
    return next((mark for mark in "\t,;" if mark in line), ",")


def _header(texts: list[str]) -> int:
    """Return the number of the line that names the columns: a comment only where it has as many as the next line."""
    filled = [at for at, text in enumerate(texts) if text.strip()]
    for at, after in pairwise(filled):
        mark = _mark(texts[after])
        if not texts[at].startswith("#") or 0 < texts[at].count(mark) == texts[after].count(mark):
            return at
    return filled[-1] if filled else 0


def _records(source: str, texts: list[str], comma: str, first: int = 1) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of each record; the first text is line `first`."""
    limit = csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(texts, delimiter=comma)
    try:
        return [(reader.line_num + first - 1, row) for row in reader]
    except csv.Error as error:
        raise TableError(f"{source}, line {reader.line_num + first - 1} cannot be read: {error}") from error
    finally:
        csv.field_size_limit(limit)


def is_parquet(path: str) -> bool:
    """Whether a file begins as Parquet does."""
    if path == "-" or not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        return file.read(len(PARQUET)) == PARQUET


def parquet(path: str) -> Table:
    """Return a table of a Parquet file; "line" n is its row n. Raises InputError where it is damaged."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
        names = tuple(file.schema_arrow.names)
        rows = file.metadata.num_rows
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"cannot read the Parquet file {path}: {error}") from error

    def column(at: int) -> list[str]:
        try:
            cells = pyarrow.parquet.read_table(path, columns=[names[at]]).column(0)
        except (OSError, pyarrow.ArrowException) as error:
            raise InputError(f"cannot read the column {names[at]!r} of {path}: {error}") from error
        lists = pyarrow.types.is_list(cells.type) or pyarrow.types.is_large_list(cells.type)
        return [_text(value, lists) for value in cells.to_pylist()]

    return Table(path, names, column, list(range(1, rows + 1)))


def _text(value: object, lists: bool = False) -> str:
    """Return a value as a cell; lists end with a semicolon, so that those of one or none are lists, too."""
    if lists:
        return "NA" if value is None else "".join(f"{_text(each)};" for each in value) or ";"  # type: ignore[attr-defined]
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip()
    return "" if value is None else str(value).strip()
