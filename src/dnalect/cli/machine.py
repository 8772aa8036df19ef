"""Options that mean the same in every command, so that they are called the same: what was so before still works."""

from collections.abc import Callable, Mapping
from typing import Any

import click

# What is written, the genome, and the model: these names everywhere.
OUTPUT = ("-o", "--output", "--out")
REFERENCE = ("-r", "--reference")
MODEL = ("-m", "--model")


class Renamed(click.Choice[str]):
    """A choice with other words for the same: they are taken, not shown. others: word -> the choice."""

    def __init__(self, choices: list[str], others: Mapping[str, str]):
        super().__init__(choices)
        self.others = others

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the choice that a word stands for."""
        return super().convert(self.others.get(value, value), param, ctx)


def _set_threads(_context: click.Context, _option: click.Parameter, threads: int | None) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)


def strands(help: str, default: str | None = None, reverse: bool = False) -> Callable[[Any], Any]:
    """Strands that a model reads: forward, both, and perhaps reverse; 1 and 2 are other words for the first two."""
    choices = ["forward", *(["reverse"] if reverse else []), "both"]
    kind = Renamed(choices, {"1": "forward", "2": "both"})
    return click.option("--strands", type=kind, default=default, show_default=default is not None, help=help)


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
    "--precision",
    "dtype",
    type=Renamed(["float32", "bfloat16"], {"fp32": "float32", "bf16": "bfloat16"}),
    default="float32",
    show_default=True,
    help="bfloat16 is two to four times as fast where the processor computes in it; scores move a little.",
)
rename = click.option(
    "--rename-contigs",
    "rename",
    metavar="auto|FILE",
    help="Match contig names: 'auto' (chr1 is 1, chrM is MT ...), or a file of two columns "
    "(name in the other file, name in the reference).",
)
threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    callback=_set_threads,
    expose_value=False,
    help="CPU threads [default: all cores].",
)
