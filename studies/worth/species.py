"""Where the genomes of the studies lie in the folder of the data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Species:
    """name: for people. reference, annotation, tss: files of the data folder, "" where there is none."""

    name: str
    reference: str
    annotation: str = ""
    tss: str = ""


YEAST = Species(
    "S. cerevisiae",
    "genomes/yeast_S288C.fa.gz",
    "genomes/yeast_S288C.gff.gz",
    "genomes/yeast_transcripts_adjusted_tss.bed",
)
USTILAGO = Species("U. maydis", "genomes/ustilago_maydis.fa.gz", "genomes/ustilago_maydis.gff3.gz")
ZYMOSEPTORIA = Species("Z. tritici", "genomes/zymoseptoria_tritici.fa.gz", "genomes/zymoseptoria_tritici.gff.gz")
HUMAN = Species(
    "H. sapiens",
    "genomes/human_chr20_GRCh37.fa.gz",
    tss="genomes/human_hg19_refseq/RefSeqTSS.chr20_chrX.bed.gz",
)
