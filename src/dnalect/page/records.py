"""The records of the page: what its questions are answered with. Arrays are row-major float32 (docs/design/page.md).

They are the records of the HTTP API of `dnalect serve` as well, where an array is a list of its rows, null for NaN.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import GetPydanticSchema, WithJsonSchema
from pydantic_core.core_schema import any_schema

_NUMBERS = {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}}


def _array(described: dict[str, Any]) -> tuple[GetPydanticSchema, WithJsonSchema]:
    """What OpenAPI is told of an array."""
    return GetPydanticSchema(lambda _, __: any_schema()), WithJsonSchema(described)


Floats = Annotated[npt.NDArray[np.float32], *_array({"type": "array", "items": _NUMBERS})]
Line = Annotated[npt.NDArray[np.float64], *_array({"type": "array", "items": {"type": "number"}})]


@dataclass(frozen=True)
class Measured:
    """What a model was measured to be worth. told: the sentence of `dnalect models show`. value: AUROC, low to high."""

    question: str
    told: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ModelCard:
    """A model as the page offers it.

    likelihood: "leave_one_out", "masked", "causal" or None. given: what a probability is conditioned on, "rest" or
    "left"; None without likelihoods. strands, context (bases), reach (None: all that it reads), layers, attentions: as
    `model.can` has them. heads: of attention in a layer, 0 without. worth: measured, () of models that were not.
    opening: layer and head, from 1, that attention opens with (`page.opening.opening_head`); None without.
    """

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
    worth: tuple[Measured, ...] = ()
    opening: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Probabilities:
    """log_probs: ln p of A, C, G, T given the rest (L, 4); of a causal model the mean of both strands' one side."""

    log_probs: Floats


@dataclass(frozen=True)
class Windows:
    """Both haplotypes as texts. start: of the reference's in the sequence. at: of the alleles in either."""

    start: int
    at: int
    reference: str
    alternate: str


@dataclass(frozen=True, eq=False)
class Scored:
    """A variant's score: docs/scores.md.

    kind: "snv", "mnv", "insertion", "deletion" or "none". llr: ln p(ALT) - ln p(REF). log_p_ref, log_p_alt: the two
    of a SNV, None where whole windows are compared. percentile: share of background variants like it that score lower.
    compared: these in words, "" without. alike: 99 quantiles of their scores. flags: "repeat", "tandem_repeat" and the
    like; "contig_edge" where the sequence ends so near that `score` would give none, and "copy" of what it would leave
    out: without percentile. windows: what influence reads. influence: max, sum and near of `influence-1`. moved: change
    of the log-odds of every base beside the alleles (m, 4); before: how many of them lie to the left. The three are
    None where they cost too much and were not asked for, and of causal models.
    """

    kind: str
    llr: float | None
    percentile: float | None
    compared: str
    alike: Line | None
    log_p_ref: float | None
    log_p_alt: float | None
    flags: tuple[str, ...]
    windows: Windows
    influence: dict[str, float] | None
    moved: Floats | None
    before: int | None


@dataclass(frozen=True, eq=False)
class Substitutions:
    """ratios: of every base (L, 4), 0 of the one that is there, NaN at an N. unit: of a predictor, its own."""

    ratios: Floats
    unit: str


@dataclass(frozen=True, eq=False)
class Depends:
    """map: how far a substitution of base i moves the log2-odds at base j (L, L), as `why.dependency` has it."""

    map: Floats


@dataclass(frozen=True, eq=False)
class Attended:
    """map: attention from base i to base j (L, L). special: mean share of the special tokens; None of a rollout."""

    map: Floats
    special: float | None


@dataclass(frozen=True)
class Token:
    """text: the word. id: its number. start, end: the bases that it covers."""

    text: str
    id: int
    start: int
    end: int


@dataclass(frozen=True)
class Tokenized:
    """vocabulary: number of words. tokens: without special ones."""

    vocabulary: int
    tokens: tuple[Token, ...]
