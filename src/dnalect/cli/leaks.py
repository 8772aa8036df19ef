"""dnalect evaluate leaks DATA... -o leaks.tsv"""

import click

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.options import LeaksOptions


@command("leaks", LeaksOptions)
def leaks(options: LeaksOptions) -> None:
    """How many test sequences of labelled DATA are met in training, and which shortcuts the labels allow.

    DATA: whatever `dnalect finetune` reads; one line of the table for each.
    """
    from dnalect.jobs.leaks import audits, table

    rows = audits(options)
    if options.output:
        say(f"the audits are in {options.output}")
        return
    for cells in table(rows):
        click.echo("\t".join(cells))
