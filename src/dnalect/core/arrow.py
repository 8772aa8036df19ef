"""Tables of pyarrow as files."""

from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from dnalect.core.errors import OutputError
from dnalect.core.files import written_whole

SUFFIXES = (".tsv", ".csv", ".parquet")


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table; the suffix says as what. Raises OutputError for another suffix, or what can't be written."""
    if path.suffix not in SUFFIXES:
        raise OutputError(f"the output {path} must end in .tsv, .csv or .parquet")
    with written_whole(path) as temporary:
        put_table(table, temporary, path.suffix)


def put_table(table: pa.Table, path: Path, suffix: str) -> None:
    """Write a table to a file that gets its name elsewhere. suffix: of SUFFIXES, which says as what."""
    if suffix == ".parquet":
        pq.write_table(table, path)
    else:
        mark = "\t" if suffix == ".tsv" else ","
        pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(delimiter=mark, quoting_style="needed"))


def put_noted(table: pa.Table, file: BinaryIO) -> None:
    """Write a table as a TSV below lines `# dnalect name: value`, which its metadata of these names hold."""
    for key, value in (table.schema.metadata or {}).items():
        file.write(b"# dnalect " + key.removeprefix(b"dnalect_") + b": " + value + b"\n")
    file.write(("\t".join(table.column_names) + "\n").encode())
    for rows in zip(*(column.to_pylist() for column in table.columns), strict=True):
        file.write(("\t".join("" if value is None else _text(value) for value in rows) + "\n").encode())


def write_noted(table: pa.Table, path: Path, kind: str) -> None:
    """Write a table to a file: Parquet where its kind is ".parquet", else as `put_noted` does."""
    if kind == ".parquet":
        pq.write_table(table, path)
        return
    with path.open("wb") as file:
        put_noted(table, file)


def _text(value: Any) -> str:
    return str(value).replace("\t", " ").replace("\n", " ")
