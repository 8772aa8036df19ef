"""How the options of a job look on the command line, and those that mean the same in every command.

A job's `Options` is a config class (`dnalect.core.configs`): its fields say what is allowed, in which words, and what
is taken where nothing is said. From them `dnalect.cli.options` makes arguments, options and their help.
"""

from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Interval
from pydantic import Strict
from typing_extensions import Doc

from dnalect.core.described import OneOf


class Flag:
    """How one field is typed, where its name and kind don't say it all.

    names: such as "-o", "--output", without any `--name-of-the-field`; of a truth that holds by default "--no-..." or
    "--yes/--no". metavar: what stands for its value in the help. argument: it is none with a name, but an argument.
    typed: False for what Python alone can say.
    """

    def __init__(self, *names: str, metavar: str | None = None, argument: bool = False, typed: bool = True):
        self.names, self.metavar, self.argument, self.typed = names, metavar, argument, typed


ARGUMENT = Flag(argument=True)
NOT_TYPED = Flag(typed=False)
# Too rare for a flag: it can be said in the file of --config, and from Python.
IN_FILE = Flag(typed=False)
# What is written, the genome, and the model: these names everywhere.
OUTPUT = Flag("-o", "--output", "--out")
REFERENCE = Flag("-r", "--reference")
MODEL = Flag("-m", "--model")
CONFIG = Flag("--config", metavar="TOML")

# Kinds of values. A file or a folder may be given as text; several of something as a list.
File = Annotated[Path, Strict(False)]
Texts = Annotated[tuple[str, ...], Strict(False)]
Positive = Annotated[int, Ge(1)]
Natural = Annotated[int, Ge(0)]
NotNegative = Annotated[float, Ge(0)]
Batch = Annotated[int, Interval(ge=1, le=4096)]
# A name or a folder; from Python what was loaded, too.
Named = Any

Device = Annotated[str, Doc("auto (cuda if there is one, else mps, else cpu), cpu, cuda, cuda:1, mps.")]
Dtype = Annotated[
    str,
    OneOf(("float32", "bfloat16"), {"fp32": "float32", "bf16": "bfloat16"}),
    Flag("--dtype", "--precision"),
    Doc("bfloat16 is two to four times as fast where the processor computes in it; scores move a little."),
]
Precision = Annotated[
    str,
    OneOf(
        ("float32", "bfloat16", "fast"),
        {"fp32": "float32", "bf16": "bfloat16", "exact": "float32", "auto": "float32"},
    ),
    Flag("--dtype", "--precision"),
    Doc(
        "float32 (or exact); bfloat16, two to four times as fast where the processor computes in it, and scores move a "
        "little; fast: the fastest that this processor has and that answers as float32 does, within a bound."
    ),
]
Threads = Annotated[Positive | None, Doc("CPU threads [default: all cores].")]
Rename = Annotated[
    str | None,
    Flag("--rename-contigs", metavar="auto|FILE"),
    Doc(
        "Match contig names: 'auto' (chr1 is 1, chrM is MT ...), or a file of two columns "
        "(name in the other file, name in the reference)."
    ),
]
# The command that a run is known by in what it writes: as it was typed.
Command = Annotated[str, NOT_TYPED]
Config = Annotated[
    str | None,
    CONFIG,
    Doc("File of any of these options and of rarer ones; what is typed goes above it. See --init-config."),
]
STRANDS = {"1": "forward", "2": "both", 1: "forward", 2: "both"}
