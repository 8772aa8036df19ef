"""What every study's command does: say how it was typed, and tell what came out."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from dnalect.core import Figure, table_of, write_figures


def typed() -> str:
    """Return the command as it was typed, for the figures."""
    return shlex.join(["python", "-m", "studies", *sys.argv[1:]])


def tell(figures: Sequence[Figure], output: Path | None = None) -> None:
    """Write the figures, where a file is named, and print them."""
    if output:
        write_figures(output, figures)
    click.echo(table_of(figures))
