"""Whatever is sent to the API, the server answers with a sentence and not with a fault of its own."""

from contextlib import suppress

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from dnalect.serve.app import app_of
from dnalect.serve.options import Options
from serve.conftest import HOST


def here(app):
    """The application as this machine's browser asks it."""

    async def asked(scope, receive, send):
        if scope["type"] == "lifespan":  # of each call; the application's own goes on around all of them
            for answer in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{answer}.complete"})
            return
        kept = [(name, value) for name, value in scope.get("headers", ()) if name != b"host"]
        await app(scope | {"headers": [*kept, (b"host", b"127.0.0.1:8765")]}, receive, send)

    return asked


@pytest.fixture(scope="module")
def api(tmp_path_factory, folder, model_folder):
    work = tmp_path_factory.mktemp("fuzz")
    app = app_of(Options((str(folder),), (str(model_folder),), work=work, upload_mb=1, threads=1))
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", here(app))

    @schema.hook
    def map_body(context, body):
        """Let every other question reach a model: random names don't."""
        if isinstance(body, dict) and isinstance(body.get("model"), str) and len(body["model"]) % 2:
            body["model"] = "tiny"
            if isinstance(body.get("sequence"), str):
                body["sequence"] = "".join("ACGTN"[ord(letter) % 5] for letter in body["sequence"])[:600]
        return body

    with TestClient(app, base_url=HOST):
        yield schema


def fuzzed(api, examples):
    """Send so many requests to every operation, and return what was asked and answered."""
    seen = []
    operations = [each.ok() for each in api.get_all_operations()]
    for operation, mode in [(each, mode) for each in operations for mode in GenerationMode]:

        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def asked(case):
            answer = case.call()
            seen.append((case.operation.label, answer.status_code))
            assert answer.status_code < 500, (case.operation.label, answer.text)
            if answer.status_code >= 400:
                assert answer.json()["error"], case.operation.label

        # Where nothing is sent nothing can be wrong with it.
        with suppress(Unsatisfiable):
            asked()
    return seen


def test_no_request_makes_a_5xx(api):
    seen = fuzzed(api, 1)
    assert len({label for label, _ in seen}) >= 20
    assert {200, 422} <= {status for _, status in seen}


@pytest.mark.slow
def test_no_request_of_many_makes_a_5xx(api):
    fuzzed(api, 40)
