"""`dnalect.rank`: scored variants in the order in which to test them."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dnalect.api.given import input_path, options_of
from dnalect.api.score import Scores, Shown
from dnalect.api.table import Table
from dnalect.core.files import write_text
from dnalect.core.reporter import using
from dnalect.jobs.rank.outputs import kind_of, table_of, write_outputs
from dnalect.jobs.rank.page import page_of
from dnalect.jobs.rank.ranking import Options, Ranked, rank_variants
from dnalect.report.ranking import render


class Ranking(Table):
    """All variants, the best first, with rank, pick, and why each pick was picked. notes: what not to miss."""

    def __init__(self, ranked: Ranked):
        super().__init__(table_of(ranked))
        self._ranked = ranked
        self.notes = ranked.notes

    @property
    def picks(self) -> list[dict[str, Any]]:
        """The rows that the budget buys, in the order of buying."""
        return sorted((row for row in self if row["pick"]), key=lambda row: row["pick"])

    def write(self, *paths: str | Path) -> None:
        """Write .tsv or .parquet files, as `dnalect rank` does."""
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

    scored: what `score` gave; the path of a scored VCF, TSV or Parquet; or a data frame with chrom,
    pos, ref, alt and the scores. budget: how many to pick. group_by: columns with commas between
    them, or a BED: the ranking is within these loci. more: cost, spread, weights, weight, use,
    conservation, annotate, frequency, pip, labels, haplotypes, reference, model ...
    Raises a DnalectError for unusable input or settings.
    """
    with TemporaryDirectory() as name, using(progress):
        folder = Path(name)
        told = {"budget": budget, "group_by": group_by, "quiet": progress is False}
        options = options_of(Options, {**told, **more})
        if isinstance(scored, Scores):
            path = str(folder / "scored.parquet")
            scored.write(path)
        else:
            path = input_path(scored, folder)
        return Ranking(rank_variants(path, options))
