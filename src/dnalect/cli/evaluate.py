"""dnalect evaluate likelihood --model duplex-yeast --reference genome.fa; dnalect evaluate leaks ..."""

import click

from dnalect.cli.leaks import leaks
from dnalect.cli.options import command
from dnalect.jobs.options import LikelihoodOptions


@click.group("evaluate")
def evaluate() -> None:
    """Measure a model against its rivals on held-out sequence."""


@command("likelihood", LikelihoodOptions)
def likelihood(options: LikelihoodOptions) -> None:
    """Bits per base and perplexity of a model on a genome, beside Markov models of order 0 to 24.

    \b
    dnalect evaluate likelihood --model duplex-yeast --reference yeast_S288C.fa.gz
    dnalect evaluate likelihood --model my-model --reference my.fa --regions chr20:1-2,000,000
    """
    from dnalect.jobs.likelihood import aligned, run, shown

    rows = run(options)
    click.echo(aligned(rows if options.all_rivals else shown(rows)))


evaluate.add_command(leaks)
evaluate.add_command(likelihood)
