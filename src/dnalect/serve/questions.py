"""POST /api/QUESTION: the questions of the page, answered by Python."""

from collections.abc import Callable
from typing import Any

import orjson
from fastapi import APIRouter, Response

from dnalect.core.errors import InputError
from dnalect.page import answers
from dnalect.serve import schemas
from dnalect.serve.engine import Engine
from dnalect.tokens.names import NAMES

# Multiply-adds that a question to a masked model may take: some minutes of two cores.
AFFORDED = 20_000_000_000_000
WRONG: dict[int | str, dict[str, Any]] = {422: {"model": schemas.Error, "description": "What can't be asked, and why"}}


def questions_of(engine: Engine) -> APIRouter:
    """Return the routes of the questions on these models."""
    router = APIRouter(prefix="/api", tags=["questions"], responses=WRONG)

    def asked(name: str, question: Callable[..., Any]) -> Response:
        return answered(engine.ask(name, question))

    @router.post("/models", response_model=list[schemas.ModelRecord])
    def models() -> Response:
        """Return the models that can be asked."""
        return answered(engine.cards())

    @router.post("/probabilities", response_model=schemas.ProbabilitiesRecord)
    def probabilities(body: schemas.Part) -> Response:
        """Return what a model expects at each base, given all others that it reads."""
        check(body, schemas.WIDEST)
        afford(body, engine)
        return asked(body.model, lambda model: answers.probabilities(model, body.sequence, body.start, body.end))

    @router.post("/score", response_model=schemas.ScoreRecord)
    def score(body: schemas.AskScore) -> Response:
        """Return the score of a variant, with its percentile and what it changes around it."""
        given = body.sequence, body.at, body.ref, body.alt, body.influence
        return asked(body.model, lambda model: answers.score(model, *given))

    @router.post("/substitutions", response_model=schemas.SubstitutionsRecord)
    def substitutions(body: schemas.Part) -> Response:
        """Return what every substitution changes."""
        check(body, schemas.WIDEST)
        afford(body, engine)
        return asked(body.model, lambda model: answers.substitutions(model, body.sequence, body.start, body.end))

    @router.post("/dependency", response_model=schemas.MapRecord)
    def dependency(body: schemas.Part) -> Response:
        """Return how a substitution of each base moves what is expected at each other."""
        check(body, schemas.WIDEST_MAP)
        afford(body, engine, of_map=True)
        return asked(body.model, lambda model: answers.dependency(model, body.sequence, body.start, body.end))

    @router.post("/attention", response_model=schemas.AttentionRecord)
    def attention(body: schemas.AskAttention) -> Response:
        """Return what each base attends to."""
        check(body, schemas.WIDEST_MAP)
        given = body.sequence, body.start, body.end, body.layer, body.head
        return asked(body.model, lambda model: answers.attention(model, *given))

    @router.post("/tokens", response_model=schemas.TokensRecord)
    def tokens(body: schemas.AskTokens) -> Response:
        """Return how a model, or a tokenizer by its name, reads a sequence."""
        if (body.model is None) == (body.tokenizer is None):
            raise InputError("give a model or a tokenizer, one of the two")
        if body.model is not None:
            source = engine.source(body.model)
        elif body.tokenizer in NAMES:
            source = str(body.tokenizer)
        else:
            raise InputError(f"there is no tokenizer {body.tokenizer!r:.80}; there are {', '.join(NAMES)}")
        return answered(answers.tokens(source, body.sequence))

    return router


def answered(record: Any) -> Response:
    """Return a record as JSON: arrays as they are, null for NaN."""
    return Response(orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


def check(body: schemas.Part, widest: int) -> None:
    """Raise InputError for a part that is longer than is answered at once."""
    if (asked := asked_for(body)) > widest:
        raise InputError(f"at most {widest:,} bases are answered at once, and [start, end) has {asked:,}")


def afford(body: schemas.Part, engine: Engine, of_map: bool = False) -> None:
    """Raise InputError for what would take a masked model too long.

    It reads its window once for each base that it is asked about, and of a map as often again for every substitution.
    """
    card = engine.card(body.model)
    if card["likelihood"] != "masked":
        return
    passes = AFFORDED / (card["parameters"] * min(len(body.sequence), card["context"]))
    most = max(1, int((passes / 3) ** 0.5 if of_map else passes))
    if (asked := asked_for(body)) > most:
        raise InputError(
            f"{body.model} reads its window once for each base, and {asked:,} of them would take it too long: ask for "
            f"at most {most:,} at once"
        )


def asked_for(body: schemas.Part) -> int:
    """Return the bases of [start, end)."""
    return (len(body.sequence) if body.end is None else body.end) - body.start
