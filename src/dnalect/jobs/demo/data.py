"""Where the data of the demo lie, and what they are: see demo_data/README.md."""

from pathlib import Path

DATA = Path(__file__).parent.parent.parent / "demo_data"
YEAST, YEAST_GENES = DATA / "yeast_chrXIV.fa.gz", DATA / "yeast_chrXIV.gff.gz"
YEAST_VARIANTS, YEAST_LABELS = DATA / "BY_RM_chrXIV.vcf.gz", DATA / "yeast_H4.csv.gz"
YEAST_MOTIFS = DATA / "yeast_motifs.meme.gz"
# Beside the data, whose folder the server offers: these are no genomes to choose.
YEAST_RELATIVES = DATA.parent / "demo_relatives"
HUMAN, HUMAN_VARIANTS = DATA / "human_chr20_slice.fa.gz", DATA / "human_chr20_slice.vcf.gz"
# Contigs that duplex-yeast never learned from.
HELD_OUT = ("chrXIII", "chrXIV")
# Chromosome I, which duplex-yeast knows, with natural variants of its promoters: for examples and tests.
REFERENCE, GENES = DATA / "yeast_chrI.fa.gz", DATA / "yeast_chrI.gff.gz"
VARIANTS = DATA / "promoter_variants.vcf.gz"
