"""What `dnalect scan` wrote, read back: log-probabilities of single sites without the network."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dnalect.core.errors import InputError
from dnalect.core.stored import PieceReader
from dnalect.genome.fasta import Genome
from dnalect.inference.scan import Ratios, log_probs_of
from dnalect.models.model import Model
from dnalect.tokens.bases import BASES

# The underscore keeps readers that take the folder for one table from reading it as Parquet.
MANIFEST = "_scan.json"
FORMAT = "dnalect scan 3"
# Bytes of a file that are checked together.
PIECE = 1 << 20
RATIOS = tuple(f"llr_{base}" for base in BASES)
Folders = npt.NDArray[np.int64]
T = TypeVar("T")

# Half a unit in the last place of float16, and the rounding of float32 sums.
BOUND = {
    "float32": "SNV scores within |LLR| / 2048 + 0.0001 of the model's",
    "bfloat16": "SNV scores within the rounding of bfloat16 of the model's",
}
OPEN_FILES = 16
KEPT_GROUPS = 16


def digest(plan: dict[str, Any]) -> str:
    """Return the hex SHA-256 of a plan (what a scan's numbers depend on) or a manifest."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a scan's folder: plan, and by contig the file and the checksums of its pieces.

    Raises InputError where it is none, is damaged, or of another format.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        plan, contigs = manifest["plan"], manifest["contigs"]
        known = {key: str(plan[key]) for key in ("format", "model", "reference", "dtype")}
        files = {str(each["name"]): (str(each["file"]), list(each.get("crc32", ()))) for each in contigs}
        whole = manifest.get("sha256") == digest({key: manifest[key] for key in manifest if key != "sha256"})
    except OSError as error:
        raise InputError(
            f"{folder} is no folder that dnalect scan wrote: {MANIFEST} cannot be read ({error.strerror})"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{folder / MANIFEST} is damaged; scan again") from error
    if known["format"] != FORMAT:
        raise InputError(f"{folder} has the format {known['format']!r}, this dnalect reads {FORMAT!r}; scan again")
    if not whole:
        raise InputError(f"{folder / MANIFEST} is damaged: its checksum differs; scan again")
    return {"plan": plan, "files": files}


@dataclass(frozen=True)
class _Contig:
    """An open file and the last position (1-based) of each of its row groups."""

    path: Path
    file: pq.ParquetFile
    last: Folders


def _dtype(plan: dict[str, Any]) -> str:
    """What a scan computed in, whatever backend did: float16 holds less than where these differ."""
    return str(plan["dtype"]).partition(" ")[0]


class Precomputed:
    """The log-ratios of one scan, for the reference and the model that it was made with.

    folder: OUT.parquet of `dnalect scan`. identity: changes with the numbers in it. bound:
    says how far they are from the model's.
    asked, missing: how many sites were looked for, and how many of them it does not have.
    Raises InputError for a folder that was made with another model, reference or dtype.
    """

    def __init__(self, folder: Path, genome: Genome, model: Model):
        self.folder, self.genome = folder, genome
        manifest = read_manifest(folder)
        self._compare(manifest["plan"], model)
        self.identity = digest(manifest["plan"])
        self.bound = BOUND[_dtype(manifest["plan"])]
        self.files: dict[str, tuple[str, list[int]]] = manifest["files"]
        self.asked = self.missing = 0
        self._contigs: Recent[_Contig | None] = Recent(OPEN_FILES)
        self._groups: Recent[tuple[Folders, Ratios]] = Recent(KEPT_GROUPS)

    def _compare(self, plan: dict[str, Any], model: Model) -> None:
        card, dtype = model.card, str(model.dtype).removeprefix("torch.")
        for what, there, here, fix in (
            ("model", plan["model"], card.sha256, f"name that model with --model, or scan with {card.id}"),
            ("reference", plan["reference"], self.genome.checksum, f"give that FASTA, or scan {self.genome.path.name}"),
            ("dtype", _dtype(plan), dtype, f"give --dtype {_dtype(plan)}, or scan with --dtype {dtype}"),
        ):
            if there != here:
                raise InputError(
                    f"{self.folder} was computed with another {what} ({there[:12]}, this run has {here[:12]}): {fix}"
                )

    def at_sites(self, contigs: Folders, positions: Folders) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Return ln p (n, 4) in A, C, G, T order, and which of the n sites are known here.

        contigs: numbers. positions: 0-based; both sorted, contig first, so that every row
        group is read once.
        """
        ratios = np.full((len(positions), 4), np.nan, dtype=np.float16)
        for number in np.unique(contigs).tolist():
            mine = np.flatnonzero(contigs == number)
            if (contig := self._contigs.get(number, partial(self._open, number))) is not None:
                ratios[mine] = self._of_contig(number, contig, positions[mine] + 1)
        log_probs = log_probs_of(ratios)
        found = ~np.isnan(log_probs[:, 0])
        self.asked += len(found)
        self.missing += int((~found).sum())
        return log_probs, found

    def _of_contig(self, number: int, contig: _Contig, positions: Folders) -> Ratios:
        out = np.full((len(positions), 4), np.nan, dtype=np.float16)
        groups = np.searchsorted(contig.last, positions)
        for group in np.unique(groups[groups < len(contig.last)]).tolist():
            mine = np.flatnonzero(groups == group)
            there, ratios = self._groups.get((number, group), partial(_read, contig, group))
            at = np.minimum(np.searchsorted(there, positions[mine]), len(there) - 1)
            hit = there[at] == positions[mine]
            out[mine[hit]] = ratios[at[hit]]
        return out

    def _open(self, number: int) -> _Contig | None:
        if (found := self.files.get(self.genome.names[number])) is None:
            return None
        path = self.folder / found[0]
        try:
            file = pq.ParquetFile(PieceReader(path, found[1], PIECE))
            meta = file.metadata
            column = file.schema_arrow.names.index("position")
            groups = [meta.row_group(n).column(column) for n in range(meta.num_row_groups)]
            last = np.array([group.statistics.max for group in groups], dtype=np.int64)
        except (OSError, pa.ArrowException, ValueError, AttributeError, InputError) as error:
            raise _damaged(path, error) from error
        return _Contig(path, file, last)


class Recent(Generic[T]):
    """Keeps the `most` values that were asked for last, and makes the others anew."""

    def __init__(self, most: int):
        self.most = most
        self.values: OrderedDict[object, T] = OrderedDict()

    def get(self, key: object, make: Callable[[], T]) -> T:
        """Return the value of `key`, made by `make` unless it is still kept."""
        value = self.values.pop(key) if key in self.values else make()
        self.values[key] = value
        if len(self.values) > self.most:
            self.values.popitem(last=False)
        return value


def _read(contig: _Contig, group: int) -> tuple[Folders, Ratios]:
    """Return positions (n,), 1-based and sorted, and ratios (n, 4) of one row group."""
    try:
        table = contig.file.read_row_group(group, columns=["position", *RATIOS], use_threads=False)
        positions = table.column("position").to_numpy().astype(np.int64)
        columns = [table.column(name).to_numpy().astype(np.float16) for name in RATIOS]
    except (OSError, pa.ArrowException, KeyError, ValueError, InputError) as error:
        raise _damaged(contig.path, error) from error
    return positions, np.stack(columns, axis=1)


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path} cannot be read ({str(error).splitlines()[0]}); scan again")
