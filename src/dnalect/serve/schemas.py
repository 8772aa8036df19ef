"""What the API takes and gives, for OpenAPI and its checks."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# Bases that a question may read, and that it may ask about.
LONGEST, WIDEST = 65_536, 8_192
# Bases of a map: its size is their square, and each of them costs three passes.
WIDEST_MAP = 512

Sequence = Annotated[str, Field(min_length=1, max_length=LONGEST, examples=["TATAAAAGGCATGCATCGATTACA"])]
Name = Annotated[str, Field(min_length=1, max_length=200, examples=["duplex-yeast"])]
At = Annotated[int, Field(ge=0, le=LONGEST)]
Allele = Annotated[str, Field(max_length=4_096, pattern="^[ACGTacgt]*$", examples=["A"])]


# No path: what is no contig would be read as the name of a file.
Region = Annotated[str, Field(max_length=200, pattern=r"^[^\s/\\.][^\s/\\]*$", examples=["chrI:1-20000"])]


class Asked(BaseModel):
    """What all questions have."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Part(Asked):
    """A part [start, end) of a sequence, 0-based; end None for the end of the sequence."""

    model: Name
    sequence: Sequence
    start: At = 0
    end: At | None = None


class AskScore(Asked):
    """A variant: `ref` at the 0-based position `at` becomes `alt`; either may be empty.

    gc: share of G and C in the genome that the sequence is of, None for that of the sequence.
    """

    model: Name
    sequence: Sequence
    at: At
    ref: Allele
    alt: Allele
    influence: Literal[False] | None = None
    gc: Annotated[float, Field(gt=0, lt=1)] | None = None


class AskAttention(Part):
    """Which attention: layer and head from 1, or all layers (rollout) and the mean of the heads."""

    layer: Annotated[int, Field(ge=1, le=1_000)] | Literal["rollout"] = "rollout"
    head: Annotated[int, Field(ge=1, le=1_000)] | Literal["mean"] = "mean"


class AskTokens(Asked):
    """How a model, or a tokenizer, reads a sequence."""

    model: Name | None = None
    tokenizer: Name | None = None
    sequence: Sequence


class Error(BaseModel):
    """What is wrong, and what to do about it."""

    error: str


class AskTask(Asked):
    """What all jobs have: names as /api/files lists them. device: where to compute, None for the server's own."""

    genome: Name
    annotation: Name | None = None
    model: Name | None = None
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d{1,2})?)$", examples=["cpu"])] | None = None
    rename: bool = False


class AskScan(AskTask):
    """What to scan. regions: CONTIG or CONTIG:FIRST-LAST, 1-based; none for all. variants: to see beside it."""

    regions: Annotated[list[Region], Field(max_length=100)] = []
    variants: Name | None = None


class AskJob(AskTask):
    """What to score, and the scores that are wanted."""

    variants: Name
    signal: Name | None = None
    scores: Annotated[
        list[Literal["llr", "junction", "distance", "influence", "splice", "change"]], Field(min_length=1, max_length=6)
    ] = ["llr"]
    force_reference: bool = False


class FileRecord(BaseModel):
    """A file that may be named. name: how. file: what it is called."""

    name: str
    kind: str
    file: str
    bytes: int


class FilesRecord(BaseModel):
    """Files of the folders, and what was dropped."""

    shared: list[FileRecord]
    dropped: list[FileRecord]


class Progress(BaseModel):
    """How far the outermost phase is, and which one within it. left: seconds."""

    what: str
    done: int
    total: int | None
    unit: str
    left: float | None
    within: str


class JobRecord(BaseModel):
    """A job. state: queued, running, stopping, stopped, done or failed. made, begun, ended: seconds since 1970."""

    id: str
    title: str
    asked: dict[str, Any]
    state: str
    made: float
    begun: float | None
    ended: float | None
    told: str
    found: dict[str, Any] | None
    progress: Progress | None
    lines: list[str]
    command: str


class AskEmbed(Asked):
    """Sequences to have a vector each. layer: 0 (embedding) to the last, None for the last with its norm."""

    model: Name
    sequences: Annotated[list[Sequence], Field(min_length=1, max_length=64)]
    pool: Literal["mean", "max", "mean-max"] = "mean"
    layer: Annotated[int, Field(ge=0, le=1_000)] | None = None


class VectorsRecord(BaseModel):
    """A vector a sequence (n, C)."""

    vectors: list[list[float]]


class AskPredict(Asked):
    """Sequences for a fine-tuned model."""

    model: Name
    sequences: Annotated[list[Sequence], Field(min_length=1, max_length=64)]


class PredictionsRecord(BaseModel):
    """outputs: of each target, in words. values: (n, outputs) of each target."""

    outputs: dict[str, list[str]]
    values: dict[str, list[list[float | None]]]


class AskChoose(Asked):
    """What a user needs of a model: see `dnalect models choose`."""

    goals: Annotated[list[Literal["accuracy", "speed", "variants", "resources", "species"]], Field(max_length=5)] = []
    species: Annotated[str, Field(max_length=100)] = ""
    context: Annotated[int, Field(ge=0, le=1 << 30)] = 0
    memory: Annotated[float, Field(ge=0, le=1e6)] | None = None
    commercial: bool = False


class ChoiceRecord(BaseModel):
    """fitting: names of the models that fit, the best first. ruled_out: name -> why. told: all of it in words."""

    fitting: list[str]
    ruled_out: dict[str, str]
    told: str
