"""dnalect pretrain configs/duplex-yeast.toml --data DATA --out runs/duplex-yeast"""

from pathlib import Path

import click

from dnalect.cli import machine


@click.command("pretrain")
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("."),
    show_default=True,
    help="Folder that the config's FASTA names are relative to.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Model folder; a run found there is resumed."
)
@machine.device
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads [default: all cores].")
def command(config: Path, data: Path, out: Path, device: str, threads: int | None) -> None:
    """Train the model of CONFIG (TOML); a second call resumes where the first was stopped."""
    from dnalect.workflows.pretrain import pretrain

    pretrain(config, data, out, device, threads)
    click.echo(f"dnalect: the model is in {out}", err=True)
