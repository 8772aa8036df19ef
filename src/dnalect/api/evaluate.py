"""`dnalect.evaluate`: how well a model predicts the bases of a genome."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.reporter import using
from dnalect.genome.fasta import Reference
from dnalect.jobs.likelihood import Likelihood, Strata, aligned, run, shown
from dnalect.models.registry import Named


class Evaluation(Table):
    """A model and its rivals, a row a region each: model, region, bases, bits (with low and high), perplexity.

    bits, perplexity: of the model over all bases. rows: as `Likelihood` has them.
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
    device: str = "cpu",
    dtype: str = "float32",
    progress: Shown = None,
) -> Evaluation:
    """Return bits per base and perplexity of a model on a genome: what `dnalect evaluate likelihood` does.

    model: any language model, by name, folder or object. reference: a FASTA, what `open_genome`
    gave, sequences by name, or one sequence. regions: where, as texts (`chrI:1,001-2,000`, from 1,
    ends inside) or BED files; none for the test regions of the model's card, of another genome all
    of it or 2 Mb spread over it. rivals: fit Markov models too, on other parts of the FASTA.
    sample: random bases that stand for all; None for all, of masked models for 2,000. annotate: a
    GFF or GTF, for figures of coding, intergenic and promoter bases.
    Raises a DnalectError for unusable input.
    """
    places = [regions] if isinstance(regions, str | Path) else list(regions)
    strata = Strata(annotate=None if annotate is None else str(annotate))
    with using(progress):
        return Evaluation(
            run(model, reference, None, rivals, strata, sample, [str(each) for each in places], device, dtype)
        )
