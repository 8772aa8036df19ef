"""Records -> scores and rows of the table: one reference, one model or several, record after record."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import cast

from dnalect.core.engines import Pool
from dnalect.core.kept import Kept
from dnalect.core.measures import MotifChange
from dnalect.core.records import Reason, Row, Score, Variant
from dnalect.core.reporter import say, warn
from dnalect.core.shards import shard_of
from dnalect.core.structures import Rearrangement
from dnalect.genome.builds import the_build
from dnalect.genome.fasta import open_genome
from dnalect.genome.motifs import read_motifs
from dnalect.genome.names import ContigNames
from dnalect.genome.vcf import Record, VcfHeader
from dnalect.genome.windows.alleles import Rules, resolve
from dnalect.genome.windows.repeats import is_copy
from dnalect.inference.background import Background
from dnalect.inference.ensemble import EnsembleScorer
from dnalect.inference.likelihood import scorer_for
from dnalect.inference.motif_hits import MotifHits
from dnalect.inference.scorer import Scorer
from dnalect.jobs.annotator import Annotator
from dnalect.jobs.counts import Tally
from dnalect.jobs.fit import Fit
from dnalect.jobs.influenced import Influences
from dnalect.jobs.kept import FORM, Scores
from dnalect.jobs.measuring import Measuring
from dnalect.jobs.parts import FIRST, MOST, parts
from dnalect.jobs.pieces import Found, Part, Piece
from dnalect.jobs.predicted import changes_for
from dnalect.jobs.prepared import flank_of, shipped, table_of
from dnalect.jobs.related import Related, relatives_for
from dnalect.jobs.score_options import Options
from dnalect.jobs.selection import foreign, labels_of, models_for, scores_for, the_predictor
from dnalect.jobs.spliced import Splices
from dnalect.jobs.structural import Structures, structural
from dnalect.models.assemblies import any_saw, origin_of
from dnalect.models.load import load, untuned
from dnalect.models.model import Model, Named
from dnalect.models.precision import use_threads
from dnalect.relatives.alignment import names_in
from dnalect.scored.fields import Layout

# Records a chunk, which decides on backgrounds and shared forwards: fixed, so that numbers never depend on reading.
CHUNK = 4096
OTHER_LENGTH = f"{Reason.CONTIG_MISSING}:other_length"


class Scoring(Measuring):
    """One reference, one model or an ensemble, ready to score records.

    measured: names of the scores. predictor: a fine-tuned model or None; changes: what it
    predicts, where that is measured. models: language models, of a predictor the one it came
    from. scorers: one a language model, named by `labels`; scorer: theirs together. cards: of
    the models that were asked for. table: a scan to look SNVs up in, or None. pool: workers that score, or None.
    """

    def __init__(self, options: Options):
        use_threads(options.threads)
        self.options = options
        self.genome = open_genome(options.reference)
        self.origin = origin_of(self.genome, the_build(options.assembly) if options.assembly else None)
        self.notes: list[str] = []
        beside = names_in(options.alignment) if options.alignment and options.scores is None else ()
        names = models_for(self.genome, options.model, self.origin.told, beside)
        loaded = [load(name, options.device, options.dtype, options.species) for name in names]
        self.predictor = the_predictor(loaded)
        self.measured = scores_for(options.scores, loaded, self.predictor, bool(options.alignment))
        self.cards = [model.card for model in loaded]
        self.models = self._language_models(names[0], loaded)
        self.labels = labels_of([model.card for model in self.models])
        self.table = None
        if options.precomputed:
            self.table = table_of(options, self.genome, self.models, self.measured, self.predictor)
        self.asked = self.missing = 0
        self.splices = Splices(loaded[0], self.genome, options) if "splice" in self.measured else None
        self.binned = loaded[0] if loaded[0].can.tracks and not self.splices else None
        changing = self.predictor if "change" in self.measured else None
        flank = flank_of(options, self.models, self.measured)
        asked = () if self.splices or self.binned else self.models
        self.read = relatives_for(options.alignment, self.genome, asked)
        self.scorers = [
            scorer_for(model, self.genome, flank, options.batch, self.table, options.indels, relatives)
            for model, relatives in zip(asked, self.read, strict=True)
        ]
        self.changes = changes_for(options, self.genome, changing, self.binned)
        self.scorer = self._scorer()
        own = self.predictor is None and "llr" in self.measured
        self.background = Background(
            self.scorer,
            options.background,
            options.background_others,
            options.seed,
            say,
            shipped(names[0], self.models, self.scorer, self.genome, self.origin) if own else None,
        )
        self.cost = 0
        drawn = (options.background, options.background_others, options.seed, say)
        self.influences = Influences(self.scorer, *drawn) if "influence" in self.measured else None
        ratio = self.scorer if "llr" in self.measured else None
        self.related = (
            Related(options.alignment, self.genome, ratio, options.background, options.seed, say)
            if options.alignment and "column" in self.measured
            else None
        )
        self.names = ContigNames(self.genome, options.rename)
        self.structures = Structures(self.scorer, self.names, options, say) if "junction" in self.measured else None
        takers = [self.structures.elements.add] if self.structures else []
        self.motifs = MotifHits(read_motifs(options.motifs), self.genome) if options.motifs else None
        self.places = self.splices.places if self.splices else None
        if options.annotate and not self.splices:
            self.places = Annotator(options.annotate, self.genome, *takers)
        self.tally = Tally()
        self.fit = Fit(self.genome, self.names, self.origin, options.force_reference)
        self.shown: Callable[[int], object] = lambda records: None
        self.kept = Kept()
        self.pool: Pool | None = None
        self.shard, self.shards = shard_of(options.shard)
        self.polarised = False

    def begin(self, header: VcfHeader | None) -> None:
        """Compare the reference with the header of the variants, if they have one, and say what it isn't.

        Raises AssemblyError where the two are of different assemblies, unless that is forced.
        """
        if header is not None:
            self.polarised = header.tells_ancestral
            self.fit.read(header)
            # A slice doesn't say which assembly it was cut from; the variants may.
            if self.origin.sliced and self.origin.told is None:
                self.origin = replace(self.origin, told=self.fit.told)
        # What a published network of tracks learned from, its files don't say.
        tracks = self.splices or self.binned
        strange = [told for card in self.cards if not tracks and (told := foreign(card, self.origin))]
        for warning in [*self.fit.notes, *strange]:
            warn(warning)
        self.notes += strange

    @property
    def layout(self) -> Layout:
        """The fields and columns that the outputs have."""
        members = self.labels if len(self.labels) > 1 else ()
        more = ["annotation"] * (self.places is not None) + ["motif"] * (self.motifs is not None)
        more += ["ancestral"] * self.polarised + ["inside"] * bool(self.structures and self.structures.looks_inside)
        more += self.splices.parts if self.splices else []
        return Layout(self.measured, members, self.changes.outputs if self.changes else None, more)

    def _language_models(self, name: Named, loaded: list[Model]) -> list[Model]:
        if self.predictor is None:
            return loaded
        if self.zero_shot:
            return [untuned(name, self.predictor, self.options.device, self.options.dtype)]
        return [self.predictor.language]

    def _scorer(self) -> Scorer:
        if self.splices:
            return cast("Scorer", self.splices.scorer)  # whose other numbers are never asked for
        if self.binned and self.changes:
            return cast("Scorer", self.changes.scorer)
        return EnsembleScorer(self.scorers) if len(self.scorers) > 1 else self.scorers[0]

    def rows(self, records: Iterator[Record]) -> Iterator[tuple[Record, list[Score], list[Row]]]:
        """Yield every record, of a shard those of its chunks, with its scores (one an alternate) and rows, in order."""
        # The first part alone: what later chunks draw must not reach the headers of outputs.
        for piece, every in self.kept.stream(self._pieces(records), self.computed, FORM, self.pool, first_alone=True):
            yield from self._scored_rows(piece, every)

    def resolved(self, records: Sequence[Record]) -> list[list[Variant | str]]:
        """Return the variant of every alternate of each record, or why it has none. Nothing is counted."""
        rules = Rules(*self._limits(), self.options.dup_as_tandem)
        return [resolve(each, self.names.number(each.contig), self.genome, rules) for each in records]

    def _pieces(self, records: Iterator[Record]) -> Iterator[tuple[str, Part, Piece]]:
        """Yield the pieces of a run with their keys.

        A shard readies the others' chunks, too: what is drawn for one serves those after it.
        """
        number = 0
        while chunk := list(islice(records, CHUNK)):
            contigs, found, joined, compared = self._ready(chunk)
            if number % self.shards == self.shard:
                settled = [each.settled for each in chain.from_iterable(self.families)] if self.pool else ()
                weighed = [
                    [*(each for each in mine if isinstance(each, Variant)), *structural(more)]
                    for mine, more in zip(found, joined, strict=True)
                ]
                for part in parts(weighed, self.scorer.stretch, self._cost, MOST if number else FIRST):
                    made = Part(chunk[part], found[part], joined[part], settled)
                    yield f"{number}.{part.start}", made, Piece(made, contigs[part], () if part.start else compared)
            number += 1

    def _ready(
        self, chunk: list[Record]
    ) -> tuple[list[int | None], list[Found], list[list[Rearrangement | str]], list[Callable[[], None]]]:
        """Return the contig of each record, what each alternate is, and what it joins; draw what these ask for.

        The last counts the backgrounds for the report.
        """
        contigs = [self.names.number(record.contig) for record in chunk]
        rules = Rules(*self._limits(), self.options.dup_as_tandem)
        found = [self._resolve(record, contig, rules) for record, contig in zip(chunk, contigs, strict=True)]
        self.fit.check()
        variants = [each for mine in found for each in mine if isinstance(each, Variant)]
        if self.pool:
            self._draw_ahead(
                self.pool, variants, self.structures.joined(chunk, contigs, found) if self.structures else []
            )
        compared = self._prepare(variants)
        joined = self.structures.prepare(chunk, contigs, found) if self.structures else [[] for _ in chunk]
        return contigs, found, joined, compared

    def _scored_rows(self, piece: Piece, every: Scores) -> Iterator[tuple[Record, list[Score], list[Row]]]:
        for count in piece.compared:
            count()
        part = piece.part
        variants = [each for mine in part.found for each in mine if isinstance(each, Variant)]
        hits = iter(self.motifs.changes(variants) if self.motifs else [None] * len(variants))
        self.shown(len(part.records))
        for record, contig, found, joined, mine in zip(
            part.records, piece.contigs, part.found, part.joined, every, strict=True
        ):
            rows = self._rows(record, contig, found, mine, hits)
            rows = self.structures.placed(joined, rows) if self.structures else rows
            self.tally.add(rows)
            yield record, mine, rows

    def _prepare(self, variants: list[Variant]) -> list[Callable[[], None]]:
        """Draw the backgrounds, which a whole chunk decides on; return what gives them to the report."""
        compared: list[Callable[[], None]] = []
        if "llr" in self.measured:
            self.cost += self.scorer.cost(variants)
            self.background.prepare(variants)
            for kind in dict.fromkeys(variant.kind for variant in variants):
                alike = self.background.alike([v for v in variants if v.kind == kind])
                compared.append(partial(self.tally.scores.compare, kind, alike))
        if self.influences:
            self.influences.prepare(variants)
        if self.related:
            self.related.prepare(variants)
        return compared + (self.changes.prepare(variants, self.tally) if self.changes else [])

    def _resolve(self, record: Record, contig: int | None, rules: Rules) -> list[Variant | str]:
        """Return a variant or reason for each alternate, at least one, and judge REF."""
        if contig in self.fit.apart:
            return [OTHER_LENGTH] * max(1, len(record.alternates))
        found = resolve(record, contig, self.genome, rules)
        self.fit.judge(record, contig, found)
        if "llr" in self.measured:
            copied = (isinstance(each, Variant) and is_copy(each, self.genome) for each in found)
            found = [str(Reason.COPY) if copy else each for each, copy in zip(found, copied, strict=True)]
        return found or [Reason.NO_ALTERNATE]

    def _limits(self) -> tuple[int, int]:
        """Most bases of an allele, and bases around it that count: those of the most demanding number."""
        limits = [(self.scorer.longest_allele, self.scorer.reach)] if self.zero_shot or self.splices else []
        if self.changes:
            limits.append((self.changes.scorer.longest_allele, self.changes.scorer.reach))
        return min(longest for longest, _ in limits), min(reach for _, reach in limits)

    def _rows(
        self,
        record: Record,
        contig: int | None,
        found: list[Variant | str],
        scores: list[Score],
        motifs: Iterator[MotifChange | None],
    ) -> list[Row]:
        """One row an alternate. motifs: has one entry a variant."""
        end = record.start + max(1, len(record.ref))
        seen = None if contig is None else self._saw(contig, record.start, end)
        alternates = record.alternates or (".",)
        counts = record.counts or (None,) * len(alternates)
        frequencies = record.frequencies or (None,) * len(alternates)
        rows = []
        for allele, each, score, count, af in zip(alternates, found, scores, counts, frequencies, strict=True):
            variant = each if isinstance(each, Variant) else None
            row = Row(record.contig, record.start + 1, record.identifier, record.ref, allele, score, count, af, seen)
            if self.polarised:
                row = replace(row, ancestral=record.ancestral_of(allele))
            if variant:
                row = replace(row, span=(variant.start, variant.end), motif=next(motifs))
            rows.append(replace(row, **self.places.facts(record, contig, allele, variant)) if self.places else row)
        return rows

    def _saw(self, contig: int, start: int, end: int) -> bool | None:
        """Whether any of the models was trained on this place; None where that isn't known."""
        return any_saw(self.cards, self.origin, contig, start, end)
