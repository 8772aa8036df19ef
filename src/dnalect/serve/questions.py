"""POST /api/QUESTION: the questions of the page, answered by Python."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from dnalect.core.errors import InputError
from dnalect.inference.likelihood.shown import AROUND
from dnalect.page import answers, records
from dnalect.page.scoring import score as score_of
from dnalect.serve import schemas
from dnalect.serve.engine import Engine
from dnalect.tokens.names import NAMES

# Multiply-adds that a question to a masked model may take: some minutes of two cores.
AFFORDED = 20_000_000_000_000
# Of a question that nobody waits for any more, as nginx says it.
GONE = 499
WRONG: dict[int | str, dict[str, Any]] = {422: {"model": schemas.Error, "description": "What can't be asked, and why"}}


def questions_of(engine: Engine) -> APIRouter:
    """Return the routes of the questions on these models."""
    router = APIRouter(prefix="/api", tags=["questions"], responses=WRONG)
    turn = asyncio.Lock()

    async def asked(request: Request, answer: Callable[[], Any]) -> Response:
        """Answer when those before are; a question that nobody waits for any more isn't computed."""
        async with turn:
            if await request.is_disconnected():
                return Response(status_code=GONE)
            return answered(await run_in_threadpool(answer))

    def on_part(body: schemas.Part, question: Callable[..., Any], of_map: bool = False) -> Any:
        check(body, schemas.WIDEST_MAP if of_map else schemas.WIDEST)
        afford(body, engine, of_map)
        return engine.ask(body.model, lambda model: question(model, body.sequence, body.start, body.end))

    @router.post("/models", response_model=list[records.ModelCard])
    async def models(request: Request) -> Response:
        """Return the models that can be asked."""
        return await asked(request, engine.cards)

    @router.post("/probabilities", response_model=records.Probabilities)
    async def probabilities(body: schemas.Part, request: Request) -> Response:
        """Return what a model expects at each base, given all others that it reads."""
        return await asked(request, lambda: on_part(body, answers.probabilities))

    @router.post("/score", response_model=records.Scored)
    async def score(body: schemas.AskScore, request: Request) -> Response:
        """Return the score of a variant, with its percentile and what it changes around it."""
        given = body.sequence, body.at, body.ref, body.alt, body.influence, body.gc
        return await asked(request, lambda: engine.ask(body.model, lambda model: score_of(model, *given)))

    @router.post("/substitutions", response_model=records.Substitutions)
    async def substitutions(body: schemas.Part, request: Request) -> Response:
        """Return what every substitution changes."""
        return await asked(request, lambda: on_part(body, answers.substitutions))

    @router.post("/dependency", response_model=records.Depends)
    async def dependency(body: schemas.Part, request: Request) -> Response:
        """Return how a substitution of each base moves what is expected at each other."""
        return await asked(request, lambda: on_part(body, answers.dependency, of_map=True))

    @router.post("/attention", response_model=records.Attended)
    async def attention(body: schemas.AskAttention, request: Request) -> Response:
        """Return what each base attends to."""
        check(body, schemas.WIDEST_MAP)
        given = body.sequence, body.start, body.end, body.layer, body.head
        return await asked(request, lambda: engine.ask(body.model, lambda model: answers.attention(model, *given)))

    @router.post("/tokens", response_model=records.Tokenized)
    async def tokens(body: schemas.AskTokens, request: Request) -> Response:
        """Return how a model, or a tokenizer by its name, reads a sequence."""
        return await asked(request, lambda: answers.tokens(reader_of(body, engine), body.sequence))

    return router


def reader_of(body: schemas.AskTokens, engine: Engine) -> str:
    """Return the model or the tokenizer that is asked. Raises InputError for none, or both."""
    if (body.model is None) == (body.tokenizer is None):
        raise InputError("give a model or a tokenizer, one of the two")
    if body.model is not None:
        return engine.source(body.model)
    if body.tokenizer not in NAMES:
        raise InputError(f"there is no tokenizer {body.tokenizer!r:.80}; there are {', '.join(NAMES)}")
    return str(body.tokenizer)


def answered(record: Any) -> Response:
    """Return a record as JSON: arrays as they are, null for NaN."""
    return Response(orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


def check(body: schemas.Part, widest: int) -> None:
    """Raise InputError for a part that is longer than is answered at once."""
    if (asked := asked_for(body)) > widest:
        raise InputError(f"at most {widest:,} bases are answered at once, and [start, end) has {asked:,}")


def afford(body: schemas.Part, engine: Engine, of_map: bool = False) -> None:
    """Raise InputError for what would take a masked model too long.

    It reads its window once for each base that it is asked about; of a map what lies around the place, on both strands,
    for every substitution.
    """
    card = engine.card(body.model)
    if card["likelihood"] != "masked":
        return
    bases, window = AFFORDED / card["parameters"], min(len(body.sequence), card["context"])
    most = max(1, int((AROUND**2 + bases / 6) ** 0.5 - AROUND if of_map else bases / window))
    if (asked := asked_for(body)) > most:
        each = "substitution" if of_map else "base"
        raise InputError(
            f"{body.model} reads its window once for each {each}, and {asked:,} bases would take it too long: ask for "
            f"at most {most:,} at once"
        )


def asked_for(body: schemas.Part) -> int:
    """Return the bases of [start, end)."""
    return (len(body.sequence) if body.end is None else body.end) - body.start
