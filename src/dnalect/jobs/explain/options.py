"""What `dnalect explain` is asked for."""

import re
from typing import Annotated, Any

from annotated_types import Interval
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.errors import ConfigError
from dnalect.core.flags import (
    ARGUMENT,
    MODEL,
    OUTPUT,
    Batch,
    Command,
    Device,
    Flag,
    Named,
    Positive,
    Precision,
    Rename,
    Texts,
    Threads,
)

SUFFIXES = (".html", ".npz", ".tsv")


@config
class Options:
    """What to explain, and how."""

    reference: Annotated[Any, ARGUMENT, Doc("Genome (FASTA).")]
    regions: Annotated[
        Texts, Flag("--region", metavar="REGION"), Doc("Explain chrI:1,001-1,200 (from 1, ends inside); repeatable.")
    ] = ()
    variants: Annotated[
        Texts,
        Flag("--variant", metavar="CONTIG:POS:REF:ALT"),
        Doc("Explain what a variant meets, e.g. chrI:1001:A:G (as a VCF has it); repeatable."),
    ] = ()
    vcf: Annotated[
        Any, Flag("--vcf", metavar="FILE"), Doc("Score the variants of a VCF, TSV or BED first, and explain some.")
    ] = None
    top: Annotated[Positive, Doc("Of --vcf: so many, those that score lowest.")] = 5
    show: Annotated[
        Texts,
        Flag("--show", metavar="VIEW,..."),
        Doc(
            "Views, with commas between them or repeated; see above [default: substitutions; for variants alone also "
            "influence and dependency]."
        ),
    ] = ()
    motifs: Annotated[
        str | None,
        Flag(metavar="MEME"),
        Doc("Known motifs for the view motifs: a MEME file, or jaspar:fungi, jaspar:vertebrates ... (with pyjaspar)."),
    ] = None
    annotate: Annotated[
        str | None,
        Flag(metavar="GFF"),
        Doc("Of attention: whether heads prefer coding, intergenic or promoter bases of this GFF or GTF."),
    ] = None
    around: Annotated[
        Annotated[int, Interval(ge=0, le=1000)], Doc("Bases that are shown on each side of a variant.")
    ] = 50
    outputs: Annotated[
        Texts,
        OUTPUT,
        Doc(
            "why.html (a page with pictures), why.npz (arrays), why.tsv (the table of a view; with several views "
            "why.VIEW.tsv each); may be repeated."
        ),
    ] = ()
    model: Annotated[
        Named, MODEL, Doc("Model or model folder; chosen by the reference's contig lengths if not given.")
    ] = None
    target: Annotated[str | None, Flag(metavar="NAME"), Doc("Which output of a fine-tuned model with several.")] = None
    head: Annotated[str | None, Flag(metavar="LAYER.HEAD"), Doc("Of attention: show this head, e.g. 3.1 (from 1).")] = (
        None
    )
    hidden: Annotated[
        bool,
        Flag("--hidden"),
        Doc("Dependency maps of masked models: hide each base that is asked for; a pass for each pair of bases."),
    ] = False
    nulls: Annotated[
        bool,
        Flag("--no-nulls"),
        Doc("Leave out the same views of shuffled sequence and of an untrained network: a third of the time."),
    ] = True
    seed: Annotated[int, Doc("Seed of the shuffling and of the untrained network.")] = 1
    batch: Annotated[
        Batch | None, Flag("--batch-size"), Doc("Most windows in a batch [default: as many as have 16,384 tokens].")
    ] = None
    rename: Rename = None
    device: Device = "auto"
    dtype: Precision = "float32"
    threads: Threads = None
    command: Command = ""

    def __post_init__(self) -> None:
        if not self.regions and not self.variants and self.vcf is None:
            raise ConfigError("say what to explain: --region chrI:1,001-1,200, --variant chrI:1001:A:G or --vcf FILE")
        if self.head is not None and not re.fullmatch(r"[1-9]\d{0,3}\.[1-9]\d{0,3}", self.head):
            raise ConfigError(f"--head: give layer and head with a dot between them, such as 3.1, not {self.head!r}")

    @property
    def layer_and_head(self) -> tuple[int, int] | None:
        """Of `head`, from 1."""
        if self.head is None:
            return None
        layer, _, head = self.head.partition(".")
        return int(layer), int(head)
