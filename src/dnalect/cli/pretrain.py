"""dnalect pretrain genome.fa -o my-model"""

import click

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.options import PretrainOptions


@command("pretrain", PretrainOptions)
def pretrain(options: PretrainOptions) -> None:
    """Train a model on the genome SOURCE (FASTA), by a config (TOML), or by the name of a shipped recipe.

    A FASTA gets a small recipe, minutes on two cores, with chromosomes held out by itself; its config is
    kept in the model folder. A second call goes on where the first was stopped.

    \b
    dnalect pretrain genome.fa -o my-model
    dnalect pretrain genome.fa --init-config > my.toml
    dnalect pretrain my.toml -o my-model
    dnalect pretrain duplex-yeast-first --data DATA -o runs/duplex-yeast-first
    """
    from dnalect.jobs.pretrain import init_config
    from dnalect.jobs.pretrain import pretrain as train
    from dnalect.training.ranks import together

    if options.init_config:
        click.echo(init_config(options.source, options.steps), nl=False)
        return
    with together(options.device):
        made = train(options)
        if not options.dry_run:
            say(f"the model is in {made}; try it: dnalect score genome.fa variants.vcf --model {made} -o scored.vcf")
