"""dnalect evaluate leaks DATA... -o leaks.tsv"""

from pathlib import Path

import click

from dnalect.cli import machine


@click.command("leaks")
@click.argument("data", nargs=-1, required=True)
@click.option(
    *machine.OUTPUT, "output", type=click.Path(path_type=Path), help="Write the table here (TSV) [default: stdout]."
)
@click.option("--label", "labels", multiple=True, help="Columns of the labels; repeatable.")
@click.option("--sequence", help="Column of the sequences.")
@click.option(*machine.REFERENCE, help="FASTA that the places of the data lie on.")
@click.option("--place", is_flag=True, help="Look for the sequences on the reference.")
@click.option(
    "--split",
    type=click.Choice(["given", "chromosome", "blocks", "cluster", "random"]),
    help="[default: the file's parts, else contigs, else blocks, else clusters].",
)
@click.option("--drop-conflicts", is_flag=True, help="Leave out sequences with contradictory classes.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def leaks(data: tuple[str, ...], output: Path | None, drop_conflicts: bool, **options: object) -> None:
    """How many test sequences of labelled DATA are met in training, and which shortcuts the labels allow.

    DATA: whatever `dnalect finetune` reads; one line of the table for each.
    """
    from dnalect.core.reporter import track
    from dnalect.jobs.leaks import leaks_of, table, write_leaks
    from dnalect.jobs.tuning.data import DataOptions

    conflicts = "drop" if drop_conflicts else "error"
    told = [DataOptions(each, conflicts=conflicts, **options) for each in data]  # type: ignore[arg-type]
    rows = [leaks_of(each) for each in track(told, "audits")]
    if output:
        write_leaks(output, rows)
        click.echo(f"dnalect: the audits are in {output}", err=True)
        return
    for cells in table(rows):
        click.echo("\t".join(cells))
