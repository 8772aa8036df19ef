"""What is like a sequence, out: a table, a BED, a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dnalect import __version__
from dnalect.alike.index import Hits
from dnalect.jobs.similar.options import Options
from dnalect.report.likeness import likeness_page

NAMES = (
    *("rank", "contig", "start", "end", "strand", "similarity", "p", "expected"),
    *("words", "words_p", "aligned", "gene", "region"),
)


@dataclass(frozen=True, eq=False)
class Found:
    """What is like a query. rows: of a table, `names` first. hits: as the index has them. windows: of the index."""

    query: str
    windows: int
    hits: Hits
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    facts: dict[str, str]


def written(output: str, found: Found, options: Options) -> Iterator[str]:
    """Yield the text of an output: .tsv, .bed or .html."""
    if output.endswith(".tsv"):
        yield from ("\t".join(row) + "\n" for row in (found.names, *found.rows))
    elif output.endswith(".bed"):
        for row, similarity in zip(found.rows, found.hits.similarity.tolist(), strict=True):
            score = round(1000 * min(max(similarity, 0), 1))
            yield "\t".join((*row[1:4], f"{row[0]}:{row[11] or 'window'}", str(score), row[4])) + "\n"
    else:
        facts = {"version": __version__, "command": options.command, "space": options.space, **found.facts}
        genome = Path(options.source).name
        lead = f"The windows of {genome} that are most like {found.query}, of {found.windows:,}."
        yield likeness_page(f"What is like {found.query}", lead, found.names, found.rows, found.notes, facts)
