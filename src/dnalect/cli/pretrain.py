"""dnalect pretrain genome.fa -o my-model"""

from pathlib import Path

import click

from dnalect.cli import machine


@click.command("pretrain")
@click.argument("source", required=False)
@click.option(
    *machine.OUTPUT,
    "out",
    type=click.Path(path_type=Path),
    help="Model folder; a run found there goes on.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder that the files of a config are relative to [default: the current one; of a FASTA its own].",
)
@click.option("--steps", type=click.IntRange(min=1), help="Steps [default: 1,000 of a FASTA, else the config's].")
@click.option("--dry-run", is_flag=True, help="Check everything that can be checked, and train nothing.")
@click.option("--init-config", is_flag=True, help="Print a config with all keys explained, for a FASTA SOURCE or none.")
@machine.device
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads [default: all cores].")
def command(
    source: str | None,
    out: Path | None,
    data: Path | None,
    steps: int | None,
    dry_run: bool,
    init_config: bool,
    device: str,
    threads: int | None,
) -> None:
    """Train a model on the genome SOURCE (FASTA), by a config (TOML), or by the name of a shipped recipe.

    A FASTA gets a small recipe, minutes on two cores, with chromosomes held out by itself; its config is
    kept in the model folder. A second call goes on where the first was stopped.

    \b
    dnalect pretrain genome.fa -o my-model
    dnalect pretrain genome.fa --init-config > my.toml
    dnalect pretrain my.toml -o my-model
    dnalect pretrain duplex-yeast-first --data DATA -o runs/duplex-yeast-first
    """
    if init_config:
        from dnalect.jobs.pretrain import init_config as written

        click.echo(written(source, steps), nl=False)
        return
    if source is None:
        raise click.UsageError("name a FASTA, a config or a shipped recipe: dnalect pretrain genome.fa -o my-model")
    if out is None and not dry_run:
        raise click.UsageError("name the model folder: -o my-model")
    from dnalect.core.reporter import say
    from dnalect.jobs.pretrain import pretrain

    made = pretrain(source, data, out or Path("my-model"), device, threads, steps, dry_run)
    if not dry_run:
        say(f"the model is in {made}; try it: dnalect score genome.fa variants.vcf --model {made} -o scored.vcf")
