"""What `dnalect similar` is asked for."""

from dataclasses import field
from typing import Annotated

from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.errors import ConfigError
from dnalect.core.flags import OUTPUT, Flag, Positive, Texts
from dnalect.jobs.embed.options import PER_BASE, Reading

SUFFIXES = (".tsv", ".bed", ".html")


@config
class Options(Reading):
    """What is looked for, where, and how."""

    source: Annotated[str, Flag(argument=True, metavar="GENOME"), Doc("FASTA that is searched.")] = field(kw_only=True)
    to: Annotated[
        str,
        Flag("--to", metavar="REGION|FASTA|SEQUENCE"),
        Doc("What the windows are to be like: a region of GENOME (chrI:1,001-1,500), a FASTA of one record, or bases."),
    ] = field(kw_only=True)
    outputs: Annotated[
        Texts, OUTPUT, Doc("hits.tsv, hits.bed, hits.html; repeatable [default: a table on stdout].")
    ] = ()
    index: Annotated[
        str | None, Flag(metavar="NPZ"), Doc("Keep the vectors of all windows here; where it is there, it is used.")
    ] = None
    space: Annotated[
        str,
        OneOf(("centred", "whitened", "raw")),
        Doc("Cosines of vectors less their mean, of whitened ones, as they are."),
    ] = "centred"
    top: Annotated[Positive, Doc("Windows to list.")] = 20
    annotate: Annotated[str | None, Flag(metavar="GFF"), Doc("Say what lies in the middle of each window.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pool == PER_BASE:
            raise ConfigError("a window has one vector: choose another --pool than base")
        for output in self.outputs:
            if not output.endswith(SUFFIXES):
                raise ConfigError(f"the output {output} has none of the suffixes {', '.join(SUFFIXES)}")
