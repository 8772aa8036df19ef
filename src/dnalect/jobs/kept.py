"""Scores as the pieces of a run that goes on."""

import json
from collections.abc import Callable

from pydantic import TypeAdapter

from dnalect.core.kept import Kept
from dnalect.core.records import Score

Scores = list[list[Score]]
_SCORES = TypeAdapter(Scores)


def scores_kept(kept: Kept, key: str, compute: Callable[[], Scores]) -> Scores:
    """Return the scores of the alternates of some records, computed unless they were kept."""
    if kept.run is None:
        return compute()
    try:
        return read(kept.of(key, lambda: written(compute())))
    except ValueError:  # of another state of this code
        return compute()


def written(scores: Scores) -> bytes:
    """Return scores as bytes, to the bit."""
    # Not pydantic's own JSON, which has no NaN.
    return json.dumps(_SCORES.dump_python(scores), separators=(",", ":")).encode()


def read(data: bytes) -> Scores:
    """Return the scores of `written`. Raises ValueError for other bytes."""
    return _SCORES.validate_python(json.loads(data))
