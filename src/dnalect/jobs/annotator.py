"""Where a variant lies and what it does there: gene, region, consequence."""

from collections.abc import Callable
from typing import Any

from dnalect.core.records import Variant
from dnalect.genome.consequence import Consequences
from dnalect.genome.fasta import Genome
from dnalect.genome.gff import Row, open_annotation
from dnalect.genome.names import own_name
from dnalect.genome.transcripts import TranscriptReader
from dnalect.genome.vcf import Record
from dnalect.genome.windows.alleles import span_as_written


class Annotator:
    """What a GFF3 or GTF says of variants on a genome. also: called with every line of it."""

    def __init__(self, path: str, genome: Genome, *also: Callable[[Row], None]):
        reader = TranscriptReader()
        self.annotation = open_annotation(path, reader.add, *also)
        self.transcripts = reader.finish()
        self.consequences = Consequences(self.transcripts, genome)
        self.genome = genome

    def facts(self, record: Record, contig: int | None, allele: str, variant: Variant | None) -> dict[str, Any]:
        """Return fields of a Row: gene, region, tss_distance, and of a variant its consequence.

        contig: number in the reference, or None. allele: an alternate of the record, and what it is, if it is usable.
        """
        written = span_as_written(record.start, record.ref, allele)
        start, end = (variant.start, variant.end) if variant else written
        name = record.contig if contig is None else self.genome.names[contig]
        name = own_name(name, self.annotation.spans)
        gene, region, distance = self.annotation.annotate(name, start, end)
        facts: dict[str, Any] = {"gene": gene, "region": region, "tss_distance": distance}
        effect = self.consequences.of(variant) if variant else None
        if effect is not None:
            facts |= {
                "consequence": "&".join(effect.terms),
                "transcript": effect.transcript,
                "protein": effect.protein,
                "gene": effect.gene if effect.inside else gene,
            }
        return facts
