"""Run the server until it is interrupted."""

import os
import secrets
import socket
import sys
from contextlib import suppress

import uvicorn

from dnalect.core.errors import ConfigError
from dnalect.core.reporter import say
from dnalect.models.precision import use_threads
from dnalect.serve.app import app_of
from dnalect.serve.options import Options

BACKLOG = 2048


def serve(options: Options) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises ConfigError where the address can't be had."""
    use_threads(options.threads)
    token = options.token or (None if options.local else secrets.token_urlsafe(24))
    app = app_of(options, token)
    listening = bound(options)
    port = listening.getsockname()[1]
    host = f"[{options.host}]" if ":" in options.host else options.host
    address = f"http://{host}:{port}/{f'?token={token}' if token else ''}"
    say(f"open {address}  (Ctrl-C ends it; jobs go on with the next one)")
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1, server_header=False))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    say("stopped")
    # A question that still computes can't be interrupted, and nobody waits for its answer.
    sys.stderr.flush()
    os._exit(0)


def bound(options: Options) -> socket.socket:
    """Return a socket at the address. Raises ConfigError where there is none to be had."""
    try:
        found = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            # Who reads the address may ask at once.
            made.listen(BACKLOG)
        except OSError:
            made.close()
            raise
    except OSError as error:
        raise ConfigError(
            f"{options.host}:{options.port} can't be listened at ({error.strerror}): give another --port, or --port 0"
        ) from error
    return made
