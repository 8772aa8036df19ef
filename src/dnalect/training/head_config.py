"""What the head of a multi-task recipe is told: one [[heads]] table of the TOML file."""

import re
from dataclasses import dataclass, field

from dnalect.core.errors import ConfigError
from dnalect.genome.parts import UPSTREAM
from dnalect.models.heads import KINDS

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
# Names that torch's table of modules has for itself, and that of the other loss in the log.
_TAKEN = {"keys", "values", "items", "pop", "clear", "update", "bits", "type", "train", "eval", "forward", "training"}


@dataclass(frozen=True)
class HeadConfig:
    """One objective beside masked language modelling. Files are relative to the data folder.

    name: of the head, in the log and the card. genome: name of the genome of [[data.genomes]]
    that its labels are of. weight: of its loss; that of masked language modelling is 1.

    kind "classes": every token is of one class. annotation: GFF for the classes of
    `genome.parts.PARTS`; promoter: bases upstream of a gene that are its promoter. bed: class
    -> BED, painted over these, the last one on top; without a GFF all other bases are "other".

    kind "tracks": every track is a yes or no. bed: track -> BED of yes; within: BED of what was
    looked at, all bases where it is left out. bigwig: track -> signal; yes where it is greater
    than `above`. placed: track -> table of sequences with labels 0 or 1, placed on the genome
    by exact match; the label is that of the whole sequence.

    kind "signal": bigwig: one file, whose value is predicted.
    """

    name: str
    kind: str
    genome: str
    weight: float = 1.0
    annotation: str = ""
    promoter: int = UPSTREAM
    bed: dict[str, str] = field(default_factory=dict)
    within: str = ""
    bigwig: dict[str, str] | str = ""
    above: float = 0.5
    placed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in _TAKEN:
            raise ConfigError(f"[[heads]] name must be a word of a-z, 0-9, - and _, not {self.name!r}")
        for fault, wrong in self._faults().items():
            if wrong:
                raise ConfigError(f"[[heads]] {self.name}: {fault}")

    def _faults(self) -> dict[str, bool]:
        classes, tracks, signal = (self.kind == kind for kind in KINDS)
        tables = {"bed": self.bed, "placed": self.placed} | ({} if signal else {"bigwig": self.bigwig or {}})
        names = [name for table in tables.values() if isinstance(table, dict) for name in table]
        files = [file for table in tables.values() if isinstance(table, dict) for file in table.values()]
        return {
            f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}": not (classes or tracks or signal),
            f"weight must be above 0, not {self.weight}; leave the table out to do without the head": not (
                isinstance(self.weight, int | float) and self.weight > 0
            ),
            "bed, placed and (of tracks) bigwig must be tables NAME = FILE": not all(
                isinstance(table, dict) for table in tables.values()
            )
            or not all(isinstance(file, str) and file for file in files),
            "promoter must not be negative": self.promoter < 0,
            "classes need an annotation (GFF) or a table bed, and take no bigwig and no placed": classes
            and (not (self.annotation or self.bed) or bool(self.bigwig or self.placed)),
            "tracks need a table bed, bigwig or placed, and take no annotation": tracks
            and (not names or bool(self.annotation)),
            "two tracks have one name": tracks and len(set(names)) < len(names),
            "a signal needs bigwig = FILE and no other source": signal
            and not (isinstance(self.bigwig, str) and self.bigwig and not (self.bed or self.placed or self.annotation)),
            "within belongs to the table bed of tracks": bool(self.within) and not (tracks and self.bed),
        }
