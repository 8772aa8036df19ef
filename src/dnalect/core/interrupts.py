"""Ctrl-C and SIGTERM as a wish: a long run ends its step, keeps its work, and says how to go on."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """A run that was asked to stop and kept its work; the message says where it is and how to go on."""


@contextmanager
def stops_between_steps() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether the run was asked to stop; a second signal interrupts at once.

    Outside the main thread, where Python hears no signals, nobody ever asks.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number: int, _frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        # Not print: the signal may have come in the middle of one.
        os.write(2, b"\ndnalect: stopping as soon as this step is done and saved; once more to stop at once\n")

    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
