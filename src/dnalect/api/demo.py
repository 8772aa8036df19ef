"""`dnalect.demo_files`: small real data that come with the package."""

from pathlib import Path
from typing import NamedTuple


class DemoFiles(NamedTuple):
    """Paths of the demo data.

    Attributes:
        reference: Yeast chromosome I, a FASTA.
        variants: In its promoters, a VCF.
        annotation: Its genes, a GFF3.
    """

    reference: str
    variants: str
    annotation: str


def demo_files() -> DemoFiles:
    """Return the paths of the demo data: 230 kb of yeast, 786 variants of natural strains, the genes.

    Returns:
        The paths of a FASTA, a VCF and a GFF3, all three of yeast chromosome I.

    Examples:
        >>> import dnalect
        >>> files = dnalect.demo_files()
        >>> dnalect.open_genome(files.reference)
        Genome(yeast_chrI.fa.gz: chrI; 230,218 bases)
    """
    folder = Path(__file__).parents[1] / "demo_data"
    names = ("yeast_chrI.fa.gz", "promoter_variants.vcf.gz", "yeast_chrI.gff.gz")
    return DemoFiles(*(str(folder / name) for name in names))
