"""`dnalect.evaluate`: how well a model predicts the bases of a genome."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from dnalect.api.given import options_of
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference
from dnalect.jobs.likelihood import Likelihood, aligned, run, shown
from dnalect.jobs.options import LikelihoodOptions
from dnalect.models.model import Named


class Evaluation(Table):
    """A model and its rivals, a row a region each: model, region, bases, bits (with low and high), perplexity.

    `print(found)` shows the table of the command.

    Attributes:
        bits: Bits per base of the model over all bases: mean, low and high of the 95% interval.
        perplexity: 2 to the power of these bits: 4 is guessing.
        rows: The rows with all that was measured.
    """

    def __init__(self, rows: Sequence[Likelihood]):
        self.rows = list(rows)
        super().__init__(pa.Table.from_pylist([_cells(row) for row in rows]))
        self.bits = next(row.bits for row in rows if row.order is None and row.region == "all")
        self.perplexity = float(2**self.bits.mean)

    def __str__(self) -> str:
        """The table that the command prints."""
        return aligned(shown(self.rows))


def _cells(row: Likelihood) -> dict[str, object]:
    mean, low, high = row.bits
    cells: dict[str, object] = {"model": row.model, "sides": row.sides, "kind": row.kind, "order": row.order}
    cells |= {"region": row.region, "bases": row.bases, "bits": mean, "low": low, "high": high}
    cells["perplexity"] = row.perplexity
    for name, estimate in (("minus_interpolated", row.minus_interpolated), ("minus_mixed", row.minus_mixed)):
        cells[name] = None if estimate is None else float(estimate[0])
    return cells


def evaluate(
    model: Named,
    reference: Reference,
    regions: str | Path | Sequence[str | Path] = (),
    *,
    rivals: bool = True,
    sample: int | None = None,
    annotate: str | Path | None = None,
    tss: str | Path | None = None,
    device: str = "auto",
    dtype: str = "float32",
    progress: Shown = None,
) -> Evaluation:
    """Return bits per base and perplexity of a model on a genome: what `dnalect evaluate likelihood` does.

    Args:
        model: Any language model, by name, folder or object.
        reference: A FASTA, what `open_genome` gave, sequences by name, or one sequence.
        regions: Where: texts (`chrI:1,001-2,000`, from 1, ends inside) or BED files; none for the test
            regions of the model's card; of another genome all of it, or 2 Mb spread over it.
        rivals: Fit Markov models too, on other parts of the FASTA.
        sample: Random bases that stand for all; None for all, of masked models for 2,000.
        annotate: A GFF or GTF, for figures of coding, intergenic and promoter bases.
        tss: A BED of transcripts with measured starts, for the promoters.
        device: As torch names it, or "auto" for the best there is, of a model given by name.
        dtype: "float32" or "bfloat16".
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.

    Returns:
        An `Evaluation`, a row for each of model and rivals, and each region.

    Raises:
        DnalectError: Model, genome or regions can't be used.

    Examples:
        Nobody can predict random bases, and who believes to know something loses more than 2 bits:

        >>> import random
        >>> import dnalect
        >>> genome = {"random": "".join(random.Random(0).choices("ACGT", k=2_000))}
        >>> found = dnalect.evaluate("duplex-yeast", genome, rivals=False)
        >>> 2 < found.bits.mean < 2.3, found["bases"]
        (True, [2000])
    """
    told: dict[str, Any] = {"name": model, "reference": reference, "regions": regions, "markov": rivals}
    told |= {"sample": sample, "annotate": annotate, "tss": tss, "device": device, "dtype": dtype}
    with using(progress):
        return Evaluation(run(options_of(LikelihoodOptions, told)))
