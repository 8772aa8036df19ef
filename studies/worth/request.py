"""What the studies of worth are asked for: the options of their command."""

from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from dnalect.core import MODEL, OUTPUT, Device, Dtype, File, Flag, Positive, Texts, config
from studies.options import VariantsData


@config
class Worth:
    """What to measure of what models know, and of which.

    page: the Markdown page to write, its plots go to images/ beside it. studies: names, all if empty. models: names or
    folders; a study takes those of its species' assembly, or all where none is; if empty, the embedded ones of its
    species' assembly. human: model of the studies of human in their place. folds: folder of folds. kept: run nothing,
    and make the page of what `out` holds.
    """

    data: VariantsData
    out: Annotated[File, OUTPUT, Doc("Folder for the rows (TSV) and the plots (PNG).")] = Path("results/worth")
    page: Annotated[File | None, Doc("Also write the page; its plots go to images/ beside it.")] = None
    studies: Annotated[
        Texts,
        Flag("--study"),
        Doc(
            "Only likelihood, promoters, strains, codons, conservation, alignment, reporter, effect, profiles, human, "
            "splice, consequences, regulation, influence, network or network-variants; repeatable. The page keeps "
            "the others."
        ),
    ] = ()
    models: Annotated[
        Texts,
        MODEL,
        Doc("Embedded model or model folder; repeatable [default: those of each species' assembly]."),
    ] = ()
    human: Annotated[str | None, Flag("--human-model"), Doc("Model of the studies of human.")] = None
    folds: Annotated[File | None, Doc("Models that each saw a part [default: runs/folds].")] = None
    allow_seen: Annotated[bool, Doc("Measure on chromosomes that the model trained on too; rows say so.")] = False
    contigs: Annotated[Texts, Flag("--contig"), Doc("Only these contigs, for a quick look; repeatable.")] = ()
    species: Annotated[Texts, Flag("--species"), Doc("Only these, such as 'S. cerevisiae'; repeatable.")] = ()
    sample: Annotated[Positive | None, Doc("Common variants for influence in yeast, at random [default: all].")] = None
    window: Annotated[Positive | None, Doc("Bases that influence in yeast reads [default: all in reach].")] = None
    kept: Annotated[bool, Doc("Measure nothing: write the page of what --out holds.")] = False
    dtype: Dtype = "float32"
    device: Device = "cpu"
