"""Scores as the pieces of a run that goes on."""

import json

from pydantic import TypeAdapter

from dnalect.core.kept import Form
from dnalect.core.records import Score

Scores = list[list[Score]]
_SCORES = TypeAdapter(Scores)


def written(scores: Scores) -> bytes:
    """Return scores as bytes, to the bit."""
    # Not pydantic's own JSON, which has no NaN.
    return json.dumps(_SCORES.dump_python(scores), separators=(",", ":")).encode()


def read(data: bytes) -> Scores:
    """Return the scores of `written`. Raises ValueError for other bytes."""
    return _SCORES.validate_python(json.loads(data))


FORM = Form(written, read)
