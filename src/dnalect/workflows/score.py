"""A reference and variants -> scores: the whole job, streaming."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dnalect import __version__
from dnalect.core.errors import ModelError, OutputError
from dnalect.core.files import check_writable
from dnalect.core.records import Context, Reason, Row, Score, Summary, Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.gff import Annotation, open_annotation
from dnalect.genome.names import ContigNames
from dnalect.genome.variants import open_variants
from dnalect.genome.vcf import Record
from dnalect.inference.background import Background, stratum
from dnalect.inference.likelihood import scorer_for
from dnalect.inference.precomputed import Precomputed
from dnalect.models.duplex.model import DuplexModel
from dnalect.models.registry import load
from dnalect.report.html import write_report
from dnalect.report.multiqc import write_multiqc
from dnalect.windows.alleles import resolve
from dnalect.workflows.choice import foreign, model_for, say
from dnalect.workflows.outputs import kind_of, open_outputs
from dnalect.workflows.tally import SCORE_BINS, Tally

# Records a chunk: fixed, so that the numbers never depend on how a file is read.
CHUNK = 4096
PICTURED = 12
SHOWN = 20


@dataclass(frozen=True)
class Options:
    """How to score.

    model: name or folder; None lets the reference choose. window: bases of an indel's
    window; None for the card's. batch: windows a forward. background: SNVs of the
    background, background_others: variants of each other stratum; 0 leaves percentiles out,
    None is what the kind of model can afford.
    rename: None, "auto" or a file. precomputed: folder of a scan to look SNVs up in.
    provenance: write it into the outputs. command: as typed.
    """

    model: str | None = None
    window: int | None = None
    batch: int | None = None
    device: str = "cpu"
    dtype: str = "float32"
    seed: int = 1
    background: int | None = None
    background_others: int | None = None
    rename: str | None = None
    annotate: str | None = None
    precomputed: str | None = None
    provenance: bool = True
    command: str = ""
    quiet: bool = False


class Scoring:
    """One reference, one model, ready to score records."""

    def __init__(self, reference: str, options: Options):
        self.options = options
        self.genome = open_genome(reference)
        self.notes: list[str] = []
        self.model = load(model_for(self.genome, options.model), options.device, options.dtype)
        flank = options.window // 2 if options.window else None
        if flank is not None and not 32 <= flank <= self.model.context_bases // 4:
            raise ModelError(f"--window must lie between 64 and {self.model.context_bases // 2} bases")
        self.table = self._table(options.precomputed) if options.precomputed else None
        self.asked = self.missing = 0
        self.scorer = scorer_for(self.model, self.genome, flank, options.batch, self.table)
        notify: Callable[[str], None] = (lambda _: None) if options.quiet else say
        self.background = Background(self.scorer, options.background, options.background_others, options.seed, notify)
        self.names = ContigNames(self.genome, options.rename)
        self.annotation: Annotation | None = open_annotation(options.annotate) if options.annotate else None
        self.tally = Tally()
        if warning := foreign(self.model.card, self.genome):
            self.notes.append(warning)
            say(warning)

    def _table(self, folder: str) -> Precomputed:
        if not isinstance(self.model, DuplexModel):
            raise ModelError(f"--precomputed is for duplex models, and {self.model.card.id} is another")
        return Precomputed(Path(folder), self.genome, self.model)

    def rows(self, records: Iterator[Record]) -> Iterator[tuple[Record, list[Score], list[Row]]]:
        """Yield every record with its scores (one an alternate) and table rows, in order."""
        while chunk := list(islice(records, CHUNK)):
            yield from self._chunk(chunk)

    def _chunk(self, chunk: list[Record]) -> Iterator[tuple[Record, list[Score], list[Row]]]:
        contigs = [self.names.number(record.contig) for record in chunk]
        resolved: list[list[Variant | str]] = []
        for record, contig in zip(chunk, contigs, strict=True):
            found = [
                resolve(record, allele, contig, self.genome, self.scorer.longest_allele, self.scorer.reach)
                for allele in record.alternates
            ]
            resolved.append(found or [Reason.NO_ALTERNATE])
        variants = [each for found in resolved for each in found if isinstance(each, Variant)]
        scores = iter(self._percentiles(variants, self._score(variants)))
        for record, contig, found in zip(chunk, contigs, resolved, strict=True):
            mine = [next(scores) if isinstance(each, Variant) else Score(reason=str(each)) for each in found]
            rows = self._rows(record, contig, found, mine)
            self.tally.add(rows)
            yield record, mine, rows

    def _score(self, variants: list[Variant]) -> list[Score]:
        """Score, and count the sites that the precomputed table was asked for."""
        if self.table is None:
            return self.scorer.score(variants)
        asked, missing = self.table.asked, self.table.missing
        scores = self.scorer.score(variants)
        self.asked += self.table.asked - asked
        self.missing += self.table.missing - missing
        return scores

    def table_note(self) -> str:
        """Say how many SNV sites the precomputed table had, "" without one."""
        if self.table is None:
            return ""
        return (
            f"{self.asked - self.missing:,} of {self.asked:,} SNV sites were looked up in {self.table.folder.name}; "
            f"the model computed the other {self.missing:,}, outside of its regions or near unknown bases"
        )

    def _percentiles(self, variants: list[Variant], scores: list[Score]) -> list[Score]:
        if not self.background.snvs:
            return scores
        out = []
        for variant, score in zip(variants, scores, strict=True):
            name = stratum(variant)
            value = score.value or 0.0
            percentile = self.background.percentile(name, value)
            if score.kind not in self.tally.edges:
                self.tally.set_edges(score.kind, self.background.values[name])
            out.append(replace(score, percentile=percentile))
        return out

    def _rows(self, record: Record, contig: int | None, found: list[Variant | str], scores: list[Score]) -> list[Row]:
        end = record.start + max(1, len(record.ref))
        seen = contig is not None and self.model.card.saw(int(self.genome.lengths[contig]), record.start, end)
        alternates = record.alternates or (".",)
        counts = record.counts or (None,) * len(alternates)
        frequencies = record.frequencies or (None,) * len(alternates)
        rows = []
        for allele, each, score, count, af in zip(alternates, found, scores, counts, frequencies, strict=True):
            gene, region, distance = "", "", None
            if self.annotation is not None:
                start, end = (each.start, each.end) if isinstance(each, Variant) else (record.start, record.start + 1)
                gene, region, distance = self.annotation.annotate(record.contig, start, max(end, start + 1))
                if not region and contig is not None:
                    name = self.genome.names[contig]
                    gene, region, distance = self.annotation.annotate(name, start, max(end, start + 1))
            rows.append(
                Row(
                    record.contig,
                    record.start + 1,
                    record.identifier,
                    record.ref,
                    allele,
                    score,
                    count,
                    af,
                    seen,
                    gene,
                    region,
                    distance,
                )
            )
        return rows

    def provenance(self) -> dict[str, str]:
        """Return what a reader needs to repeat the run, in the order to show."""
        card, options = self.model.card, self.options
        facts = {
            "version": __version__,
            "command": options.command,
            "model": f"{card.id} {card.revision}",
            "model_sha256": card.sha256,
            "score": f"{self.scorer.definition}; nats; negative: the alternate allele is disfavoured",
            "window": f"{self.scorer.reach} bases on each side of a substitution, {2 * self.scorer.flank} for indels",
            "strands": self.scorer.strands,
            "dtype": options.dtype,
            "reference": f"{self.genome.path.name} {self.genome.checksum}",
            "precomputed": f"{self.table.folder.name} {self.table.identity}; {self.table.bound}" if self.table else "",
            "background": f"{self.background.snvs} SNVs, {self.background.others} of each other stratum, "
            f"seed {options.seed}",
            "use": "research use, no clinical evidence",
        }
        return {name: value.replace("\n", " ") for name, value in facts.items() if value}

    def summary(self, title: str) -> Summary:
        """Return the run as the report shows it."""
        tally = self.tally
        on_seen = f"{tally.on_seen:,} of {tally.records:,} records lie in sequence that the model saw in training"
        notes = [
            *self.notes,
            *filter(None, [self.table_note()]),
            on_seen + "; there it may have memorised the reference allele." if tally.on_seen else on_seen + ".",
        ]
        top = tally.top()
        background = {kind: (edges, self._background_counts(kind, edges)) for kind, edges in tally.edges.items()}
        return Summary(
            title=title,
            provenance=self.provenance(),
            records=tally.records,
            alternates=tally.alternates,
            outcomes=tally.outcomes,
            kinds=tally.kinds,
            percentiles=tally.percentiles,
            scores={kind: (edges, tally.values[kind]) for kind, edges in tally.edges.items()},
            background=background,
            top=top,
            contexts=[self._context(row) for row in top[:PICTURED]],
            frequency=tally.frequency(),
            notes=notes,
            annotated=self.annotation is not None,
        )

    def _background_counts(self, kind: str, edges: np.ndarray) -> np.ndarray:
        values = [v for name, v in self.background.values.items() if name.split("_")[0] == kind and len(v)]
        counts = np.zeros(SCORE_BINS, dtype=np.int64)
        for part in values:
            counts += np.histogram(np.clip(part, edges[0], edges[-1]), bins=edges)[0]
        return counts

    def _context(self, row: Row) -> Context:
        contig = self.names.number(row.contig)
        assert contig is not None
        start = row.position - 1 - SHOWN
        width = 2 * SHOWN + 1
        positions = np.arange(start, start + width)
        log_probs = self.scorer.at_sites(np.full(width, contig), positions)
        bases = self.genome.fetch(contig, start, start + width).tobytes().decode("ascii").upper()
        return Context(row, start, bases, np.exp(log_probs))


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
    job = Scoring(reference, options)
    with open_variants(variants, job.genome) as source:
        contigs = dict(zip(job.genome.names, (int(n) for n in job.genome.lengths), strict=True))
        provenance = job.provenance() if options.provenance else {}
        bar = tqdm(unit=" records", desc="scoring", disable=True if options.quiet else None)
        with open_outputs(outputs, source.header, contigs, provenance) as writers, bar:
            for record, scores, rows in job.rows(source.records):
                for writer in writers:
                    writer.write(record, scores, rows)
                bar.update()
            if job.table is not None and not options.quiet:
                say(job.table_note())
            summary = job.summary(f"{Path(variants).name} on {Path(reference).name}")
            if report:
                write_report(summary, Path(report))
            if multiqc:
                write_multiqc(summary, Path(multiqc))
    return summary


def score_variants(reference: str, variants: str, model: str | None = None, percentiles: bool = True) -> Iterator[Row]:
    """Yield a scored Row for every alternate allele of a VCF, TSV or BED, in order.

    model: a name or folder; None lets the reference choose an embedded one.
    percentiles: False saves the background draw. Raises a DnalectError for unusable input.
    """
    options = Options(model=model, background=None if percentiles else 0, quiet=True)
    job = Scoring(str(reference), options)
    with open_variants(str(variants), job.genome) as source:
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
