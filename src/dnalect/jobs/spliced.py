"""The splice scores of a scoring run."""

from collections.abc import Sequence
from dataclasses import replace

from dnalect.core.errors import ConfigError
from dnalect.core.measures import Splice
from dnalect.core.records import Reason, Score, Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.splice_genes import genes_of, is_gene_table, read_gene_table
from dnalect.genome.vcf import Record
from dnalect.inference.splice import SpliceScorer, written
from dnalect.jobs.annotator import Annotator
from dnalect.jobs.score_options import Options
from dnalect.models.model import Model
from dnalect.scored.splicing import USAGE_PART


class Splices:
    """What alleles do to splice sites. places: what a GFF says besides its genes, None of a table of genes."""

    def __init__(self, model: Model, genome: Genome, options: Options):
        if options.window:
            raise ConfigError("--window is for other scores: --splice-distance says how far splice sites are searched")
        self.places, genes = None, None
        if options.annotate and is_gene_table(options.annotate):
            genes = read_gene_table(options.annotate)
        elif options.annotate:
            self.places = Annotator(options.annotate, genome)
            genes = genes_of(self.places.transcripts)
        self.scorer = SpliceScorer(model, genome, genes, options.splice_distance, options.splice_mask)

    def score(
        self, records: Sequence[Record], found: Sequence[Sequence[Variant | str]], scores: Sequence[Sequence[Score]]
    ) -> list[list[Score]]:
        """Return the scores of each record with what its alleles do to splicing, or that they lie in no gene.

        found: the alleles of each record; one that nothing can be said of keeps its reason.
        """
        genome = self.scorer.genome
        alleles = [
            written(record, allele, each, genome)
            for record, mine in zip(records, found, strict=True)
            for allele, each in zip(record.alternates, mine, strict=False)
            if isinstance(each, Variant)
        ]
        ready = iter(self.scorer.splices(alleles))
        return [
            [_spliced(score, next(ready)) if isinstance(each, Variant) else score for each, score in pairs]
            for pairs in (zip(mine, own, strict=True) for mine, own in zip(found, scores, strict=True))
        ]

    @property
    def parts(self) -> list[str]:
        """Parts that the outputs have because of the kind of model."""
        return [USAGE_PART] if self.scorer.usage else []

    @property
    def facts(self) -> dict[str, str]:
        """What a reader needs to repeat the scores, in the order to show."""
        scorer = self.scorer
        masked = "masked" if scorer.masked else "not masked"
        what = "splice sites, of the tissue that changes most" if scorer.usage else "acceptors and donors"
        around = "REF" if scorer.usage else "POS"
        whose = (
            f"{sum(map(len, scorer.genes.by_contig.values())):,} genes" if scorer.genes else "both strands, no genes"
        )
        return {
            "splice": f"{scorer.definition}; probabilities of {what}, alternate - reference; {masked}",
            "splice_distance": f"{scorer.distance} bases on each side of {around}, {scorer.crop:,} more are read",
            "splice_genes": whose,
        }


def _spliced(score: Score, splices: tuple[Splice, ...]) -> Score:
    return replace(score, splices=splices) if splices else Score(reason=Reason.NO_GENE)
