"""dnalect demo"""

from pathlib import Path

import click

from dnalect.cli import machine


@click.command("demo")
@click.option(*machine.OUTPUT, "out", type=click.Path(path_type=Path), default=Path("demo-out"), show_default=True)
def command(out: Path) -> None:
    """Score natural promoter variants of yeast chromosome I; leaves a VCF, a table and a report."""
    from dnalect.workflows.demo import demo

    demo(out)
