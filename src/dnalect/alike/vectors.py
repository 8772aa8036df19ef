"""Vectors with what is known of each: what `dnalect embed` writes, or any AnnData file, read back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.alike.neighbours import Where
from dnalect.core.errors import ConfigError, InputError
from dnalect.examples.items import PLACES, VECTORS
from dnalect.genome.fasta import Genome
from dnalect.genome.gff import Annotation

SUFFIXES = (".parquet", ".h5ad", ".npz")
# Columns that say where something lies, not what it is.
PLAIN = frozenset((*(column.name for column in PLACES), "description", "name", "variant", "pos", "ref", "alt", VECTORS))
# A column of more values than this names things, not classes.
MOST_CLASSES = 60
# An index of names that .h5ad and .parquet may keep of data frames.
_INDEXES = ("_index", "__index_level_0__")
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Vectors:
    """n windows and their vectors.

    values: (n, C). columns: name -> a cell each, such as id, contig, start, end (0-based, half-open, "" and -1 where
    not known) and labels. facts: how they were made. sequences: of the windows, where they are known.
    """

    values: Singles
    columns: dict[str, list[Any]]
    facts: dict[str, str] = field(default_factory=dict)
    sequences: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def labels(self) -> list[str]:
        """The columns that say what a window is."""
        return [name for name in self.columns if name not in PLAIN]

    def column(self, name: str) -> list[Any]:
        """Return a column. Raises ConfigError where there is none of this name."""
        if name not in self.columns:
            raise ConfigError(f"there is no column {name!r}; there are {', '.join(self.columns)}")
        return self.columns[name]

    def class_names(self, name: str) -> list[str] | None:
        """Return the class of each window in a column, "" for none; None of a column that names no classes."""
        if (found := classes_of(self.columns[name])) is None:
            return None
        return ["" if number < 0 else found[0][number] for number in found[1].tolist()]

    def take(self, rows: Numbers) -> "Vectors":
        """Return some windows."""
        kept = {name: [cells[row] for row in rows.tolist()] for name, cells in self.columns.items()}
        sequences = tuple(self.sequences[row] for row in rows.tolist()) if self.sequences else ()
        return replace(self, values=self.values[rows], columns=kept, sequences=sequences)

    def where(self) -> Where:
        """Return the places of the windows."""
        contigs = self.columns.get("contig", [""] * len(self))
        numbers = {name: number for number, name in enumerate(dict.fromkeys(contigs))}
        starts, ends = (self.columns.get(name, [-1] * len(self)) for name in ("start", "end"))
        known = [contig != "" and start >= 0 for contig, start in zip(contigs, starts, strict=True)]
        contig = [numbers[name] if held else -1 for name, held in zip(contigs, known, strict=True)]
        middle = (np.array(starts, dtype=np.int64) + np.array(ends, dtype=np.int64)) // 2
        return Where(np.array(contig, dtype=np.int64), middle)

    def loci(self) -> list[str]:
        """Return "contig:start-end" of each as people write it (from 1, ends inside); the id where it is not known."""
        ids = self.columns.get("id", [str(row) for row in range(len(self))])
        if not {"contig", "start", "end"} <= self.columns.keys():
            return [str(each) for each in ids]
        places = zip(ids, *(self.columns[name] for name in ("contig", "start", "end")), strict=True)
        return [f"{c}:{s + 1:,}-{e:,}" if c != "" and s >= 0 else str(i) for i, c, s, e in places]

    def spelled(self, genome: Genome) -> "Vectors":
        """Return the vectors with the bases of their windows. Raises InputError for a window that lies not on it."""
        texts = []
        for name, start, end in zip(*(self.column(each) for each in ("contig", "start", "end")), strict=True):
            if name not in genome or not 0 <= start < end <= int(genome.lengths[genome.index[name]]):
                raise InputError(f"there is a window {name}:{start}-{end}, which {genome.path.name} has not")
            texts.append(genome.fetch(name, start, end).tobytes().decode("ascii"))
        return replace(self, sequences=tuple(texts))

    def annotated(self, annotation: Annotation) -> "Vectors":
        """Return the vectors with the columns `region` and `gene` of the base in the middle of each window."""
        names = self.columns.get("contig", [""] * len(self))
        found = [
            annotation.annotate(str(name), middle, middle + 1)
            for name, middle in zip(names, self.where().middle.tolist(), strict=True)
        ]
        told = {"region": [region for _, region, _ in found], "gene": [gene for gene, _, _ in found]}
        return replace(self, columns={**self.columns, **told})


def classes_of(cells: Sequence[Any]) -> tuple[list[str], Numbers] | None:
    """Return the names of the classes, sorted, and the class of each cell (n,), -1 of an empty one.

    None for a column that names no classes: numbers of many values, or one class a cell.
    """
    texts = [None if cell is None or cell == "" or cell != cell else _text(cell) for cell in cells]
    names = sorted({text for text in texts if text is not None})
    if not 1 < len(names) <= MOST_CLASSES or (len(names) > 6 and is_numbers(cells)):
        return None
    numbers = {name: number for number, name in enumerate(names)}
    return names, np.array([-1 if text is None else numbers[text] for text in texts], dtype=np.int64)


def is_numbers(cells: Sequence[Any]) -> bool:
    """Whether all cells are numbers or empty, and some are there."""
    held = [cell for cell in cells if cell is not None and cell != ""]
    return bool(held) and all(isinstance(cell, int | float | np.number) and not isinstance(cell, bool) for cell in held)


def _text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def holds_vectors(path: str) -> bool:
    """Whether a file is one of vectors by its name, and a .parquet by its columns, too: it may be a table."""
    if not Path(path).is_file() or Path(path).suffix not in SUFFIXES:
        return False
    if Path(path).suffix != ".parquet":
        return True
    from pyarrow.parquet import read_schema

    try:
        return "sequence" not in read_schema(path).names
    except (OSError, ValueError):
        return True


def read_vectors(path: str | Path) -> Vectors:
    """Read .parquet, .npz or .h5ad, as `dnalect embed` writes them, or any AnnData. Raises InputError for others."""
    text = str(path)
    if not Path(path).is_file():
        raise InputError(f"cannot read the vectors {text}: there is no such file")
    try:
        found = {".parquet": _parquet, ".npz": _npz, ".h5ad": _h5ad}[Path(path).suffix](Path(path))
    except (OSError, ValueError, KeyError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{text} holds no vectors as dnalect embed writes them: {told}") from error
    if found.values.ndim != 2:
        raise InputError(
            f"{text} holds a vector for every base, and here one a window is needed: embed with --pool mean"
        )
    if not np.isfinite(found.values).all():
        raise InputError(f"{text} holds vectors that are no finite numbers")
    return found


def _parquet(path: Path) -> Vectors:
    import pyarrow as pa
    from pyarrow.parquet import read_table

    table = read_table(path)
    column = table[VECTORS].combine_chunks()
    if not pa.types.is_fixed_size_list(column.type):
        return Vectors(np.zeros(0, dtype=np.float32), {})
    values = np.asarray(column.flatten().to_numpy(), dtype=np.float32).reshape(-1, column.type.list_size)
    rest = table.drop_columns([VECTORS, *(name for name in _INDEXES if name in table.column_names)])
    told = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    facts = {key.removeprefix("dnalect_"): value for key, value in told.items() if key.startswith("dnalect_")}
    return Vectors(values, {name: rest[name].to_pylist() for name in rest.column_names}, facts)


def _npz(path: Path) -> Vectors:
    with np.load(path, allow_pickle=False) as file:
        values = np.asarray(file[VECTORS], dtype=np.float32)
        if "offsets" in file:
            return Vectors(values[0], {})
        names = [name for name in file.files if name not in (VECTORS, "metadata")]
        facts = json.loads(str(file["metadata"])) if "metadata" in file else {}
        return Vectors(values, {name: file[name].tolist() for name in names}, facts)


def _h5ad(path: Path) -> Vectors:
    check_anndata(path)
    import anndata

    held = anndata.read_h5ad(path)
    values = held.X.toarray() if hasattr(held.X, "toarray") else held.X
    columns = {
        str(name): held.obs[name].astype(object).where(held.obs[name].notna(), None).tolist() for name in held.obs
    }
    facts = {str(key): str(value) for key, value in dict(held.uns.get("dnalect", {})).items()}
    columns = columns if "id" in columns else {"id": held.obs_names.tolist(), **columns}
    return Vectors(np.asarray(values, dtype=np.float32), columns, facts)


def check_anndata(path: Path) -> None:
    """Raise InputError where an h5ad can't be read or written for want of anndata."""
    try:
        import anndata  # noqa: F401
    except ImportError as error:
        raise InputError(f"{path} needs anndata: pip install 'dnalect[h5ad]', or take .parquet or .npz") from error
