"""A scored file as a table: one row for each alternate allele, whatever the format."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from dnalect.core.errors import TableError
from dnalect.genome.bcf import open_vcf_lines
from dnalect.genome.variants import NAMES
from dnalect.genome.windows.alleles import span_as_written
from dnalect.scored.fields import COLUMNS
from dnalect.scored.vcf import read_vcf

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
KEY = ("chrom", "pos", "ref", "alt")
_TYPES = {column.name: column.kind for column in COLUMNS}
# How a number that isn't there is written: by VCF, and by R.
_NO_NUMBER = (None, "", ".", "NA")
_COMMENT = b"# "
_PROVENANCE = b"# dnalect "


@dataclass(frozen=True)
class Scored:
    """n alternate alleles with the columns that the file has, in its order.

    table: `chrom`, `pos` (1-based), `ref` and `alt` among its columns. provenance: what the
    file says of its scores. path: named in messages.
    """

    table: pa.Table
    provenance: dict[str, str]
    path: str

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __contains__(self, column: str) -> bool:
        return column in self.table.column_names

    @cached_property
    def contigs(self) -> list[str]:
        """Names of the contigs (n)."""
        return self.texts("chrom")

    @cached_property
    def positions(self) -> Numbers:
        """1-based positions (n,), as in the file."""
        return np.asarray(self.table["pos"].to_numpy(), dtype=np.int64)

    @cached_property
    def keys(self) -> list[tuple[str, int, str, str]]:
        """(contig, 1-based position, REF, ALT) of every row, alleles in upper case."""
        alleles = zip(self.texts("ref"), self.texts("alt"), strict=True)
        places = zip(self.contigs, self.positions.tolist(), strict=True)
        return [(*place, ref.upper(), alt.upper()) for place, (ref, alt) in zip(places, alleles, strict=True)]

    def repeated(self, order: Iterable[int]) -> list[int]:
        """Return the rows whose variant stands in a row before, too. order: of the rows."""
        first: dict[tuple[str, int, str, str], int] = {}
        return [row for row in order if first.setdefault(self.keys[row], row) != row]

    @cached_property
    def spans(self) -> tuple[Numbers, Numbers]:
        """Starts and ends (n,) of the changed bases, 0-based half-open; equal of an insertion, as in a `Row`.

        Bases that both alleles share at their ends are left out.
        """
        spans = [span_as_written(position - 1, ref, alt) for _, position, ref, alt in self.keys]
        table = np.array(spans, dtype=np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    @cached_property
    def changed(self) -> tuple[Numbers, Numbers]:
        """Starts and ends (n,) of the changed bases, 0-based half-open; of an insertion, the bases to both sides."""
        starts, ends = self.spans
        inserted = starts == ends
        return np.maximum(0, starts - inserted), ends + inserted

    def texts(self, column: str) -> list[str]:
        """Return a column as text, "" where there is none. TableError where the file lacks it."""
        return ["" if value is None else str(value) for value in self._column(column).to_pylist()]

    def numbers(self, column: str) -> Floats:
        """Return a column as numbers (n,), NaN where there is none.

        Raises TableError where the file lacks it or it holds something else.
        """
        values = self._column(column).to_pylist()
        try:
            return np.array([np.nan if value in _NO_NUMBER else float(value) for value in values], dtype=float)
        except (TypeError, ValueError) as error:
            raise TableError(f"{self.path}: the column {column!r} must hold numbers ({error})") from error

    def _column(self, name: str) -> Any:
        if name not in self:
            raise TableError(f"{self.path} has no column {name!r}; it has {', '.join(self.table.column_names)}")
        return self.table[name]

    def with_columns(self, columns: dict[str, Any]) -> "Scored":
        """Return the same rows with columns added, or put in the place of those of their name."""
        table = self.table
        for name, values in columns.items():
            made = values if isinstance(values, pa.Array) else pa.array(values)
            at = table.column_names.index(name) if name in table.column_names else None
            table = table.append_column(name, made) if at is None else table.set_column(at, name, made)
        return replace(self, table=table)


def read_scored(path: str) -> Scored:
    """Read a VCF, TSV (both plain or compressed) or Parquet, as `dnalect score` writes them.

    Other TSVs do, with a header that names chrom, pos, ref and alt. Raises InputError or one
    of its kinds where the file is unusable or holds no variant.
    """
    if path.endswith(".parquet"):
        table, provenance = _parquet(path)
    else:
        with open_vcf_lines(path, "scored file") as lines:
            first = next(lines, b"")
            if first.startswith(b"##fileformat=VCF"):
                table, provenance = read_vcf(first, lines, path)
            else:
                table, provenance = read_tsv(first + b"".join(lines), path)
    if not table.num_rows:
        raise TableError(f"{path} holds no variant")
    return Scored(table, provenance, path)


def _parquet(path: str) -> tuple[pa.Table, dict[str, str]]:
    if not Path(path).is_file():
        raise TableError(f"cannot read the scored file {path}: no such file")
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(f"{path} is no Parquet file, or is cut short: {error}") from error
    pairs = {
        key.decode(errors="replace"): value.decode(errors="replace")
        for key, value in (table.schema.metadata or {}).items()
    }
    provenance = {k.removeprefix("dnalect_"): v for k, v in pairs.items() if k.startswith("dnalect_")}
    return _keyed(table, path), provenance


def read_tsv(data: bytes, path: str) -> tuple[pa.Table, dict[str, str]]:
    """Return the table of a TSV and what its `# dnalect name: value` lines say. path: for messages."""
    provenance: dict[str, str] = {}
    while data.startswith(_COMMENT):
        line, _, data = data.partition(b"\n")
        if line.startswith(_PROVENANCE):
            name, _, value = line.removeprefix(_PROVENANCE).decode(errors="replace").partition(": ")
            provenance[name] = value.rstrip("\r")
    head = data.partition(b"\n")[0].decode(errors="replace").rstrip("\r").split("\t")
    if twice := sorted({name for name in head if head.count(name) > 1}):
        raise TableError(f"{path}: the column {twice[0]!r} is there twice; rename one")
    types = dict(_TYPES)
    for wanted, names in NAMES.items():
        types |= {name: _TYPES[wanted] for name in head if name.lower() in names}
    convert = pa.csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True)
    parse = pa.csv.ParseOptions(delimiter="\t", quote_char=False)
    try:
        # Threads of pyarrow that still start when a command ends with an error abort it (exit 134).
        read = pa.csv.ReadOptions(use_threads=False)
        table = pa.csv.read_csv(io.BytesIO(data), read, parse, convert)
    except pa.ArrowInvalid as error:
        raise TableError(f"{path} is no table of variants: {error}") from error
    return _keyed(table, path), provenance


def _keyed(table: pa.Table, path: str) -> pa.Table:
    """Name the columns of the key as KEY has them; refuse a table without them."""
    lower = [name.lower() for name in table.column_names]
    names = list(table.column_names)
    for wanted, aliases in NAMES.items():
        at = next((lower.index(alias) for alias in aliases if alias in lower), None)
        if at is None:
            raise TableError(
                f"{path} is no scored file: a VCF, or a table with the columns chrom, pos, ref and alt is needed, "
                f"and {wanted!r} is missing in {names[:8]}"
            )
        names[at] = wanted
    table = table.rename_columns(names)
    if not pa.types.is_integer(table.schema.field("pos").type) or any(table[name].null_count for name in KEY):
        raise TableError(f"{path}: every row needs chrom, pos (a whole number), ref and alt")
    return table
