"""A reference and variants -> scores: the whole job, streaming."""

import os
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from dnalect import __version__
from dnalect.core.engines import ENGINE
from dnalect.core.errors import ConfigError
from dnalect.core.files import check_outputs, written_together
from dnalect.core.kept import Kept as KeptPieces
from dnalect.core.kept import facts_of_options, kept_beside
from dnalect.core.records import Row
from dnalect.core.reporter import phase, quietly, say, warn
from dnalect.core.summaries import Summary
from dnalect.core.urls import identity_of, is_url, name_of
from dnalect.genome.fasta import Reference
from dnalect.genome.variants import Variants, open_variants
from dnalect.jobs.estimate import announce_scoring
from dnalect.jobs.score_options import Options
from dnalect.jobs.score_workers import scoring_workers
from dnalect.jobs.scoring import Scoring
from dnalect.jobs.selection import Models, named_models
from dnalect.jobs.summary import placeless, provenance, summary, table_note
from dnalect.models.backends import precision_of
from dnalect.report.multiqc import write_multiqc
from dnalect.scored.writers import Kept, open_outputs

# What changes no score.
ASIDE = {"outputs", "report", "multiqc", "command", "threads", "provenance", "shard", *ENGINE}
# What stands in the facts in another form.
TOLD = {"reference", "variants", "model", "scores"}


def score_file(options: Options) -> Summary:
    """Score a file of variants and write every output. Returns the summary of the run.

    Raises a DnalectError and leaves nothing behind where an input or output is unusable.
    """
    given = (
        options.annotate,
        options.motifs,
        options.rename,
        options.precomputed,
        options.alignment,
        *named_models(options.model),
    )
    outputs = options.outputs or ("-",)
    check_outputs([*outputs, options.report, options.multiqc], (options.reference, options.variants, *given))
    return run(Scoring(options), outputs)


def run(job: Scoring, outputs: Sequence[str | Kept]) -> Summary:
    """Score variants with a job that was made ready: see `score_file`. outputs: files, or what keeps the records."""
    options, variants = job.options, job.options.variants
    job.kept = kept_scores(job, outputs)
    with job.kept.opened(), scoring_workers(job) as job.pool, open_variants(variants, job.genome) as source:
        job.begin(source.header)
        total = announce_scoring(job, variants)
        contigs = dict(zip(job.genome.names, (int(n) for n in job.genome.lengths), strict=True))
        with written_together() as files:
            with phase("scoring", total, "records") as bar:
                job.shown = bar.update
                scored = job.rows(source.records)
                # The first ones are scored before the outputs open, whose headers say what the percentiles rest on.
                first = list(islice(scored, 1))
                if "llr" in job.measured and not job.background.off:
                    say(f"percentiles: {job.background}")
                facts = provenance(job) if options.provenance else {}
                with open_outputs(outputs, source.header, contigs, facts, job.layout, files) as writers:
                    for record, scores, rows in chain(first, scored):
                        for writer in writers:
                            writer.write(record, scores, rows)
            if job.fit.suspicious:
                warn(job.fit.notes[-1])
            if nowhere := placeless(job):
                job.notes.append(nowhere)
                warn(nowhere)
            if job.table is not None:
                say(table_note(job))
            found = summary(job, f"{named(variants)} on {job.genome.path.name}", bool(options.report))
            if options.report:
                from dnalect.report.html import write_report

                write_report(found, files.place(Path(options.report)))
            if options.multiqc:
                write_multiqc(found, files.place(Path(options.multiqc)))
    return found


def kept_scores(job: Scoring, outputs: Sequence[str | Kept]) -> KeptPieces:
    """Return where a run keeps its scores: beside the first output that is a file, of variants that are one.

    Raises ConfigError for a shard that could keep none.
    """
    variants, shard = job.options.variants, job.options.shard
    path = isinstance(variants, str | os.PathLike)
    there = path and (is_url(variants) or Path(variants).is_file()) and job.table is None
    kept = kept_beside(outputs if there else (), "scoring", partial(identity, job))
    if shard and not kept.folder:
        raise ConfigError(
            "--shard keeps scores beside the output: it takes -o FILE and a file of variants, without --precomputed"
        )
    kept.shared = bool(shard)
    return kept


def identity(job: Scoring) -> dict[str, Any]:
    """Return what the scores of a run depend on."""
    return {
        "version": __version__,
        "models": [card.sha256 for card in job.cards],
        "reference": job.genome.checksum,
        "variants": identity_of(job.options.variants),
        "scores": list(job.measured),
        **facts_of_options(job.options, ASIDE | TOLD),
        "dtype": ", ".join(dict.fromkeys(map(precision_of, job.models))),
    }


def named(variants: Variants) -> str:
    """Return what variants are called in a title."""
    return name_of(variants) if isinstance(variants, str | os.PathLike) else "variants in memory"


def score_variants(
    reference: Reference,
    variants: Variants,
    model: Models = None,
    percentiles: bool = True,
    scores: Sequence[str] | None = None,
    **options: Any,
) -> Iterator[Row]:
    """Yield a scored `Row` for every alternate allele, in order, while they are read: for files of any size.

    Args:
        reference: A FASTA, what `open_genome` gave, sequences by name, or one sequence.
        variants: A VCF, BCF, TSV or BED; tuples (contig, position from 1, ref, alt); or a data frame.
        model: A name, a folder or what `load` gave, a list of them for an ensemble; None lets the
            reference choose.
        percentiles: False saves the draw of the background that they rest on.
        scores: Of "llr", "distance", "influence", with an alignment "column" and, with a fine-tuned model, "change";
            None for "llr" and these two where there is what they need.
        **options: Device, dtype, batch, background, window, annotate, rename and others, as `score` has them.

    Yields:
        A row an alternate allele.

    Raises:
        DnalectError: Model, genome, variants or an option can't be used.

    Examples:
        >>> import dnalect
        >>> files = dnalect.demo_files()
        >>> rows = dnalect.score_variants(files.reference, files.variants, "duplex-yeast", percentiles=False)
        >>> row = next(rows)
        >>> row.contig, row.position, row.ref, row.alt, row.score.kind
        ('chrI', 9267, 'C', 'G', 'snv')
    """
    told = {"background": None if percentiles else 0, "model": model, "scores": scores} | options
    yield from quietly(_rows(Options(reference, variants, **told)))


def _rows(options: Options) -> Generator[Row]:
    job = Scoring(options)
    with scoring_workers(job) as job.pool, open_variants(options.variants, job.genome) as source:
        job.begin(source.header)
        for _, _, rows in job.rows(source.records):
            yield from rows
