"""`dnalect.score`: variants on a reference, scored; the whole in memory."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from dnalect.api.given import input_path, options_of
from dnalect.api.table import Table
from dnalect.core.records import Row
from dnalect.core.reporter import Reporter, State, using
from dnalect.core.summaries import Summary
from dnalect.genome.fasta import Reference
from dnalect.genome.variants import Variants
from dnalect.jobs.score import run
from dnalect.jobs.score_options import Options
from dnalect.jobs.scoring import Scoring
from dnalect.jobs.selection import Models
from dnalect.jobs.summary import summary
from dnalect.report.html import write_report
from dnalect.scored.writers import Kept, kind_of

# Who hears a run: a Reporter; a function of a State, how far it is; False for nobody; None for a bar on a terminal.
Shown = Reporter | Callable[[State], None] | bool | None


class Scores(Table):
    """Scored variants, one row an alternate allele, in the order of the input.

    A loop gives a `Row` each: contig, position (from 1), ref, alt, and `score` with value, percentile, reason.

    Attributes:
        rows: All rows.
        summary: Counts, notes and provenance of the run.
        notes: What the reader must not miss.
    """

    def __init__(self, job: Scoring, kept: Kept, found: Summary):
        self._job, self._kept, self.summary = job, kept, found
        self.rows: list[Row] = [row for _, _, rows in kept.records for row in rows]

    @property
    def notes(self) -> list[str]:
        """What the reader must not miss."""
        return [*self.summary.notes, *self.summary.facts]

    def to_arrow(self) -> pa.Table:
        """Return the columns that a Parquet file of `dnalect score` has."""
        return self._kept.table()

    def write(self, *paths: str | Path) -> None:
        """Write files, of the suffixes that `dnalect score -o` knows: .vcf.gz, .tsv, .parquet, .bw ...

        Raises:
            OutputError: Another suffix, or a file that can't be written.
        """
        for path in paths:
            kind_of(str(path), True)
        self._kept.write_to([str(path) for path in paths])

    def report(self, path: str | Path) -> None:
        """Write the HTML report, with pictures of the sequence around the lowest-ranked variants."""
        write_report(summary(self._job, self.summary.title, pictures=True), Path(path))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __repr__(self) -> str:
        told = ", ".join(f"{n:,} {what}" for what, n in self.summary.outcomes.items())
        return f"Scores({self.summary.title}: {told or 'none'})"


def scored_path(scored: Any, folder: Path) -> str:
    """Return the path of scored variants; what is in memory is written into the folder. scored: Scores, or an input."""
    if not isinstance(scored, Scores):
        return input_path(scored, folder)
    path = str(folder / "scored.parquet")
    scored.write(path)
    return path


def score(
    reference: Reference,
    variants: Variants,
    model: Models = None,
    *,
    scores: Sequence[str] | None = None,
    device: str | None = None,
    dtype: str | None = None,
    batch: int | None = None,
    window: int | None = None,
    background: int | None = None,
    annotate: str | Path | None = None,
    rename: str | None = None,
    report: str | Path | None = None,
    progress: Shown = None,
    **more: Any,
) -> Scores:
    """Score every alternate allele of some variants: what `dnalect score` does.

    All rows are held; `score_variants` goes through files of any size.

    Args:
        reference: A FASTA, what `open_genome` gave, sequences by name, or one sequence.
        variants: A VCF, BCF, TSV or BED; tuples (contig, position from 1, ref, alt); or a data frame
            with columns chrom, pos, ref, alt.
        model: A name, a folder or what `load` gave, a list of them for an ensemble; None lets the
            reference choose.
        scores: Of "llr", "distance", "influence" and, with a fine-tuned model, "change"; None for "llr" and that
            model's "change"; of a model of splice sites "splice". [What they are](scores.md).
        device: As torch names it, of models given by name.
        dtype: "float32" or "bfloat16", of models given by name.
        batch: Windows in one pass.
        window: Bases of an indel's window, of distances, of a predicted change.
        background: SNVs that percentiles rest on, 0 for no percentiles.
        annotate: A GFF3 or GTF.
        rename: "auto" or a file, for contig names.
        report: Also write the HTML report here.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, such as motifs, by their names here.

    Returns:
        `Scores`, a row an alternate allele.

    Raises:
        DnalectError: Model, genome, variants or an option can't be used.

    Examples:
        >>> import dnalect
        >>> files = dnalect.demo_files()
        >>> variants = [("chrI", 10_001, "G", "A"), ("chrI", 20_000, "C", "T")]
        >>> scores = dnalect.score(files.reference, variants, "duplex-yeast", background=0)
        >>> [row.score.reason for row in scores]
        ['', 'ref_mismatch']
        >>> round(scores.rows[0].score.value, 2)
        1.19
        >>> scores.columns[:5]
        ['chrom', 'pos', 'id', 'ref', 'alt']
    """
    told: dict[str, Any] = {
        "device": device,
        "dtype": dtype,
        "batch": batch,
        "window": window,
        "background": background,
    }
    told |= {"annotate": annotate, "rename": rename, "report": report}
    given = {name: value for name, value in told.items() if value is not None}
    given |= {"reference": reference, "variants": variants, "model": model, "scores": scores}
    kept = Kept()
    with using(progress):
        job = Scoring(options_of(Options, {**given, **more}))
        found = run(job, [kept])
    return Scores(job, kept, found)
