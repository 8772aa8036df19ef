"""Windows that are like a sequence, as a page."""

from collections.abc import Mapping, Sequence

from dnalect.report.page import Page, Section, render

WORDS = frozenset(("place", "gene", "region", "strand"))


def likeness_page(
    title: str,
    lead: str,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str],
    facts: Mapping[str, str],
) -> str:
    """Return the page as HTML. names, rows: of the table; contig, start and end (0-based) become a place."""
    kept = [at for at, name in enumerate(names) if name not in ("start", "end") and any(row[at] for row in rows)]
    heads = tuple("place" if names[at] == "contig" else names[at].replace("_", " ") for at in kept)
    contig, start, end = (list(names).index(name) for name in ("contig", "start", "end"))
    cells = []
    for row in rows:
        place = f"{row[contig]}:{int(row[start]) + 1:,}-{int(row[end]):,}"
        cells.append(tuple(place if at == contig else row[at] for at in kept))
    section = Section("Most alike", tuple(notes), (), heads, tuple(cells), frozenset(heads) - WORDS)
    return render(Page(title, lead, (section,), {name: value for name, value in facts.items() if value}))
