"""The command of the study of cells."""

import click

from dnalect.cli import command
from dnalect.core import table_of
from studies.cells.options import Cells


@command("cells", Cells)
def cells(options: Cells) -> None:
    """Which elements are open in which cells: what a sequence tells, what signals around it, what both.

    \b
    python -m studies cells --data DATA --out results/cells
    """
    from studies.cells.job import run

    click.echo(table_of(run(options)))
