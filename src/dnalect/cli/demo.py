"""dnalect demo"""

import click

from dnalect.cli.options import command
from dnalect.jobs.options import DemoOptions


@command("demo", DemoOptions)
def demo(options: DemoOptions) -> None:
    """Show what the embedded models know of sequence that they never saw, and score two real VCFs."""
    from dnalect.jobs.demo.job import demo as make

    made = make(options)
    click.echo(f"\n{made.told}")
    for what, path in made.files:
        click.echo(f"{what:<18}{path}")
