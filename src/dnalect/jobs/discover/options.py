"""What `dnalect discover` is asked for."""

from dataclasses import field
from typing import Annotated

from annotated_types import Ge
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.errors import ConfigError
from dnalect.core.flags import OUTPUT, REFERENCE, Flag, Natural, Positive, Texts
from dnalect.jobs.embed.options import PER_BASE, Reading

SUFFIXES = (".bed", ".tsv", ".html")
RIVALS = ("words", "gc", "untrained", "alignment")
_PLACES = "contig, contig:start-end or a BED; repeatable [default: all]."


@config
class Options(Reading):
    """What is looked for, and where."""

    source: Annotated[str, Flag(argument=True, metavar="GENOME"), Doc("FASTA that is searched.")] = field(kw_only=True)
    like: Annotated[str, Flag("--like", metavar="BED"), Doc("Known elements of another genome.")] = field(kw_only=True)
    reference: Annotated[str, REFERENCE, Doc("FASTA of that genome, on which --like lies.")] = field(kw_only=True)
    outputs: Annotated[Texts, OUTPUT, Doc("found.bed, found.tsv, found.html; repeatable.")] = field(kw_only=True)
    known: Annotated[
        str | None, Flag("--known", metavar="BED"), Doc("Known elements of GENOME: to measure, never to learn from.")
    ] = None
    regions: Annotated[Texts, Flag("--regions", metavar="REGION|BED"), Doc(f"Of GENOME: {_PLACES}")] = ()
    within: Annotated[Texts, Flag("--within", metavar="REGION|BED"), Doc(f"Of --reference: {_PLACES}")] = ()
    sample: Annotated[Annotated[int, Ge(100)], Doc("Most windows of each; of more, stretches at random.")] = 5_000
    top: Annotated[Positive, Doc("Candidates to list.")] = 200
    rivals: Annotated[
        Texts, Flag("--rival", metavar="words|gc|untrained|alignment"), Doc("Measured beside the model; repeatable.")
    ] = RIVALS
    finetune: Annotated[
        bool, Flag("--finetune"), Doc("Tune the model's layers, too (LoRA): minutes. Candidates are ranked by that.")
    ] = False
    epochs: Annotated[Positive, Doc("Fine-tuning: at most so many passes over the windows to learn from.")] = 10
    seed: Natural = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pool == PER_BASE:
            raise ConfigError("a window has one vector: choose another --pool than base")
        if unknown := set(self.rivals) - {*RIVALS, "none"}:
            raise ConfigError(f"there is no rival {min(unknown)!r}: give some of {', '.join(RIVALS)}, or none")
        for output in self.outputs:
            if not output.endswith(SUFFIXES):
                raise ConfigError(f"the output {output} has none of the suffixes {', '.join(SUFFIXES)}")
