"""A reference and variants -> scores: the whole job, streaming."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dnalect.core.errors import OutputError
from dnalect.core.files import check_writable
from dnalect.core.notices import say
from dnalect.core.progress import phase
from dnalect.core.records import Row, Summary
from dnalect.genome.fasta import Reference
from dnalect.genome.variants import Variants, open_variants
from dnalect.report.html import write_report
from dnalect.report.multiqc import write_multiqc
from dnalect.workflows.choice import Models
from dnalect.workflows.outputs import Kept, kind_of, open_outputs
from dnalect.workflows.scoring import Options, Scoring
from dnalect.workflows.summary import provenance, summary, table_note


def score_file(
    reference: str,
    variants: str,
    outputs: list[str],
    options: Options,
    report: str | None = None,
    multiqc: str | None = None,
) -> Summary:
    """Score a file of variants and write every output. Returns the summary of the run.

    Raises a DnalectError and leaves nothing behind where an input or output is unusable.
    """
    _check_paths(reference, variants, [*outputs, *filter(None, (report, multiqc))])
    return run(Scoring(reference, options), variants, outputs, report, multiqc)


def run(
    job: Scoring,
    variants: Variants,
    outputs: Sequence[str | Kept],
    report: str | None = None,
    multiqc: str | None = None,
) -> Summary:
    """Score variants with a job that was made ready: see `score_file`. outputs: files, or what keeps the records."""
    options = job.options
    with open_variants(variants, job.genome) as source:
        contigs = dict(zip(job.genome.names, (int(n) for n in job.genome.lengths), strict=True))
        facts = provenance(job) if options.provenance else {}
        with (
            open_outputs(outputs, source.header, contigs, facts, job.layout) as writers,
            phase("scoring", unit="records", quiet=options.quiet) as bar,
        ):
            for record, scores, rows in job.rows(source.records):
                for writer in writers:
                    writer.write(record, scores, rows)
                bar.update()
            if job.table is not None and not options.quiet:
                say(table_note(job))
            found = summary(job, f"{named(variants)} on {job.genome.path.name}")
            if report:
                write_report(found, Path(report))
            if multiqc:
                write_multiqc(found, Path(multiqc))
    return found


def named(variants: Variants) -> str:
    """Return what variants are called in a title."""
    return Path(variants).name if isinstance(variants, str | os.PathLike) else "variants in memory"


def score_variants(
    reference: Reference,
    variants: Variants,
    model: Models = None,
    percentiles: bool = True,
    scores: Sequence[str] | None = None,
    **options: Any,
) -> Iterator[Row]:
    """Yield a scored Row for every alternate allele, in order, while they are read: for files of any size.

    reference, variants, model, and options such as device, dtype, batch, background, window,
    annotate, rename: as `dnalect.score` has them. percentiles: False saves the background draw.
    scores: of "llr", "distance" and, with a fine-tuned model, "change"; None for "llr" and that
    model's "change".
    Raises a DnalectError for unusable input.
    """
    asked = None if scores is None else tuple(scores)
    told = {"background": None if percentiles else 0, "quiet": True} | options
    job = Scoring(reference, Options(model=model, scores=asked, **told))
    with open_variants(variants, job.genome) as source:
        for _, _, rows in job.rows(source.records):
            yield from rows


def _check_paths(reference: str, variants: str, outputs: list[str]) -> None:
    inputs = {Path(p).resolve() for p in (reference, variants) if p != "-"}
    seen: set[Path] = set()
    for output in outputs:
        if output == "-":
            continue
        path = Path(output)
        if path.resolve() in inputs:
            raise OutputError(f"{path} is an input; write to another name")
        if path.resolve() in seen:
            raise OutputError(f"{path} is named twice as an output")
        seen.add(path.resolve())
        check_writable(path)


def check_suffixes(outputs: list[str]) -> None:
    """Raise OutputError for an output whose suffix names no format."""
    for output in outputs:
        kind_of(output, True)
