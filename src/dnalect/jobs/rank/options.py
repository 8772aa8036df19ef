"""What `dnalect rank` is asked for: on the command line what most people change, in a file all of it."""

from dataclasses import field
from typing import Annotated

from annotated_types import Interval
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.flags import (
    ARGUMENT,
    IN_FILE,
    MODEL,
    OUTPUT,
    REFERENCE,
    Command,
    Config,
    Flag,
    Named,
    Natural,
    NotNegative,
    Positive,
    Rename,
    Texts,
)
from dnalect.jobs.rank.settings import REGIONS, WAYS, WEIGHTS, Direction, Settings, Source, Used, Weight


@config
class Options:
    """How to rank, and what. What `config` says stands below what is given besides."""

    scored: Annotated[str, ARGUMENT, Doc("What `dnalect score` wrote (VCF, TSV or Parquet).")]
    output: Annotated[str, OUTPUT, Doc("ranked.tsv, .parquet or - (a TSV on stdout).")] = "-"
    report: Annotated[str | None, Doc("Write an HTML page here.")] = None
    group_by: Annotated[
        str | None,
        Flag(metavar="BED|COLUMNS"),
        Doc("Rank within loci: intervals of a BED, or columns of the file with commas between them, e.g. gene,region."),
    ] = None
    max_distance: Annotated[
        Natural,
        IN_FILE,
        Doc("With group_by of gene: a variant between genes is in no locus if the nearest TSS is farther away."),
    ] = 10_000
    budget: Annotated[Positive | None, Doc("How many variants to pick.")] = None
    cost: Annotated[NotNegative | None, Doc("What one costs, for the total.")] = None
    spread: Annotated[
        str,
        OneOf(("round-robin", "global")),
        Doc("round-robin: the best of every locus, then the second of every locus ...; global: by rank alone."),
    ] = "round-robin"
    weight: Annotated[
        Texts,
        Flag(metavar="NAME=WEIGHT[:low|high|abs]"),
        Doc("Weight of llr, distance, conservation, region, frequency or pip, and which values count most; 0: none."),
    ] = ()
    uses: Annotated[
        Texts,
        Flag("--use", metavar="NAME=COLUMN[:WEIGHT[:high|low|abs]]"),
        Doc("A column of the file as evidence, e.g. the change that a fine-tuned model predicts [default: 1, abs]."),
    ] = ()
    conservation: Annotated[
        str | None, Flag(metavar="BIGWIG"), Doc("Conservation, mean over the changed bases; high values count.")
    ] = None
    annotate: Annotated[str | None, Flag(metavar="GFF"), Doc("Gene, region and distance to the nearest TSS.")] = None
    frequency: Annotated[str | None, IN_FILE, Doc("Column of the allele frequency; by default allele_frequency.")] = (
        None
    )
    pip: Annotated[
        str | None, Flag(metavar="COLUMN"), Doc("Column of fine-mapping probabilities: they multiply the odds.")
    ] = None
    labels: Annotated[
        str | None,
        Flag(metavar="TSV"),
        Doc("Your own results, for a calibration: chrom, pos, ref, alt, hit (0 or 1)."),
    ] = None
    label_column: Annotated[str | None, IN_FILE, Doc("Column of the labels; by default hit, label or effect.")] = None
    hit_above: Annotated[
        float | None, Flag(metavar="EFFECT"), Doc("Labels are effects, and hits from this absolute one on.")
    ] = None
    skip_labelled: Annotated[bool, Doc("Don't pick variants that have a label.")] = False
    no_repeats: Annotated[bool, Doc("Leave variants out that are flagged as lying in tandem repeats.")] = False
    haplotypes: Annotated[
        str | None, Flag(metavar="VCF"), Doc("Phased genotypes: score near variants of one haplotype jointly.")
    ] = None
    reference: Annotated[str | None, Flag(*REFERENCE.names, metavar="FASTA"), Doc("Reference, for --haplotypes.")] = (
        None
    )
    model: Annotated[
        Named, MODEL, Doc("Model, for --haplotypes; chosen by the reference's contig lengths if not given.")
    ] = None
    near: Annotated[
        Annotated[int, Interval(ge=1, le=256)],
        IN_FILE,
        Doc("Most bases between two neighbours of a haplotype that are scored jointly."),
    ] = 64
    rename: Rename = None
    seed: Annotated[int, IN_FILE, Doc("Of the intervals and folds.")] = 1
    weights: Annotated[dict[Source, Weight], IN_FILE, Doc("How much each source counts.")] = field(
        default_factory=lambda: dict(WEIGHTS)
    )
    directions: Annotated[dict[Source, Direction], IN_FILE, Doc("Which values of each source count most.")] = field(
        default_factory=lambda: dict(WAYS)
    )
    regions: Annotated[
        dict[Annotated[str, OneOf(REGIONS)], Annotated[float, Interval(ge=0, le=1)]],
        IN_FILE,
        Doc("Value of each kind of sequence."),
    ] = field(default_factory=lambda: dict(REGIONS))
    use: Annotated[dict[str, Used], IN_FILE, Doc("Columns of the file that count, too, each a table [use.NAME].")] = (
        field(default_factory=dict)
    )
    config: Config = None
    command: Command = ""

    def __post_init__(self) -> None:
        self.settings  # noqa: B018

    @property
    def settings(self) -> Settings:
        """What counts how much. Raises ConfigError for a weight or column that can't be."""
        made = Settings(WEIGHTS | self.weights, WAYS | self.directions, REGIONS | self.regions, self.use)
        for text in self.weight:
            made = made.with_weight(text)
        for text in self.uses:
            made = made.with_use(text)
        return made
