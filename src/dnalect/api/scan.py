"""`dnalect.scan`: every substitution of a genome or of parts of it."""

import os
import shutil
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from dnalect.api.given import options_of, reference_path
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference
from dnalect.jobs.scan.job import scan_genome
from dnalect.jobs.scan.options import Options
from dnalect.models.model import Named


class Scan(Table):
    """Every base with the log-ratios of its substitutions: contig, position (from 1), ref, llr_A, llr_C, llr_G, llr_T.

    They lie in a temporary folder, and are read when they are asked for: `for batch in scan.batches()`
    goes through a whole genome.
    """

    def __init__(self, folder: Path, kept: Path):
        self._kept = ds.dataset(kept, format="parquet", exclude_invalid_files=True)
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def to_arrow(self) -> pa.Table:
        """Return all rows."""
        return self._kept.to_table()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in parts."""
        yield from self._kept.to_batches()

    def __len__(self) -> int:
        return int(self._kept.count_rows())

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._kept.schema.names)


def scan(
    reference: Reference,
    model: Named | None = None,
    regions: str | Path | Sequence[str | Path] = (),
    *,
    outputs: str | Path | Sequence[str | Path] = (),
    progress: Shown = None,
    **more: Any,
) -> Scan:
    """Compute every single-base substitution of a genome: what `dnalect scan` does.

    Args:
        reference: A FASTA, what `open_genome` gave, sequences by name, or one sequence.
        model: A duplex by name, folder or object; None lets the reference choose.
        regions: `chrI`, `chrI:1,001-2,000` (from 1, ends inside) or BED files; none for all.
        outputs: .parquet folders and .bw tracks to write too.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: rename, batch, device, dtype.

    Returns:
        A `Scan`, a row a base.

    Raises:
        DnalectError: Model, genome or regions can't be used.

    Examples:
        >>> import dnalect
        >>> found = dnalect.scan(dnalect.demo_files().reference, "duplex-yeast", "chrI:10,001-10,200")
        >>> len(found), found.columns[:4]
        (200, ['contig', 'position', 'ref', 'llr_A'])
    """
    paths = [outputs] if isinstance(outputs, str | os.PathLike) else list(outputs)
    folder = Path(mkdtemp(prefix="dnalect"))  # lives as long as the result
    told: dict[str, Any] = {"model": model, "regions": regions}
    try:
        with using(progress):
            kept = folder / "scan.parquet"
            told |= {"reference": reference_path(reference, folder), "outputs": [*paths, kept]}
            scan_genome(options_of(Options, {**told, **more}))
        return Scan(folder, kept)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
