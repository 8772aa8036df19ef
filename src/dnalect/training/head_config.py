"""What a run is told of an objective beside masked language modelling."""

import re
from dataclasses import field
from typing import Annotated, Literal

from annotated_types import Ge, Interval, Len
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.errors import ConfigError
from dnalect.genome.promoters import UPSTREAM

File = Annotated[str, Len(1)]
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
# Names that torch's table of modules has for itself, and that of the other loss in the log.
_TAKEN = {"keys", "values", "items", "pop", "clear", "update", "bits", "type", "train", "eval", "forward", "training"}


@config
class HeadConfig:
    """One objective beside masked language modelling: a table [[heads]]. Files are relative to the folder of --data.

    kind "classes": every token is of one class. kind "tracks": every track is a yes or no.
    kind "signal": a value is predicted.
    """

    name: Annotated[str, Doc("Of the head, in the log and the card: a word of a-z, 0-9, - and _.")]
    kind: Annotated[
        Literal["classes", "tracks", "signal"],
        Doc("classes: each token is of one class. tracks: each track is a yes or no. signal: a value is predicted."),
    ]
    genome: Annotated[str, Doc("Name of the genome of [[data.genomes]] that its labels are of.")]
    weight: Annotated[float, Interval(gt=0, le=1e6), Doc("Of its loss; that of masked language modelling is 1.")] = 1.0
    annotation: Annotated[str, Doc("classes: a GFF, for the kinds of sequence that `score --annotate` knows.")] = ""
    promoter: Annotated[int, Ge(0), Doc("classes: bases upstream of a gene that are its promoter.")] = UPSTREAM
    bed: Annotated[
        dict[str, File],
        Doc(
            "classes: BED of each class, painted over the annotation, the last one on top; without a GFF all other "
            "bases are `other`. tracks: BED of what is a yes."
        ),
    ] = field(default_factory=dict)
    within: Annotated[str, Doc("tracks: BED of what was looked at; all bases where it is left out.")] = ""
    bigwig: Annotated[
        dict[str, File] | str,
        Doc("tracks: bigWig of each track, a yes where it is greater than `above`. signal: the one file."),
    ] = ""
    above: Annotated[float, Doc("tracks: see bigwig.")] = 0.5
    placed: Annotated[
        dict[str, File],
        Doc(
            "tracks: table of sequences with labels 0 or 1, placed on the genome by exact match; the label is that of "
            "the whole sequence."
        ),
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in _TAKEN:
            raise ConfigError(f"name must be a word of a-z, 0-9, - and _, not {self.name!r}")
        for fault, wrong in self._faults().items():
            if wrong:
                raise ConfigError(f"{self.name}: {fault}")

    def _faults(self) -> dict[str, bool]:
        classes, tracks, signal = (self.kind == kind for kind in ("classes", "tracks", "signal"))
        tables = isinstance(self.bigwig, dict)
        names = [*self.bed, *self.placed, *(self.bigwig if tables else ())]
        return {
            "classes need an annotation (GFF) or a table bed, and take no bigwig and no placed": classes
            and (not (self.annotation or self.bed) or bool(self.bigwig or self.placed)),
            "bigwig of tracks must be a table NAME = FILE": tracks and bool(self.bigwig) and not tables,
            "tracks need a table bed, bigwig or placed, and take no annotation": tracks
            and (not names or bool(self.annotation)),
            "two tracks have one name": tracks and len(set(names)) < len(names),
            "a signal needs bigwig = FILE and no other source": signal
            and (tables or not self.bigwig or bool(self.bed or self.placed or self.annotation)),
            "within belongs to the table bed of tracks": bool(self.within) and not (tracks and self.bed),
        }
