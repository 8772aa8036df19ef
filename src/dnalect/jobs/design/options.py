"""What `dnalect design` is asked for."""

from dataclasses import field
from typing import Annotated, Any

from annotated_types import Ge, Interval, Len
from pydantic import Strict
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.flags import OUTPUT, Command, Device, Dtype, Flag, Named, Positive, Texts, Threads

FASTAS, TABLES, PAGE = (".fa", ".fasta", ".fna"), (".tsv", ".csv", ".parquet"), ".html"
SUFFIXES = (*FASTAS, *TABLES, PAGE)
METHODS = ("gradient", "beam", "evolution")
RIVALS = ("random", "shuffled", "known")
Several = Annotated[tuple[Any, ...], Strict(False)]


@config
class Options:
    """What is to be designed, towards what, and what may not be broken."""

    models: Annotated[
        Several, Len(1), Flag("-m", "--model"), Doc("Folder of a fine-tuned model that goals speak of; repeatable.")
    ] = field(kw_only=True)
    goals: Annotated[
        Texts,
        Len(1),
        Flag("--goal", metavar="OUTPUT=high|low|NUMBER"),
        Doc("Of an output as dnalect predict names it, or of the likelihood; several give a front; repeatable."),
    ] = field(kw_only=True)
    template: Annotated[
        str | None,
        Flag("--from", metavar="SEQUENCE|FASTA"),
        Doc("What to begin with; N for bases that are drawn [default: nothing is given]."),
    ] = None
    length: Annotated[
        Annotated[int, Interval(ge=1, le=1_000_000)] | None, Doc("Bases of a design [default: of --from].")
    ] = None
    protect: Annotated[
        Texts, Flag("--protect", metavar="START-END"), Doc("Bases that stay, from 1, ends inside; repeatable.")
    ] = ()
    edits: Annotated[Positive | None, Doc("Most bases that may differ from --from.")] = None
    gc: Annotated[str | None, Flag("--gc", metavar="LOW-HIGH"), Doc("Share of G and C, such as 0.3-0.6.")] = None
    keep: Annotated[
        Texts,
        Flag("--keep", metavar="WORD|MEME"),
        Doc("What must stand there, on either strand: a word of IUPAC letters, or a site of each motif; repeatable."),
    ] = ()
    forbid: Annotated[
        Texts,
        Flag("--forbid", metavar="WORD|ENZYME|MEME"),
        Doc("What must not: a word, the site of an enzyme such as BsaI, or sites of motifs; repeatable."),
    ] = ()
    homopolymer: Annotated[Positive | None, Doc("Longest run of one base.")] = None
    method: Annotated[
        str,
        OneOf(METHODS),
        Doc("gradient: fastest, of models of bases or k-mers. beam: base by base. evolution: any model."),
    ] = "gradient"
    calls: Annotated[
        int, Interval(ge=8, le=10_000_000), Doc("Sequences that the predictors may read; a gradient counts as three.")
    ] = 1000
    count: Annotated[int, Interval(ge=1, le=100_000), Flag("-n", "--count"), Doc("Designs to write, at most.")] = 10
    apart: Annotated[
        Annotated[int, Ge(0)] | None,
        Doc("Bases in which designs differ at least [default: a tenth of the free ones; 1 with --edits]."),
    ] = None
    judges: Annotated[
        Several,
        Flag("--judge"),
        Doc("Folder of a fine-tuned model that the design doesn't use and that is asked at the end; repeatable."),
    ] = ()
    likelihood: Annotated[
        Named, Flag("--likelihood", metavar="MODEL"), Doc("A language model: bits a base, and the goal likelihood.")
    ] = None
    known: Annotated[
        str | None,
        Flag("--known", metavar="FASTA|TABLE"),
        Doc("Natural sequences, or those that the predictors learned from: for the nearest one, and as a rival."),
    ] = None
    motifs: Annotated[
        str | None, Flag("--motifs", metavar="MEME"), Doc("Count sites of these motifs in the designs and the rivals.")
    ] = None
    rivals: Annotated[
        Texts,
        Flag("--rival", metavar="random|shuffled|known|none"),
        Doc("Get as many calls, and are measured beside the designs; repeatable."),
    ] = RIVALS
    outputs: Annotated[
        Texts, OUTPUT, Doc("FASTA, .tsv, .csv, .parquet, .html; - for FASTA on standard output; repeatable.")
    ] = ("-",)
    seed: Annotated[int, Interval(ge=0, le=(1 << 32) - 1), Doc("Of all that is drawn.")] = 0
    batch: Annotated[Annotated[int, Ge(1)] | None, Flag("--batch-size"), Doc("Most sequences of a forward.")] = None
    device: Device = "auto"
    dtype: Dtype = "float32"
    threads: Threads = None
    command: Command = ""

    def __post_init__(self) -> None:
        if self.template is None and self.length is None:
            raise ConfigError("say how long the designs are with --length, or what they begin as with --from")
        if self.edits is not None and self.template is None:
            raise ConfigError("--edits counts changes of what --from gives: name it")
        if unknown := set(self.rivals) - {*RIVALS, "none"}:
            raise ConfigError(f"there is no rival {min(unknown)!r}: give some of {', '.join(RIVALS)}, or none")
        self.spans  # noqa: B018
        self.content  # noqa: B018

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Protected stretches, 0-based half-open. Raises ConfigError for a text that is none."""
        found = []
        for text in self.protect:
            first, mark, last = text.partition("-")
            last = last if mark else first
            if not (first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last)):
                raise ConfigError(f"--protect takes START-END, such as 1-17, from 1 with the end inside, not {text!r}")
            found.append((int(first) - 1, int(last)))
        return found

    @property
    def content(self) -> tuple[float, float] | None:
        """The shares of G and C that are allowed. Raises ConfigError for a text that is none."""
        if self.gc is None:
            return None
        try:
            low, high = map(float, self.gc.split("-"))
        except ValueError:
            low, high = 1.0, 0.0
        if not 0 <= low <= high <= 1:
            raise ConfigError(f"--gc takes LOW-HIGH, shares such as 0.3-0.6, not {self.gc!r}")
        return low, high


def check_suffix(output: str) -> None:
    """Raise OutputError for an output of a kind that is not written."""
    if output != "-" and not output.endswith(SUFFIXES):
        raise OutputError(f"the output {output} has none of the suffixes {', '.join(SUFFIXES)}")
