"""What `dnalect benchmark` is asked for."""

from dataclasses import field
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.flags import ARGUMENT, OUTPUT, Command, Device, Dtype, File, Flag, Positive, Texts, Threads


@config
class Options:
    """Which suite to run, and on what."""

    suite: Annotated[File, ARGUMENT, Doc("A YAML file.")]
    data: Annotated[File, Doc("Folder of the tasks and genomes.")]
    models: Annotated[File, Doc("Folder of the suite's model folders.")] = Path()
    out: Annotated[File, OUTPUT, Doc("Folder for figures.tsv and index.html.")] = field(kw_only=True)
    run: Annotated[
        File | None, Doc("Folder of predictions, kept so that a killed run goes on [default: OUT/predictions].")
    ] = None
    only: Annotated[Texts, Doc("Task; repeatable [default: all of the suite].")] = ()
    chosen: Annotated[Texts, Flag("-m", "--model"), Doc("Model of the suite; repeatable [default: all].")] = ()
    seeds: Annotated[Positive | None, Doc("Of tasks that name no number [default: the suite's].")] = None
    workers: Annotated[Positive, Doc("Processes, a thread each.")] = 1
    device: Device = "auto"
    dtype: Dtype = "float32"
    threads: Threads = None
    command: Command = ""
