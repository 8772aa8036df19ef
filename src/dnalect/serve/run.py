"""Run the server until it is interrupted."""

import uvicorn

from dnalect.models.precision import use_threads
from dnalect.serve.app import app_of
from dnalect.serve.options import Options


def serve(options: Options) -> None:
    """Serve until Ctrl-C."""
    use_threads(options.threads)
    uvicorn.run(app_of(options), host=options.host, port=options.port, log_level="warning")
