"""Rows with named columns, as most results are."""

from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import pyarrow as pa

from dnalect.core.arrow import write_table
from dnalect.core.errors import ConfigError
from dnalect.core.figures import Figure

SHOWN = 10
_TEXTS, _NUMBERS = ("task", "part", "who", "metric"), ("value", "low", "high", "chance")
MEASURES = pa.schema(
    [*((each, pa.string()) for each in _TEXTS), ("n", pa.int64()), *((each, pa.float64()) for each in _NUMBERS)]
)


class Table:
    """n rows with named columns, as most results are: a loop over it gives a dict a row, `table["x"]` a column.

    Attributes:
        columns: The names of the columns.

    Examples:
        >>> import dnalect
        >>> tokens = dnalect.tokenize("ACGTACG", "dnabert-6")
        >>> len(tokens), tokens["token"]
        (2, ['ACGTAC', 'CGTACG'])
        >>> next(iter(tokens))["start"]
        0
    """

    def __init__(self, table: pa.Table):
        self._table = table

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.to_arrow().column_names)

    def to_arrow(self) -> pa.Table:
        """Return the rows as a table of pyarrow."""
        return self._table

    def to_pandas(self) -> Any:
        """Return the rows as a DataFrame.

        Raises:
            ConfigError: pandas is not installed.
        """
        try:
            import pandas  # noqa: F401
        except ImportError as error:
            raise ConfigError("a DataFrame needs pandas: pip install pandas; to_arrow() does without") from error
        return self.to_arrow().to_pandas()

    def write(self, *paths: str | Path) -> None:
        """Write files.

        Args:
            *paths: Whose suffix says what they are: .tsv, .csv or .parquet.

        Raises:
            OutputError: Another suffix, or a file that can't be written.
        """
        for path in map(Path, paths):
            write_table(self.to_arrow(), path)

    def __len__(self) -> int:
        return int(self.to_arrow().num_rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.to_arrow().to_pylist())

    def __getitem__(self, name: str) -> list[Any]:
        """Return a column as a list.

        Raises:
            ConfigError: There is no column of this name.
        """
        if name not in self.columns:
            raise ConfigError(f"there is no column {name!r}; there are {', '.join(self.columns)}")
        return list(self.to_arrow()[name].to_pylist())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} rows: {', '.join(self.columns)})"

    def _repr_html_(self) -> str:
        """The first rows, in a notebook."""
        from html import escape

        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        rows = [each.values() for each in self.to_arrow().slice(0, SHOWN).to_pylist()]
        cells = ["".join(f"<td>{escape(_shown(cell))}</td>" for cell in row) for row in rows]
        return f"<p>{escape(repr(self))}</p><table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def measures_of(figures: Sequence[Figure]) -> Table:
    """Return what everybody reached, a row each: part, who, metric, n, value, the interval, and what chance gives."""
    first: dict[tuple[str, ...], Figure] = {}
    for each in figures:
        first.setdefault((each.task, each.part, each.who, each.metric), each)
    cells = [
        (f.task, f.part, f.who, f.metric, f.n, *f.value, None if isnan(f.chance) else f.chance) for f in first.values()
    ]
    rows = [dict(zip(MEASURES.names, each, strict=True)) for each in cells]
    return Table(pa.Table.from_pylist(rows, MEASURES))


def _shown(cell: Any) -> str:
    return "" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
