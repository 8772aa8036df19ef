"""Backgrounds that lie in a model's folder: quantiles, so that nothing needs to be drawn."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dnalect.core.errors import ModelError
from dnalect.core.files import written_whole
from dnalect.core.reporter import warn
from dnalect.core.stored import sealed, unsealed
from dnalect.inference.background.quantiles import Pool, Quantiles
from dnalect.inference.background.strata import NAMES

FORMAT = "dnalect background table 1"
PATTERN = "background*.npz"
# Order statistics that are kept of SNVs, and of each band of lengths of others.
SNV_TAIL, SNV_INNER = 100, 1_000
TAIL, INNER = 16, 80


@dataclass(frozen=True)
class Table:
    """Pools of quantiles, and what they were made of.

    model: SHA-256 of the weights. definition, flank: of the score. references: checksums of the
    sequences that the variants are of. among: these in words. seed: of the draws.
    """

    model: str
    definition: str
    flank: int
    dtype: str
    references: tuple[str, ...]
    among: str
    seed: int
    pools: tuple[Pool, ...]

    def __str__(self) -> str:
        """What percentiles rest on, for the provenance."""
        parts: dict[str, int] = {}
        for pool in self.pools:
            parts[NAMES[pool.group]] = parts.get(NAMES[pool.group], 0) + pool.count
        counts = ", ".join(f"{count:,} {name}" for name, count in parts.items())
        return f"came with the model, seed {self.seed}: {counts} among variants of {self.among}"


def write_table(path: Path, table: Table) -> int:
    """Write a table, thinned to its quantiles. Returns its size in bytes. OutputError where it can't be written."""
    arrays: dict[str, Any] = {}
    facts = []
    for number, pool in enumerate(table.pools):
        kept = pool.thinned(SNV_TAIL, SNV_INNER) if pool.group == "snv" else pool.thinned(TAIL, INNER)
        arrays[f"{number}.fit"] = np.stack([kept.at, kept.place, kept.spread])
        for band, part in kept.parts.items():
            arrays[f"{number}.{band}.values"] = part.values
            arrays[f"{number}.{band}.places"] = part.places.astype(np.int32)
        counts = {str(band): part.count for band, part in kept.parts.items()}
        facts.append({"group": pool.group, "low": pool.low, "high": pool.high, "counts": counts})
    known = {key: value for key, value in vars(table).items() if key != "pools"}
    text = json.dumps({"format": FORMAT, **known, "pools": facts}, sort_keys=True)
    packed = io.BytesIO()
    np.savez_compressed(packed, facts=np.array(text), **arrays)
    data = sealed(packed.getvalue(), table.model)
    with written_whole(path) as temporary:
        temporary.write_bytes(data)
    return len(data)


def read_table(path: Path, model: str) -> Table:
    """Read a table. model: SHA-256 of the weights that it must be of.

    Raises ModelError where it can't be read, is damaged, or is of other weights.
    """
    try:
        data = unsealed(path.read_bytes(), model)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    if data is None:
        raise ModelError(f"{path} is damaged, or of other weights: make it again with `dnalect models background`")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            facts = json.loads(str(arrays["facts"]))
            if facts["format"] != FORMAT:
                raise ModelError(f"{path} has the format {facts['format']!r}, and this dnalect reads {FORMAT!r}")
            pools = tuple(_pool(number, each, arrays) for number, each in enumerate(facts["pools"]))
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} is no background of a model: {error}") from error
    known = {key: value for key, value in facts.items() if key not in ("format", "pools", "references")}
    return Table(**known, references=tuple(facts["references"]), pools=pools)


def _pool(number: int, facts: dict[str, Any], arrays: Any) -> Pool:
    at, place, spread = arrays[f"{number}.fit"]
    parts = {
        int(band): Quantiles(
            arrays[f"{number}.{band}.values"], arrays[f"{number}.{band}.places"].astype(np.int64), int(count)
        )
        for band, count in facts["counts"].items()
    }
    return Pool(facts["group"], int(facts["low"]), int(facts["high"]), at, place, spread, parts)


def tables_in(folder: Path, model: str, notify: Callable[[str], None] = warn) -> list[Table]:
    """Return the tables of a model's folder, in the order of their names; what can't be read is told and left out."""
    found = []
    for path in sorted(folder.glob(PATTERN)):
        try:
            found.append(read_table(path, model))
        except ModelError as error:
            notify(str(error))
    return found


def fitting(tables: Sequence[Table], definition: str, flank: int, reference: str, known: bool) -> Table | None:
    """Return the table for a score on a reference, or None.

    reference: its checksum. known: whether it is of an assembly that the model learned from.
    A table of the very reference goes before another one.
    """
    same = [table for table in tables if (table.definition, table.flank) == (definition, flank)]
    own = [table for table in same if reference in table.references]
    return next(iter([*own, *(same if known else [])]), None)
