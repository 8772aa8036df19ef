"""Rows of text: as columns for people, as a TSV for machines."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from dnalect.core.files import write_text


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, the header first, as text with their columns under each other; no line break at the end."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def filled(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the rows, the header first, without the columns in which nothing stands below it."""
    kept = [number for number, _ in enumerate(rows[0]) if any(row[number] for row in rows[1:])]
    return [[row[number] for number in kept] for row in rows]


def write_tsv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows, the header first, whole or not at all. Raises OutputError."""
    write_text(path, "".join("\t".join(row) + "\n" for row in rows))
