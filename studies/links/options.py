"""What the study of links is asked for."""

from pathlib import Path
from typing import Annotated

from annotated_types import Interval
from typing_extensions import Doc

from dnalect.core import OUTPUT, Command, File, Flag, Natural, Positive, config


@config
class Links:
    """Which pairs of enhancers and promoters does a loop join?"""

    data: Annotated[File, Doc("Folder with genomes/ and tracks/.")]
    out: Annotated[File, OUTPUT, Doc("Folder for figures.tsv and the pictures.")] = Path("results/links")
    model: Annotated[str | None, Flag("-m", "--model"), Doc("Also judge vectors of both elements, of this model.")] = (
        None
    )
    block: Annotated[Positive, Doc("Bases of what is held out, and drawn, whole.")] = 5_000_000
    folds: Annotated[Annotated[int, Interval(ge=2, le=20)], Doc("Parts that are held out in turn.")] = 5
    seed: Natural = 1
    command: Command = ""
