"""What `dnalect link` is asked for."""

from dataclasses import field
from typing import Annotated

from annotated_types import Interval
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.errors import ConfigError
from dnalect.core.flags import ARGUMENT, OUTPUT, Command, Flag, Natural, Positive, Texts

PICTURES = (".png", ".svg")


@config
class Options:
    """Which variants, which genes, and what is known of contacts between them."""

    scored: Annotated[str, ARGUMENT, Doc("What `dnalect score` or `rank` wrote, or any table or VCF of variants.")]
    annotate: Annotated[str, Flag(metavar="GFF"), Doc("Genes: a GFF3 or GTF.")] = field(kw_only=True)
    output: Annotated[str, OUTPUT, Doc("targets.tsv, .parquet or - (a TSV on stdout).")] = "-"
    contacts: Annotated[
        Texts, Flag(metavar="BEDPE"), Doc("Loops: a BEDPE, or a list of HiCCUPS with its counts; repeatable.")
    ] = ()
    domains: Annotated[str | None, Flag(metavar="BED"), Doc("Domains: a BED, or a list of Arrowhead.")] = None
    active: Annotated[
        Texts,
        Flag(metavar="BED"),
        Doc(
            "Peaks of a cell (narrowPeak): elements, and how active they are. Of several files the first names the "
            "elements, and activity is the geometric mean."
        ),
    ] = ()
    use: Annotated[
        str | None, Flag(metavar="COLUMN"), Doc("Effect of a variant, its absolute value counts [default: llr].")
    ] = None
    biotypes: Annotated[
        Texts, Flag("--biotype", metavar="NAME"), Doc("Only genes of this kind, e.g. protein_coding; repeatable.")
    ] = ()
    far: Annotated[Positive, Doc("Genes whose transcription start is farther away are no targets.")] = 1_000_000
    most: Annotated[Positive, Flag("--genes"), Doc("Genes to list of each variant, those of most contact.")] = 5
    slack: Annotated[Natural, Doc("Bases by which the anchors of loops are widened on each side.")] = 5_000
    across: Annotated[
        Annotated[float, Interval(gt=0, le=1)],
        Doc("What a contact is worth that leaves a domain; 1: as much as others."),
    ] = 0.5
    picture: Annotated[str | None, Flag(metavar="PNG|SVG"), Doc("Draw a locus: a variant, its genes, arcs.")] = None
    at: Annotated[
        str | None, Flag("--at", metavar="CONTIG:POS"), Doc("The variant to draw [default: the first one].")
    ] = None
    command: Command = ""

    def __post_init__(self) -> None:
        if self.picture and not self.picture.endswith(PICTURES):
            raise ConfigError(f"--picture {self.picture} must end in {' or '.join(PICTURES)}")
        if self.at and not self.picture:
            raise ConfigError("--at says which variant to draw: give --picture, too")
