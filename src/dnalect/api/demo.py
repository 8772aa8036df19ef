"""`dnalect.demo_files`: small real data that come with the package."""

from typing import NamedTuple

from dnalect.core.errors import ConfigError
from dnalect.jobs.demo import data


class DemoFiles(NamedTuple):
    """Paths of the demo data.

    Attributes:
        reference: One chromosome of yeast, a FASTA.
        variants: On it, a VCF.
        annotation: Its genes, a GFF3.
        labels: Windows of the yeast genome with and without histone H4, a CSV.
        motifs: Of yeast's transcription factors (JASPAR), in MEME's format.
        alignment: Genomes of its relatives laid on it, a folder of FASTA.
    """

    reference: str
    variants: str
    annotation: str
    labels: str
    motifs: str
    alignment: str


def demo_files(contig: str = "chrI") -> DemoFiles:
    """Return the paths of the demo data: a chromosome of yeast, variants, genes, labels, motifs, relatives.

    Args:
        contig: "chrI", which duplex-yeast learned from, with 786 variants of natural strains in its promoters; or
            "chrXIV", which it never saw, with what differs between two laboratory strains.

    Returns:
        The paths. Labels, motifs and alignment are the same for both.

    Raises:
        ConfigError: There is no such chromosome among them.

    Examples:
        >>> import dnalect
        >>> dnalect.open_genome(dnalect.demo_files().reference)
        Genome(yeast_chrI.fa.gz: chrI; 230,218 bases)
        >>> dnalect.open_genome(dnalect.demo_files("chrXIV").reference)
        Genome(yeast_chrXIV.fa.gz: chrXIV; 784,333 bases)
    """
    known = {
        "chrI": (data.REFERENCE, data.VARIANTS, data.GENES),
        "chrXIV": (data.YEAST, data.YEAST_VARIANTS, data.YEAST_GENES),
    }
    if contig not in known:
        raise ConfigError(f"the demo data are of {' and '.join(known)}, not of {contig!r}")
    return DemoFiles(*map(str, (*known[contig], data.YEAST_LABELS, data.YEAST_MOTIFS, data.YEAST_RELATIVES)))
