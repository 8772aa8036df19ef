"""`dnalect.label`: windows of a genome by the cells in which they are open."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dnalect.api.given import options_of, reference_path
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference
from dnalect.jobs.label import label_file
from dnalect.jobs.options import LabelOptions


def label(
    peaks: Mapping[str, str | Path],
    reference: Reference,
    *,
    window: int = 512,
    background: int = 0,
    long: bool = False,
    output: str | Path = "",
    progress: Shown = None,
    **more: Any,
) -> Table:
    """Label windows of a genome by the cells in which they are open: what `dnalect label` does.

    Args:
        peaks: Name of a cell -> its peaks, a BED of one assay.
        reference: The genome that they lie on.
        window: Bases of an element.
        background: Windows without a peak for every element, of about its GC, closed in every cell.
        long: A row for each element in each cell, with the columns cell and label, for `finetune(beside=...)`.
        output: A file to write too: .tsv, .csv, .parquet.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: seed.

    Returns:
        A `Table`: contig, start, end (0-based half-open), and a column for each cell: 1 open, 0 closed, None where a
        peak touches the window only.

    Raises:
        DnalectError: A file is no BED, or of another genome; or background is short.

    Examples:
        >>> from pathlib import Path
        >>> import random
        >>> import dnalect
        >>> genome = {"c": "".join(random.Random(0).choices("ACGT", k=2000))}
        >>> _ = Path("liver.bed").write_text("c\\t100\\t200\\nc\\t900\\t1000\\n")
        >>> _ = Path("heart.bed").write_text("c\\t920\\t1020\\n")
        >>> found = dnalect.label({"liver": "liver.bed", "heart": "heart.bed"}, genome, window=100, progress=False)
        >>> found["start"], found["liver"], found["heart"]
        ([100, 910], [1, 1], [0, 1])
    """
    with TemporaryDirectory() as name, using(progress):
        given = tuple(f"{cell}={file}" for cell, file in peaks.items())
        told = {"window": window, "background": background, "long": long, "output": str(output)}
        told |= {"reference": reference_path(reference, Path(name))}
        return Table(label_file(options_of(LabelOptions, {"peaks": given, **told, **more})))
