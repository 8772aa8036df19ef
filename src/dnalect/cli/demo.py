"""dnalect demo"""

from pathlib import Path

import click

from dnalect.cli import machine


@click.command("demo")
@click.option(*machine.OUTPUT, "out", type=click.Path(path_type=Path), default=Path("demo-out"), show_default=True)
def command(out: Path) -> None:
    """Show what the embedded models know of sequence that they never saw, and score two real VCFs."""
    from dnalect.jobs.demo.job import demo

    demo(out)
