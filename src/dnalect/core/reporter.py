"""Where jobs speak while they run: the one door for how far a long phase is, for notes and for warnings.

    with phase("scoring", total=len(records), unit="records") as bar:
        for record in records:
            ...
            bar.update()
    say("percentiles: ...")
    warn("the reference is of another assembly")

All of it goes to the current `Reporter`, which `using` sets for a block and whatever is called in it, in this thread
or task alone. The commands print it. Called from Python, a job prints no words: notes go to the logger "dnalect", and
what the reader must not miss is a `DnalectWarning`; a terminal gets a bar on stderr, and a phase that takes long
elsewhere (a log file, a notebook) a plain line now and then.
"""

import logging
import sys
import time
import warnings
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

T = TypeVar("T")
# Seconds: the first plain line of a phase, and the longest time between two. Each one comes after twice the time.
FIRST_LINE, RAREST_LINE = 10.0, 600.0
# Seconds: a phase within another one gets its bar after that, and the bar of a longer phase stays when it is done.
WORTH_A_BAR = 3.0
# Seconds between two calls of a function.
CALLS = 0.1
_log = logging.getLogger("dnalect")


class DnalectWarning(UserWarning):
    """Something about the results that the reader must not miss."""


@dataclass(frozen=True)
class State:
    """How far a phase is.

    Attributes:
        what: Words such as "scoring".
        done: Of its units.
        total: None where nobody knows.
        unit: Such as "records".
        seconds: Since its beginning.
        left: Seconds still to go, None where nobody can say.
        facts: What else there is to tell, such as the loss.
        ended: Nothing follows.
    """

    what: str
    done: int
    total: int | None
    unit: str
    seconds: float
    left: float | None
    facts: dict[str, str] = field(default_factory=dict)
    ended: bool = False

    def __str__(self) -> str:
        """A plain line."""
        unit = f" {self.unit}" if self.unit else ""
        if self.ended:
            parts = [f"{self.done:,}{unit} in {duration(self.seconds)}"]
        elif self.total:
            parts = [f"{self.done:,} of {self.total:,}{unit} ({self.done / self.total:.0%})"]
        else:
            parts = [f"{self.done:,}{unit} after {duration(self.seconds)}"]
        parts += [f"about {duration(self.left)} left"] if self.left is not None and not self.ended else []
        parts += [f"{name} {value}" for name, value in self.facts.items()]
        return f"{self.what}: {', '.join(parts)}"


class Reporter:
    """Where a job speaks: functions that hear it.

    Args:
        state: Called with the `State` of a phase at its beginning, at most ten times a second while it
            goes on, and at its end. None for stderr, False for nowhere.
        say: Takes a note, what was chosen or done; None for the logger "dnalect".
        warn: Takes what the reader must not miss; None for `say`, where that is given, else for a
            DnalectWarning.

    Examples:
        >>> import dnalect
        >>> heard = []
        >>> listener = dnalect.Reporter(state=lambda state: heard.append(state.what), say=heard.append)
        >>> genome = {"a": "ACGTTGCATGACCAGT" * 20}
        >>> scores = dnalect.score(genome, [("a", 101, "T", "A")], "duplex-yeast", background=0, progress=listener)
        >>> "scoring" in heard
        True
    """

    def __init__(
        self,
        state: Callable[[State], None] | Literal[False] | None = None,
        say: Callable[[str], None] | None = None,
        warn: Callable[[str], None] | None = None,
    ):
        self.state, self.say, self.warn = state, say, warn or say
        self.open = 0

    @property
    def silent(self) -> bool:
        """Whether nobody hears how far phases are."""
        return self.state is False

    def begin(self, what: str, total: int | None, unit: str, start: int) -> "Phase":
        """Return a phase that reports here."""
        if self.state is False:
            return Phase(self, what, total, unit, start)
        if self.state is not None:
            return _Told(self, what, total, unit, start)
        return (_Bar if sys.stderr.isatty() else _Lines)(self, what, total, unit, start)


class Phase:
    """A phase that goes on; this one says nothing. A context manager.

    start: units that were done before, as of a run that is resumed.
    """

    def __init__(self, reporter: Reporter, what: str, total: int | None, unit: str, start: int):
        self.reporter, self.what, self.total, self.unit = reporter, what, total, unit
        self.start = self.done = start
        self.facts: dict[str, str] = {}
        self.begun = time.monotonic()

    def update(self, units: int = 1, **facts: str) -> None:
        """Say that so many units are done. facts: what is to be shown beside them from now on."""
        self.done += units
        self.facts |= facts
        self._show()

    def state(self, ended: bool = False) -> State:
        """Return how far it is."""
        seconds, made = time.monotonic() - self.begun, self.done - self.start
        left = seconds * (self.total - self.done) / made if self.total and made > 0 else None
        return State(self.what, self.done, self.total, self.unit, seconds, left, dict(self.facts), ended)

    def __enter__(self) -> "Phase":
        self.reporter.open += 1
        self.begun = time.monotonic()
        self._open()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self.reporter.open -= 1
        self._close(error is None)

    def _open(self) -> None: ...

    def _show(self) -> None: ...

    def _close(self, whole: bool) -> None: ...


class _Bar(Phase):
    """On a terminal. A bar within another one comes late and goes when it is done."""

    def _open(self) -> None:
        from tqdm import tqdm

        outermost = self.reporter.open == 1
        self._bar: Any = tqdm(
            desc=self.what,
            total=self.total,
            initial=self.start,
            unit=f" {self.unit}" if self.unit else "",
            unit_scale=(self.total or 0) >= 100_000,
            leave=False,
            delay=0 if outermost else WORTH_A_BAR,
            dynamic_ncols=True,
        )
        self._stays = outermost

    def _show(self) -> None:
        if self.facts:
            self._bar.set_postfix(self.facts, refresh=False)
        self._bar.update(self.done - self._bar.n)

    def _close(self, whole: bool) -> None:
        self._bar.leave = self._stays and self.state().seconds >= WORTH_A_BAR
        self._bar.close()


class _Lines(Phase):
    """Where nothing can be drawn over: a line after ten seconds, then ever more rarely."""

    _next = FIRST_LINE

    def _show(self) -> None:
        state = self.state()
        if state.seconds >= self._next and self.done != self.total:
            self._next = state.seconds + min(max(state.seconds, FIRST_LINE), RAREST_LINE)
            say(str(state))

    def _close(self, whole: bool) -> None:
        if whole and self._next > FIRST_LINE:
            say(str(self.state(ended=True)))


class _Told(Phase):
    """A function hears it."""

    _last = 0.0

    def _open(self) -> None:
        self._tell(self.state())

    def _show(self) -> None:
        if time.monotonic() - self._last >= CALLS:
            self._tell(self.state())

    def _close(self, whole: bool) -> None:
        self._tell(self.state(ended=True))

    def _tell(self, state: State) -> None:
        self._last = time.monotonic()
        if self.reporter.state:
            self.reporter.state(state)


_current: ContextVar[Reporter | None] = ContextVar("dnalect-reporter", default=None)
_PLAIN, _NOWHERE = Reporter(), Reporter(state=False)


def reporter() -> Reporter:
    """Return the current one."""
    return _current.get() or _PLAIN


def say(message: str) -> None:
    """Tell what was chosen or done."""
    (reporter().say or _log.info)(message)


def warn(message: str) -> None:
    """Tell what the reader must not miss."""
    if (heard := reporter().warn) is not None:
        heard(message)
    else:
        warnings.warn(message, DnalectWarning, stacklevel=3)


def phase(what: str, total: int | None = None, unit: str = "", start: int = 0, quiet: bool = False) -> Phase:
    """Return a context manager whose `update(units)` says how far a phase is.

    what: words such as "scoring". total: units, None where nobody knows. unit: such as "records".
    start: units done before. quiet: say nothing.
    """
    return (_NOWHERE if quiet else reporter()).begin(what, total, unit, start)


def track(items: Iterable[T], what: str, unit: str = "", total: int | None = None, quiet: bool = False) -> Iterator[T]:
    """Yield the items and say how many are done. total: their number, where they don't know it themselves."""
    count = len(items) if total is None and isinstance(items, Collection) else total
    with phase(what, count, unit, quiet=quiet) as bar:
        for item in items:
            yield item
            bar.update()


@contextmanager
def using(progress: Reporter | Callable[[State], None] | bool | None) -> Iterator[None]:
    """Let all that is said within the block be heard elsewhere.

    progress: a Reporter; a function that takes the State of phases; False for phases that report
    nowhere; True or None for where they report already (stderr unless something else was said).
    """
    if progress is None or progress is True:
        yield
        return
    now = reporter()
    chosen = progress if isinstance(progress, Reporter) else Reporter(progress, now.say, now.warn)
    token = _current.set(chosen)
    try:
        yield
    finally:
        _current.reset(token)


def quietly(items: Generator[T]) -> Iterator[T]:
    """Yield the items; phases in which they are made report nowhere, those of who takes them report as they did."""
    context = copy_context()
    context.run(_current.set, Reporter(False, reporter().say, reporter().warn))
    try:
        while True:
            yield context.run(next, items)
    except StopIteration:
        return
    finally:
        items.close()


def show(message: str) -> None:
    """Print a notice on stderr, above the bars that are there."""
    line = f"dnalect: {message}\n"
    # Only a terminal has bars, and only a run with bars has loaded them.
    if "tqdm" in sys.modules and sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.write(line, file=sys.stderr, end="")
    else:
        sys.stderr.write(line)
        sys.stderr.flush()


def duration(seconds: float) -> str:
    """Return a time as people say it: "40 s", "3 min", "2 h 10 min", "5 days"."""
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(5 * round(minutes / 5), 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(hours / 24):,} days"
