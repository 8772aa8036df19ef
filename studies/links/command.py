"""The command of the study of links."""

import click

from dnalect.cli import command
from dnalect.core import table_of
from studies.links.options import Links


@command("links", Links)
def links(options: Links) -> None:
    """Which pairs of enhancers and promoters does a loop join? Distance, activity, CTCF, other cells, learned ones.

    \b
    python -m studies links --data DATA --out results/links
    """
    from studies.links.job import run

    click.echo(table_of(run(options)))
