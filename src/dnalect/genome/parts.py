"""GFF or GTF -> the kind of region that every base lies in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.genome.gff import CLASSES, GENES, Row, parse_attributes, read_gff
from dnalect.genome.promoters import UPSTREAM, promoter_spans, starts_of

PARTS = ("intergenic", "promoter", "coding", "intron", "other")
INTERGENIC, PROMOTER, CODING, INTRON, OTHER = range(len(PARTS))
_KEYS = ("Parent", "transcript_id", "protein_id", "locus_tag", "name", "ID")
_SORTS = {kind: name for name, kinds in CLASSES for kind in kinds}
# Painted one over the other, so that the last one names a base.
_LAYERS = (
    (("centromere", "telomere", "origin"), OTHER),
    (("promoter",), PROMOTER),
    (("intron",), INTRON),
    (("mobile element", "exon", "ncRNA", "UTR"), OTHER),
    (("CDS",), CODING),
)

Spans = list[tuple[int, int]]
Codes = npt.NDArray[np.uint8]


@dataclass
class _Contig:
    """What a GFF says of one contig. spans: sort -> spans. bodies: transcript -> (start, end, forward)."""

    spans: dict[str, Spans]
    genes: list[tuple[int, int, bool]]
    bodies: dict[str, tuple[int, int, bool]]

    def add(self, row: Row) -> None:
        sort, forward = _SORTS.get(row.kind), row.strand != "-"
        if row.kind in GENES:
            self.genes.append((row.start, row.end, forward))
        if sort:
            self.spans.setdefault(sort, []).append((row.start, row.end))
        if row.kind in ("exon", "CDS"):
            found = parse_attributes(row.attributes)
            name = next((found[key] for key in _KEYS if found.get(key)), f"{row.start}")
            start, end, _ = self.bodies.get(name, (row.start, row.end, forward))
            self.bodies[name] = (min(start, row.start), max(end, row.end), forward)

    def finish(self, upstream: int) -> dict[str, Spans]:
        """Return the spans with gene bodies as introns, to be painted over, and with promoters."""
        genes = self.genes or list(self.bodies.values())
        spans = dict(self.spans)
        spans["intron"] = [*spans.get("intron", []), *((start, end) for start, end, _ in genes)]
        starts, ends, forward = np.array(genes, dtype=np.int64).reshape(-1, 3).T
        before = promoter_spans(starts_of(starts, ends, forward > 0), forward > 0, upstream)
        spans["promoter"] = [*spans.get("promoter", []), *zip(*(each.tolist() for each in before), strict=True)]
        return spans


def read_parts(path: str | Path, upstream: int = UPSTREAM) -> dict[str, dict[str, Spans]]:
    """Read a GFF3 or GTF, plain or gzipped: contig -> sort of region -> spans, 0-based half-open.

    Where a contig has no gene line, the lines of one transcript (same Parent, transcript_id,
    protein_id, locus_tag, name or ID) make one gene. upstream: bases of a promoter before the
    5' end of a gene. Raises InputError where the file is no GFF or has no gene, exon or CDS.
    """
    contigs: dict[str, _Contig] = {}
    for row in read_gff(path):
        contigs.setdefault(row.contig, _Contig({}, [], {})).add(row)
    if not any(each.genes or each.bodies for each in contigs.values()):
        raise InputError(f"{path} holds no gene, CDS or exon line: is it a GFF3?")
    return {name: each.finish(upstream) for name, each in contigs.items()}


def paint(length: int, spans: dict[str, Spans]) -> Codes:
    """Return the number in PARTS of every base (length,) of a contig.

    coding: CDS. other: exons that are not coding, RNA genes, mobile elements, and outside
    genes centromeres, telomeres and origins. intron: the rest of a gene. promoter: upstream of
    a gene and in none. intergenic: all else.
    """
    out = np.full(length, INTERGENIC, dtype=np.uint8)
    for sorts, number in _LAYERS:
        for start, end in (span for sort in sorts for span in spans.get(sort, ())):
            out[max(0, start) : max(0, end)] = number
    return out
