"""/api/models/NAME/load, /api/embed, /api/predict, /api/choose: models beyond the questions of the page."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi import Path as InPath

from dnalect.inference.embed import embed
from dnalect.inference.predictions import predictions
from dnalect.jobs.models_choose import advice, judged
from dnalect.jobs.options import Wishes
from dnalect.models.load import tuned_model
from dnalect.models.model import Model
from dnalect.page import records
from dnalect.serve import schemas
from dnalect.serve.engine import Engine
from dnalect.serve.questions import WRONG, answered


def models_of(engine: Engine) -> APIRouter:
    """Return the routes of models."""
    router = APIRouter(prefix="/api", tags=["models"], responses=WRONG)

    @router.post("/models/{name:path}/load", response_model=records.ModelCard)
    def load(name: Annotated[str, InPath(max_length=200)]) -> Response:
        """Load a model of the registry, which may have to be fetched; the page offers it from then on."""
        return answered(engine.card(name))

    @router.post("/embed", response_model=schemas.VectorsRecord)
    def vectors(body: schemas.AskEmbed) -> Response:
        """Return one vector a sequence."""
        given = body.sequences, body.pool, body.layer
        return answered({"vectors": engine.ask(body.model, lambda model: embed(model, *given, quiet=True))})

    @router.post("/predict", response_model=schemas.PredictionsRecord)
    def predicted(body: schemas.AskPredict) -> Response:
        """Return what a fine-tuned model predicts of sequences."""
        return answered(engine.ask(body.model, lambda model: predictions_of(model, body.sequences)))

    @router.post("/choose", response_model=schemas.ChoiceRecord)
    def choose(body: schemas.AskChoose) -> Any:
        """Return which models fit, which don't and why, and what was measured of them."""
        return choice(Wishes(tuple(body.goals), body.species, body.context, body.memory, body.commercial))

    return router


def predictions_of(model: Model, sequences: list[str]) -> dict[str, Any]:
    """Return the outputs of a fine-tuned model and what it predicts. Raises ModelError for a language model."""
    tuned = tuned_model(model)
    outputs = {name: list(spec.outputs) for name, spec in tuned.can.targets.items()}
    return {"outputs": outputs, "values": predictions(tuned, sequences)}


def choice(wishes: Wishes) -> dict[str, Any]:
    """Return which models fit, which don't and why, and all of it in words."""
    verdicts = judged(wishes)
    return {
        "fitting": [each.candidate.name for each in verdicts if not each.against],
        "ruled_out": {each.candidate.name: "; ".join(each.against) for each in verdicts if each.against},
        "told": advice(wishes),
    }
