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
Rows = list[list[float | None]]


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
    """A variant: `ref` at the 0-based position `at` becomes `alt`; either may be empty."""

    model: Name
    sequence: Sequence
    at: At
    ref: Allele
    alt: Allele
    influence: Literal[False] | None = None


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


class MeasuredRecord(BaseModel):
    """What a model was measured to be worth."""

    question: str
    told: str
    value: float
    low: float
    high: float


class ModelRecord(BaseModel):
    """A model as the page offers it."""

    id: str
    title: str
    species: str
    likelihood: str | None
    given: str | None
    strands: str
    parameters: int
    context: int
    reach: int | None
    layers: int
    heads: int
    attentions: bool
    tokenizer: str
    license: str
    worth: list[MeasuredRecord]


class ProbabilitiesRecord(BaseModel):
    """ln p of A, C, G, T given the rest (L, 4)."""

    log_probs: Rows


class WindowsRecord(BaseModel):
    """Both haplotypes."""

    start: int
    at: int
    reference: str
    alternate: str


class ScoreRecord(BaseModel):
    """A variant's score."""

    kind: str
    llr: float | None
    percentile: float | None
    compared: str
    alike: list[float] | None
    log_p_ref: float | None
    log_p_alt: float | None
    flags: list[str]
    windows: WindowsRecord
    influence: dict[str, float] | None
    moved: Rows | None
    before: int | None


class SubstitutionsRecord(BaseModel):
    """Log-ratios of every base (L, 4), or what a fine-tuned model predicts."""

    ratios: Rows
    unit: str


class MapRecord(BaseModel):
    """A map (L, L)."""

    map: Rows


class AttentionRecord(MapRecord):
    """A map (L, L) of attention."""

    special: float | None


class TokenRecord(BaseModel):
    """A token and its bases."""

    text: str
    id: int
    start: int
    end: int


class TokensRecord(BaseModel):
    """The tokens of a sequence."""

    vocabulary: int
    tokens: list[TokenRecord]


class AskJob(Asked):
    """What to score: names as /api/files lists them, and the scores that are wanted."""

    variants: Name
    genome: Name
    annotation: Name | None = None
    signal: Name | None = None
    model: Name | None = None
    scores: Annotated[list[Literal["llr", "distance", "influence", "change"]], Field(min_length=1, max_length=4)] = [
        "llr"
    ]
    rename: bool = False
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
