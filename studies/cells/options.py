"""What the study of cells is asked for."""

from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from dnalect.core import MODEL, OUTPUT, Command, Device, File, Flag, Natural, Positive, Texts, Threads, config

STEPS = ("states", "tuned", "cells", "fusion")


@config
class Cells:
    """Which elements are open in which cells: from sequence, from signals, from both."""

    data: Annotated[File, Doc("Folder with genomes/ and tracks/.")]
    out: Annotated[File, OUTPUT, Doc("Folder for figures.tsv, pictures and index.html.")]
    model: Annotated[str, MODEL, Doc("Embedded model or model folder.")] = "duplex-human"
    run: Annotated[File, Doc("Folder of what is kept: elements, states, predictions.")] = Path("runs/cells")
    steps: Annotated[Texts, Flag("--step"), Doc("Only these: states, tuned, cells, fusion; repeatable.")] = STEPS
    window: Annotated[Positive, Doc("Bases of an element.")] = 512
    sample: Annotated[Natural, Doc("So many elements, evenly spread, and half as much background; 0 for all.")] = 0
    epochs: Annotated[Positive, Doc("Passes of the fine-tuning, at most.")] = 4
    seeds: Annotated[Positive, Doc("Trainings of each fusion.")] = 3
    device: Device = "auto"
    threads: Threads = None
    seed: Natural = 1
    command: Command = ""
