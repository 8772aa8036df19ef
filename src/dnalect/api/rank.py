"""`dnalect.rank`: scored variants in the order in which to test them."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dnalect.api.given import options_of
from dnalect.api.score import Shown, scored_path
from dnalect.api.table import Table
from dnalect.core.files import write_text
from dnalect.core.reporter import using
from dnalect.jobs.rank.options import Options
from dnalect.jobs.rank.outputs import kind_of, table_of, write_outputs
from dnalect.jobs.rank.page import page_of
from dnalect.jobs.rank.ranking import Ranked, rank_variants
from dnalect.report.ranking import render


class Ranking(Table):
    """All variants, the best first, with rank, pick, and why each pick was picked.

    Attributes:
        notes: What not to miss.
    """

    def __init__(self, ranked: Ranked):
        super().__init__(table_of(ranked))
        self._ranked = ranked
        self.notes = ranked.notes

    @property
    def picks(self) -> list[dict[str, Any]]:
        """The rows that the budget buys, in the order of buying."""
        return sorted((row for row in self if row["pick"]), key=lambda row: row["pick"])

    def write(self, *paths: str | Path) -> None:
        """Write .tsv or .parquet files, as `dnalect rank` does. Raises OutputError for another suffix."""
        for path in paths:
            kind_of(str(path))
        for path in paths:
            write_outputs(self._ranked, str(path), None)

    def report(self, path: str | Path) -> None:
        """Write the HTML page."""
        write_text(Path(path), render(page_of(self._ranked)))


def rank(
    scored: Any, *, budget: int | None = None, group_by: str | None = None, progress: Shown = None, **more: Any
) -> Ranking:
    """Rank scored variants and pick what a budget buys: what `dnalect rank` does.

    Args:
        scored: What `score` gave; the path of a scored VCF, TSV or Parquet; or a data frame with chrom,
            pos, ref, alt and the scores.
        budget: How many to pick; None for all.
        group_by: Columns with commas between them, or a BED: the ranking is within these loci.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: cost, spread, weights, weight, use,
            conservation, annotate, frequency, pip, labels, haplotypes, reference, model ...

    Returns:
        A `Ranking` of all variants.

    Raises:
        DnalectError: The scores or the settings can't be used.

    Examples:
        >>> import dnalect
        >>> genome = dnalect.open_genome(dnalect.demo_files().reference)
        >>> variants = [("chrI", at, genome["chrI"][at - 1], "ACGT".replace(genome["chrI"][at - 1], "")[0])
        ...             for at in range(20_001, 20_021)]
        >>> ranking = dnalect.rank(dnalect.score(genome, variants, "duplex-yeast", background=0), budget=3)
        >>> len(ranking), [pick["rank"] for pick in ranking.picks]
        (20, [1, 2, 3])
    """
    with TemporaryDirectory() as name, using(progress):
        path = scored_path(scored, Path(name))
        told = {"scored": path, "budget": budget, "group_by": group_by}
        return Ranking(rank_variants(options_of(Options, {**told, **more})))
