"""Options of every command that computes: where, in which precision, on how many threads."""

import click


def _set_threads(_context: click.Context, _option: click.Parameter, threads: int | None) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)


def _the_best(_context: click.Context, _option: click.Parameter, name: str) -> str:
    if name != "auto":
        return name
    from dnalect.models.precision import best_device

    return best_device()


device = click.option(
    "--device",
    default="auto",
    show_default=True,
    callback=_the_best,
    help="auto (cuda if there is one, else mps, else cpu), cpu, cuda, cuda:1, mps.",
)
dtype = click.option(
    "--dtype",
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    show_default=True,
    help="bfloat16 is two to four times as fast where the processor computes in it; scores move a little.",
)
threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    callback=_set_threads,
    expose_value=False,
    help="CPU threads [default: all cores].",
)
