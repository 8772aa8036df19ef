"""Embeddings out, written as they come: Parquet, AnnData (.h5ad), NumPy (.npz)."""

import base64
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dnalect.core.errors import OutputError
from dnalect.core.files import Together
from dnalect.examples.items import PLACES, VECTORS, Cell, Column, Item, cells_of

SUFFIXES = (".parquet", ".h5ad", ".npz")
# Bytes of a row group, and of a block of X or of text.
GROUP = 1 << 25
BLOCK = 1 << 20
Floats = npt.NDArray[np.float32]
_ARROW = {"text": pa.string(), "number": pa.float64(), "whole": pa.int64()}


class Writer(Protocol):
    """Takes the items and their vectors in order: (n, C), or a list of (L, C) for a vector a base."""

    def write(self, items: Sequence[Item], vectors: Floats | list[Floats]) -> None: ...


def suffix_of(output: str, bases: bool = False) -> str:
    """Return which of SUFFIXES a file has. bases: a vector for every base.

    Raises OutputError for another suffix, for h5ad with a vector for every base, or without anndata.
    """
    found = next((suffix for suffix in SUFFIXES if output.endswith(suffix)), None)
    if found is None:
        raise OutputError(f"the output {output} has none of the suffixes {', '.join(SUFFIXES)}")
    if found == ".h5ad" and bases:
        raise OutputError(f"{output}: h5ad holds one vector a window; write those of bases to .parquet or .npz")
    return found


@contextmanager
def open_output(
    path: Path, columns: Sequence[Column], width: int, bases: bool, facts: dict[str, str], files: Together
) -> Iterator[Writer]:
    """Open an output, which is whole when the block ends, and appears with the other `files`.

    columns: those of the source. width: channels. bases: a vector for every base. facts: what
    the file says of its making; may grow until the block ends.
    """
    suffix = suffix_of(str(path), bases)
    opened = {".parquet": _parquet, ".h5ad": _h5ad, ".npz": _npz}[suffix]
    with opened(files.place(path), columns, width, bases, facts) as writer:
        yield writer


class _Gathering:
    """Keeps the places and labels of rows in memory."""

    def __init__(self, columns: Sequence[Column]):
        self.columns = columns
        self.clear()

    def clear(self) -> None:
        self.cells: dict[str, list[Cell]] = {each.name: [] for each in (*PLACES, *self.columns)}
        self.rows = 0

    def gather(self, items: Sequence[Item]) -> None:
        for name, cells in cells_of(items, self.columns).items():
            self.cells[name] += cells
        self.rows += len(items)

    def table(self) -> dict[str, list[str] | npt.NDArray[Any]]:
        """Return name -> one cell a row: a list of text with "" for nothing, float64 with NaN, int64."""
        return {each.name: _column(self.cells[each.name], each.kind) for each in (*PLACES, *self.columns)}


def _column(cells: list[Cell], kind: str) -> list[str] | npt.NDArray[Any]:
    if kind == "text":
        return ["" if cell is None else str(cell) for cell in cells]
    if kind == "number":
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return np.array(cells, dtype=np.int64)


class _ParquetWriter(_Gathering):
    """Fills a row group in one buffer: many arrays that live on between the passes would scatter the heap."""

    def __init__(self, file: pq.ParquetWriter, columns: Sequence[Column], width: int, bases: bool):
        super().__init__(columns)
        self.file, self.bases = file, bases
        self.buffer = np.empty((max(1, GROUP // (4 * width)), width), dtype=np.float32)
        self.filled = 0
        self.ends = [0]

    def write(self, items: Sequence[Item], vectors: Floats | list[Floats]) -> None:
        flat = np.concatenate(vectors) if isinstance(vectors, list) else vectors
        if self.filled + len(flat) > len(self.buffer):
            self.flush()
        self.gather(items)
        for each in vectors:
            self.ends.append(self.ends[-1] + (len(each) if self.bases else 1))
        if len(flat) > len(self.buffer):
            self._put(flat)
            return
        self.buffer[self.filled : self.filled + len(flat)] = flat
        self.filled += len(flat)

    def flush(self) -> None:
        if self.rows:
            self._put(self.buffer[: self.filled])

    def _put(self, flat: Floats) -> None:
        arrays = [pa.array(self.cells[each.name], _ARROW[each.kind]) for each in (*PLACES, *self.columns)]
        embedded = pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), flat.shape[1])
        if self.bases:
            embedded = pa.ListArray.from_arrays(pa.array(self.ends, pa.int32()), embedded)
        self.file.write_table(pa.Table.from_arrays([*arrays, embedded], schema=self.file.schema))
        self.clear()
        self.filled, self.ends = 0, [0]


@contextmanager
def _parquet(
    temporary: Path, columns: Sequence[Column], width: int, bases: bool, facts: dict[str, str]
) -> Iterator[Writer]:
    vector = pa.list_(pa.float32(), width)
    fields = [pa.field(each.name, _ARROW[each.kind]) for each in (*PLACES, *columns)]
    schema = pa.schema([*fields, pa.field(VECTORS, pa.list_(vector) if bases else vector)])
    with pq.ParquetWriter(temporary, schema, store_schema=False) as file:
        writer = _ParquetWriter(file, columns, width, bases)
        yield writer
        writer.flush()
        told = {f"dnalect_{name}": value for name, value in facts.items()}
        # Readers of Arrow take fixed sizes and all notes from its own copy of the schema, and that
        # of the writer is of the beginning, when the notes are not whole: so it is made here.
        copy = base64.b64encode(schema.with_metadata(told).serialize().to_pybytes())
        file.add_key_value_metadata({**told, "ARROW:schema": copy})


class _NpzWriter(_Gathering):
    def __init__(self, columns: Sequence[Column], spool: Any):
        super().__init__(columns)
        self.spool, self.ends = spool, [0]

    def write(self, items: Sequence[Item], vectors: Floats | list[Floats]) -> None:
        self.gather(items)
        for each in vectors if isinstance(vectors, list) else [vectors]:
            self.spool.write(np.ascontiguousarray(each, dtype="<f4").tobytes())
            self.ends.append(self.ends[-1] + len(each))


@contextmanager
def _npz(
    temporary: Path, columns: Sequence[Column], width: int, bases: bool, facts: dict[str, str]
) -> Iterator[Writer]:
    # Beside the output, as /tmp may be small.
    spooled = temporary.with_name(f"{temporary.name}.vectors")
    try:
        with spooled.open("wb") as spool:
            writer = _NpzWriter(columns, spool)
            yield writer
        table = writer.table()
        if bases:
            table["offsets"] = np.array(writer.ends, dtype=np.int64)
        table["metadata"] = np.array(json.dumps(facts), dtype=np.str_)
        _zip(temporary, spooled, (writer.ends[-1], width), table)
    finally:
        spooled.unlink(missing_ok=True)


def _zip(path: Path, spooled: Path, shape: tuple[int, int], table: Mapping[str, list[str] | npt.NDArray[Any]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        with archive.open(f"{VECTORS}.npy", "w", force_zip64=True) as out, spooled.open("rb") as spool:
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(out, header)
            shutil.copyfileobj(spool, out, BLOCK)
        for name, column in table.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            if isinstance(column, list):
                member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as out:
                if isinstance(column, list):
                    _write_text(out, column)
                else:
                    np.lib.format.write_array(out, column, allow_pickle=False)


def _write_text(out: IO[bytes], cells: list[str]) -> None:
    """Write a column as .npy, a block at a time: each cell takes the room of the longest, perhaps a long allele."""
    longest = max(1, *map(len, cells)) if cells else 1
    np.lib.format.write_array_header_1_0(out, {"descr": f"<U{longest}", "fortran_order": False, "shape": (len(cells),)})
    rows = max(1, BLOCK // (4 * longest))
    for low in range(0, len(cells), rows):
        out.write(np.array(cells[low : low + rows], dtype=f"<U{longest}").tobytes())


class _H5adWriter(_Gathering):
    def __init__(self, columns: Sequence[Column], vectors: Any):
        super().__init__(columns)
        self.vectors = vectors

    def write(self, items: Sequence[Item], vectors: Floats | list[Floats]) -> None:
        low = self.rows
        self.gather(items)
        self.vectors.resize(self.rows, axis=0)
        self.vectors[low:] = vectors


@contextmanager
def _h5ad(
    temporary: Path, columns: Sequence[Column], width: int, bases: bool, facts: dict[str, str]
) -> Iterator[Writer]:
    check_anndata(temporary)
    import h5py
    import pandas as pd
    from anndata.io import write_elem
    from anndata.utils import make_index_unique

    with h5py.File(temporary, "w") as file:
        rows = max(1, BLOCK // (4 * width))
        held = file.create_dataset("X", (0, width), "f4", maxshape=(None, width), chunks=(rows, width))
        held.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        writer = _H5adWriter(columns, held)
        yield writer
        table = writer.table()
        names = make_index_unique(pd.Index(table["id"], dtype="str"))
        write_elem(file, "obs", pd.DataFrame(table, index=names))
        write_elem(file, "var", pd.DataFrame(index=pd.Index([f"channel{n}" for n in range(width)], dtype="str")))
        write_elem(file, "uns", {"dnalect": dict(facts)})
        for empty in ("obsm", "varm", "obsp", "varp", "layers"):
            write_elem(file, empty, {})
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})


def check_anndata(path: Path | str) -> None:
    """Raise OutputError where an h5ad cannot be written for want of anndata."""
    try:
        import anndata  # noqa: F401
        import h5py  # noqa: F401
    except ImportError as error:
        raise OutputError(f"{path} needs anndata: pip install 'dnalect[h5ad]', or write .parquet or .npz") from error
