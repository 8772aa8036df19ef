"""The application: routes, and errors as sentences."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

import dnalect.page
from dnalect import __version__
from dnalect.core.errors import DnalectError
from dnalect.models.catalogue import embedded_cards
from dnalect.serve.engine import Engine
from dnalect.serve.options import Options
from dnalect.serve.questions import questions_of

FRONT = Path(dnalect.page.__file__).parent / "front"


def app_of(options: Options) -> FastAPI:
    """Return the application that serves what the options say."""
    app = FastAPI(title="dnalect", version=__version__, docs_url=None, redoc_url=None)
    names = {card.id: card.id for card in embedded_cards()}
    names |= {Path(name).name if Path(name).is_dir() else name: name for name in options.models}
    app.include_router(questions_of(Engine(names, options.device, options.dtype)))
    if FRONT.is_dir():
        app.mount("/front", StaticFiles(directory=FRONT))

    @app.get("/", include_in_schema=False)
    def explorer() -> FileResponse:
        return FileResponse(FRONT / "page.html")

    @app.exception_handler(DnalectError)
    async def told(_: Request, error: DnalectError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 422)

    @app.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> JSONResponse:
        parts = (f"{'.'.join(map(str, each['loc'][1:])) or 'the body'}: {each['msg']}" for each in error.errors())
        return JSONResponse({"error": "; ".join(parts)}, 422)

    return app
