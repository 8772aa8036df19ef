"""Figures of the study of cells as pictures and a page."""

from collections.abc import Sequence
from pathlib import Path

from dnalect.core import Figure, write_figures


def publish(figures: Sequence[Figure], out: Path, command: str) -> None:
    """Write OUT/figures.tsv."""
    write_figures(out / "figures.tsv", figures)
