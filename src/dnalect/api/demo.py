"""`dnalect.demo_files`: small real data that come with the package."""

from pathlib import Path
from typing import NamedTuple


class DemoFiles(NamedTuple):
    """Paths. reference: yeast chromosome I (FASTA). variants: in its promoters (VCF). annotation: its genes (GFF3)."""

    reference: str
    variants: str
    annotation: str


def demo_files() -> DemoFiles:
    """Return the paths of the demo data: 230 kb of yeast, 786 variants of natural strains, the genes."""
    folder = Path(__file__).parents[1] / "demo_data"
    names = ("yeast_chrI.fa.gz", "promoter_variants.vcf.gz", "yeast_chrI.gff.gz")
    return DemoFiles(*(str(folder / name) for name in names))
