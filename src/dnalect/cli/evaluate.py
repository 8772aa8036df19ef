"""dnalect evaluate likelihood --model duplex-yeast --reference genome.fa; dnalect evaluate leaks ..."""

import click

from dnalect.cli.leaks import leaks
from dnalect.cli.options import CONTEXT, command
from dnalect.jobs.bias import BiasOptions
from dnalect.jobs.options import LikelihoodOptions


@click.group("evaluate", context_settings=CONTEXT)
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


@command("bias", BiasOptions)
def bias(options: BiasOptions) -> None:
    """Where a model is better and worse than elsewhere, and which kinds of sequence it learned from more and less.

    \b
    dnalect evaluate bias --model duplex-yeast --reference yeast_S288C.fa.gz --annotate genes.gff -o bias.png
    dnalect evaluate bias --model duplex-human --reference chr20.fa.gz --variants cohort.vcf.gz
    """
    from dnalect.core.reporter import say
    from dnalect.jobs import bias as job
    from dnalect.jobs import bias_variants

    if options.variants:
        told = job.variant_bias(options)
        count, text = f"{len(told)} figures", bias_variants.table(told)
    else:
        found = job.bias(options)
        count, text = f"{len(found)} kinds of sequence", job.table(found)
    if not options.outputs:
        click.echo(text)
    else:
        say(f"{count} are in {', '.join(options.outputs)}")


evaluate.add_command(bias)
evaluate.add_command(leaks)
evaluate.add_command(likelihood)
