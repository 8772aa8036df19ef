"""`dnalect.link`: variants and the genes that they may act on."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dnalect.api.given import options_of
from dnalect.api.score import Shown, scored_path
from dnalect.api.table import Table
from dnalect.core.errors import ConfigError
from dnalect.core.reporter import using
from dnalect.jobs.link.options import PICTURES, Options
from dnalect.jobs.link.outputs import draw, write_outputs
from dnalect.jobs.link.targets import Linked, link_variants
from dnalect.jobs.rank.outputs import kind_of


class Links(Table):
    """A row for each variant and candidate target gene, the best variants first, with what speaks for the pair.

    Attributes:
        notes: What not to miss.
    """

    def __init__(self, linked: Linked):
        super().__init__(linked.table)
        self._linked = linked
        self.notes = linked.notes

    @property
    def first(self) -> list[dict[str, Any]]:
        """The best gene of each variant that has one, the best variants first."""
        return [row for row in self if row["place"] == 1]

    def write(self, *paths: str | Path) -> None:
        """Write .tsv or .parquet files, as `dnalect link` does. Raises OutputError for another suffix."""
        for path in paths:
            kind_of(str(path))
        for path in paths:
            write_outputs(self._linked, str(path), None)

    def draw(self, path: str | Path, at: str | None = None) -> None:
        """Draw the locus of a variant.

        Args:
            path: .png or .svg.
            at: Which one, as "contig:position" (1-based); the first one by default.

        Raises:
            ConfigError: Another suffix, no such variant, or one without a gene.
        """
        if not str(path).endswith(PICTURES):
            raise ConfigError(f"the picture {path} must end in {' or '.join(PICTURES)}")
        draw(self._linked, Path(path), at)


def link(
    scored: Any,
    annotate: str | Path,
    *,
    contacts: str | Path | Sequence[str | Path] = (),
    domains: str | Path | None = None,
    active: str | Path | Sequence[str | Path] = (),
    use: str | None = None,
    far: int = 1_000_000,
    progress: Shown = None,
    **more: Any,
) -> Links:
    """Name candidate target genes of variants, by effect x contact: what `dnalect link` does.

    Args:
        scored: What `score` gave; the path of a VCF, TSV or Parquet; or a data frame with chrom, pos (1-based), ref and
            alt. Without effects variants are ranked by contact alone.
        annotate: Genes: a GFF3 or GTF.
        contacts: Loops: BEDPE files or lists of HiCCUPS (0-based, half-open).
        domains: A BED or a list of Arrowhead.
        active: Peaks of a cell; the first file names the elements, activity is the geometric mean of all.
        use: The column of effects, whose absolute value counts; `llr` by default.
        far: Bases to the transcription start of the farthest genes.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: biotypes, most, slack, across.

    Returns:
        `Links`: rank of the variant, gene, its place, tss_distance (bases from the gene's start, negative upstream),
        contact (1 for a distance of 5 kb or less), share (of the variant's contact), evidence, score, why ...

    Raises:
        DnalectError: A file can't be used.

    Examples:
        >>> from pathlib import Path
        >>> import dnalect
        >>> genes = [("near", 20_000), ("looped", 60_000)]
        >>> lines = [f"c\\tx\\tgene\\t{at}\\t{at + 1000}\\t.\\t+\\t.\\tName={name}\\n" for name, at in genes]
        >>> _ = Path("genes.gff").write_text("".join(lines))
        >>> _ = Path("loops.bedpe").write_text("c\\t0\\t5000\\tc\\t57000\\t62000\\n")
        >>> found = dnalect.link([("c", 1_000, "A", "G")], "genes.gff", contacts="loops.bedpe", progress=False)
        >>> found["gene"], found["share"], found["evidence"]
        (['looped', 'near'], [0.5307, 0.4693], ['loop', 'distance'])
    """
    with TemporaryDirectory() as name, using(progress):
        path = scored_path(scored, Path(name))
        told = {"scored": path, "annotate": annotate, "contacts": contacts, "domains": domains, "active": active}
        return Links(link_variants(options_of(Options, {**told, "use": use, "far": far, **more})))
