"""The application: the parts put together, and errors as sentences."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from dnalect import __version__
from dnalect.core.errors import DnalectError
from dnalect.core.files import cache_folder
from dnalect.page import assets
from dnalect.serve.engine import Engine, offered_by
from dnalect.serve.files import Files, labelled
from dnalect.serve.guard import Guard
from dnalect.serve.jobs import Queue
from dnalect.serve.model_routes import models_of
from dnalect.serve.options import Options
from dnalect.serve.pages import environment, pages_of
from dnalect.serve.questions import questions_of
from dnalect.serve.routes import files_of, jobs_of

DEMO = Path(str(resources.files("dnalect") / "demo_data"))
# All that was dropped, as a multiple of the largest file that may be.
DROPPED = 8
_log = logging.getLogger("dnalect")


def app_of(options: Options, token: str | None = None) -> Guard:
    """Return the application that serves what the options say. Raises a DnalectError for options that can't be met."""
    folders = labelled([Path(folder) for folder in options.folders])
    work = options.work or cache_folder() / "serve"
    work.mkdir(parents=True, exist_ok=True)
    upload = options.upload_mb * 1_000_000
    engine = Engine(offered_by(options.models, folders), options.device, options.dtype)
    files = Files(folders | {"demo": DEMO}, work / "dropped", DROPPED * upload)
    queue = Queue(work, options.job_minutes)

    @asynccontextmanager
    async def working(_: FastAPI) -> AsyncIterator[None]:
        queue.start()
        yield
        queue.close()

    app = FastAPI(
        title="dnalect serve",
        version=__version__,
        lifespan=working,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    for router in (
        questions_of(engine),
        models_of(engine),
        files_of(files),
        jobs_of(queue, files, engine, options),
        pages_of(engine, files, queue),
    ):
        app.include_router(router)
    _add_files(app)
    _add_errors(app)
    return Guard(app, options.local, token, upload)


def _add_files(app: FastAPI) -> None:
    """Add the files that pages are made of."""
    css = (resources.files("dnalect.report") / "templates" / "report.css").read_text(encoding="utf-8")

    @app.get("/static/page.css", include_in_schema=False)
    def style() -> Response:
        return Response(css, media_type="text/css")

    shown = assets.data()

    @app.get("/data/{name}.json", include_in_schema=False)
    def data(name: str) -> Response:
        if name not in shown:
            raise HTTPException(404, "there is nothing of this name")
        return Response(shown[name], media_type="application/json")

    for name, package in (("static", "dnalect.serve"), ("front", "dnalect.page")):
        app.mount(f"/{name}", StaticFiles(directory=str(resources.files(package) / name)))


def _add_errors(app: FastAPI) -> None:
    """Make sentences of errors: JSON for the API, a page for people."""
    templates = environment()

    def told(request: Request, status: int, what: str) -> Response:
        if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"error": what}, status)
        page = templates.get_template("wrong.html.j2").render(at="", what=what)
        return Response(page, status, media_type="text/html")

    @app.exception_handler(DnalectError)
    async def unusable(request: Request, error: DnalectError) -> Response:
        return told(request, 404 if request.method == "GET" else 422, str(error))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return told(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> Response:
        parts = (f"{'.'.join(map(str, each['loc'][1:])) or 'the body'}: {each['msg']}" for each in error.errors())
        return told(request, 422, "; ".join(parts))

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=400)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        _log.error("dnalect: %s %s: %s", request.method, request.url.path, error, exc_info=error)
        return told(request, 500, "this is a fault of dnalect: what the server printed says more")
