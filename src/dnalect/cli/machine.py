"""Options of every command that computes: where, in which precision, on how many threads."""

import click


def _set_threads(_context: click.Context, _option: click.Parameter, threads: int | None) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)


device = click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps.")
dtype = click.option("--dtype", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True)
threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    callback=_set_threads,
    expose_value=False,
    help="CPU threads [default: all cores].",
)
