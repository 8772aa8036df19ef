"""What a job has to say while it runs.

The commands print it. Called from Python, a job prints nothing: what it did goes to the logger
"dnalect", and what the reader must not miss is a `DnalectWarning`.
"""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_listeners: list[Callable[[str], None]] = []
_log = logging.getLogger("dnalect")


class DnalectWarning(UserWarning):
    """Something about the results that the reader must not miss."""


def say(message: str) -> None:
    """Tell what was chosen or done."""
    if _listeners:
        _listeners[-1](message)
    else:
        _log.info(message)


def warn(message: str) -> None:
    """Tell what the reader must not miss."""
    if _listeners:
        _listeners[-1](message)
    else:
        warnings.warn(message, DnalectWarning, stacklevel=3)


@contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Send all messages to a listener until the block ends."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
