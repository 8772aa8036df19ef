"""What the study of designs is asked for."""

from pathlib import Path
from typing import Annotated, Literal

from typing_extensions import Doc

from dnalect.core import MODEL, OUTPUT, Command, Device, File, Flag, Natural, Positive, Texts, Threads, config

SEARCHES = ("gradient", "beam", "evolution")


@config
class Design:
    """Yeast promoters of high and low expression; human elements that are open in one cell and closed in another."""

    data: Annotated[File, Doc("Folder with tasks/, weights/ and motifs/; of human with genomes/ and tracks/.")]
    out: Annotated[File, OUTPUT, Doc("Folder for figures.tsv, designs.tsv and pictures.")] = Path("results/design")
    run: Annotated[File, Doc("Folder for the predictors that are made.")] = Path("runs/design")
    part: Annotated[Literal["both", "yeast", "human"], Doc("Which case.")] = "both"
    yeast: Annotated[str, MODEL, Doc("Language model of yeast: frozen states of the designer's predictor.")] = (
        "duplex-yeast"
    )
    human: Annotated[str, Flag("--human"), Doc("The same of human.")] = "duplex-human"
    searches: Annotated[Texts, Flag("--search"), Doc("gradient, beam, evolution; repeatable.")] = SEARCHES
    calls: Annotated[Positive, Doc("Sequences that the predictors may read, of each search and rival.")] = 500
    count: Annotated[Positive, Doc("Of each search and rival the best are judged.")] = 20
    examples: Annotated[
        Natural, Doc("Labelled sequences that predictors learn from; 0: all of yeast, 3,000 of human.")
    ] = 0
    seed: Natural = 0
    device: Device = "auto"
    threads: Threads = None
    command: Command = ""
