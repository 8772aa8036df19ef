"""Ctrl-C and SIGTERM as a wish: a long run ends its step, keeps its work, and says how to go on."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds within which a process among many takes signals for one wish.
SAME = 5.0


class Stopped(KeyboardInterrupt):
    """A run that was asked to stop and kept its work; the message says where it is and how to go on."""


@contextmanager
def stops_between_steps(together: bool = False, aloud: bool = True) -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether the run was asked to stop; a second signal interrupts at once.

    Outside the main thread, where Python hears no signals, nobody ever asks. together: the process is one of many,
    which get one wish several times: from who wishes it, and from who started them. aloud: say that it was heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked: list[float] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number: int, _frame: Any) -> None:
        if asked and not (together and time.monotonic() - asked[0] < SAME):
            raise KeyboardInterrupt
        if not asked and aloud:
            # Not print: the signal may have come in the middle of one.
            os.write(2, b"\ndnalect: stopping as soon as this step is done and saved; once more to stop at once\n")
        asked.append(time.monotonic())

    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
