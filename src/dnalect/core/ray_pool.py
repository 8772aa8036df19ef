"""Workers of Ray: a process each, with a model; what one that dies had in hand is computed by another.

The only module that knows Ray.
"""

import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import Any

from dnalect import __version__
from dnalect.core.engines import Engined, Pool, Worker
from dnalect.core.errors import ConfigError, DnalectError
from dnalect.core.reporter import Reporter, say, using

# Pieces in the hands of a worker, so that it never waits for the next, and for each worker those that are begun or done
# and not yet taken.
IN_HAND, AHEAD = 2, 4
# How often a piece may be lost with its worker, and how many workers may die one after another without a piece done.
TRIES, DEATHS = 3, 5
# Seconds after which is said that there is still no worker, and those between two looks.
PATIENCE, LOOK = 60.0, 1.0
# Seconds in which a cluster must take a connection.
CONNECT = 10.0


class Actor:
    """Lives in a process of Ray. make: a worker of options. folder: that paths are relative to."""

    def __init__(self, make: Callable[[Any], Worker], options: Any, folder: str):
        self.make, self.options, self.folder = make, options, folder
        self.worker: Worker | None = None

    def begin(self) -> dict[str, str] | DnalectError:
        """Load the model. Returns what its numbers rest on, or what went wrong."""
        with suppress(OSError):
            os.chdir(self.folder)
        try:
            with using(_silent()):
                self.worker = self.make(self.options)
        except DnalectError as error:
            return error
        return {"version of dnalect": __version__, **self.worker.facts}

    def compute(self, work: Any) -> bytes | DnalectError:
        """Return a piece, or what went wrong."""
        assert self.worker is not None
        try:
            with using(_silent()):
                return self.worker.compute(work)
        except DnalectError as error:
            return error


@dataclass(eq=False)
class _Piece:
    number: int
    work: Any
    lost: int = 0
    data: bytes | None = None


@dataclass(eq=False)
class _Seat:
    """An actor. ready: has the model. hand: pieces that it has, the first of which it computes."""

    actor: Any
    ready: bool = False
    hand: list[_Piece] = field(default_factory=list)


class RayPool:
    """Hands pieces to actors and takes them back, whichever dies.

    ray: the module. hire: begins an actor. workers: their number. facts: see `Worker`.
    """

    def __init__(self, ray: Any, hire: Callable[[], Any], workers: int, facts: Mapping[str, str]):
        self.ray, self._hire = ray, hire
        self.facts = {"version of dnalect": __version__, **facts}
        self.ahead = AHEAD * workers
        self._queue: deque[_Piece] = deque()
        # What is awaited of Ray: a piece, or None for an actor that begins.
        self._awaited: dict[Any, tuple[_Piece | None, _Seat]] = {}
        self._seats: list[_Seat] = []
        self._number = self._deaths = 0
        self._quiet_since = time.monotonic()
        for _ in range(workers):
            self._seat()

    def begin(self, work: Any) -> Callable[[], bytes]:
        """Queue a piece: see `Pool`."""
        piece = _Piece(self._number, work)
        self._number += 1
        self._queue.append(piece)
        self._turn(0.0)
        return partial(self._result, piece)

    def close(self) -> None:
        """End the actors."""
        for seat in self._seats:
            with suppress(Exception):  # the cluster itself may be gone
                self.ray.kill(seat.actor)

    def _result(self, piece: _Piece) -> bytes:
        while piece.data is None:
            self._turn(LOOK)
        return piece.data

    def _turn(self, seconds: float) -> None:
        """Take what is done, waiting so long for something, and hand out what is queued."""
        self._feed()
        refs = list(self._awaited)
        ready, _ = self.ray.wait(refs, num_returns=1, timeout=seconds)
        if ready:
            ready, _ = self.ray.wait(refs, num_returns=len(refs), timeout=0)
        for ref in ready:
            self._take(ref)
        self._feed()
        self._tell()

    def _feed(self) -> None:
        while self._queue and (free := [seat for seat in self._seats if seat.ready and len(seat.hand) < IN_HAND]):
            seat, piece = min(free, key=lambda each: len(each.hand)), self._queue.popleft()
            seat.hand.append(piece)
            self._awaited[seat.actor.compute.remote(piece.work)] = (piece, seat)

    def _take(self, ref: Any) -> None:
        piece, seat = self._awaited.pop(ref)
        errors = self.ray.exceptions
        try:
            found = self.ray.get(ref)
        except errors.RayTaskError:
            raise  # a fault of dnalect, with the worker's traceback
        except errors.RayError as error:
            self._lost(piece, seat, error)
            return
        if isinstance(found, DnalectError):
            raise found
        if piece is None:
            self._check(found)
            seat.ready = True
        else:
            piece.data, piece.work = found, None
            seat.hand.remove(piece)
            self._deaths = 0

    def _lost(self, piece: _Piece | None, seat: _Seat, error: Exception) -> None:
        if seat in self._seats:
            self._seats.remove(seat)
            with suppress(Exception):
                self.ray.kill(seat.actor)
            for first in seat.hand[:1]:
                first.lost += 1
            self._deaths += 1
            if self._deaths >= DEATHS:
                raise DnalectError(_deadly(f"{DEATHS} workers died one after another", error)) from error
            say("a worker is gone; another one computes what it had in hand")
            self._seat()
        if piece is not None:
            if piece.lost >= TRIES:
                raise DnalectError(_deadly(f"{TRIES} workers died over the same piece", error)) from error
            self._queue = deque(sorted([piece, *self._queue], key=lambda each: each.number))

    def _seat(self) -> None:
        seat = _Seat(self._hire())
        self._seats.append(seat)
        self._awaited[seat.actor.begin.remote()] = (None, seat)

    def _check(self, found: Mapping[str, str]) -> None:
        for what, mine in self.facts.items():
            if found.get(what) != mine:
                raise ConfigError(
                    f"a worker has another {what} than this process ({found.get(what)} there, {mine} here): its "
                    "numbers would not be those of a run without --engine"
                )

    def _tell(self) -> None:
        if any(seat.ready for seat in self._seats):
            self._quiet_since = time.monotonic()
        elif time.monotonic() - self._quiet_since > PATIENCE:
            self._quiet_since = time.monotonic()
            say("no worker is up yet: Ray may have no room for one, or the model takes long to load")


@dataclass(frozen=True)
class Places:
    """Where workers go. count: of them. cpus, gpus: that each takes. device: that it computes on."""

    count: int
    cpus: int
    device: str
    gpus: int = 0


def places_of(nodes: Sequence[Mapping[str, float]], device: str, workers: int | None) -> Places:
    """Return how workers share the machines of a cluster. nodes: the resources of each, as Ray has them.

    device: as the options have it. workers: None for one a GPU, or one a machine without any.
    Raises ConfigError where there is no room.
    """
    cpus = [int(each.get("CPU", 0)) for each in nodes]
    gpus = [int(each.get("GPU", 0)) for each in nodes]
    cards = sum(gpus)
    if device.startswith("cuda") or (device == "auto" and cards):
        count = workers or cards
        if not cards or count > cards:
            raise ConfigError(
                f"the cluster has {cards} GPUs for {count or 'the'} workers: fewer --workers, or --device cpu"
            )
        share = min(have // each for have, each in zip(cpus, gpus, strict=True) if each)
        return Places(count, max(1, share), "cuda", 1)
    count = workers or len([each for each in cpus if each])
    share = next((n for n in range(max(cpus, default=0), 0, -1) if sum(each // n for each in cpus) >= count), 0)
    if not share or not count:
        raise ConfigError(f"the cluster has {sum(cpus)} processors for {count} workers: fewer --workers")
    return Places(count, share, "cpu" if device == "auto" else device)


@contextmanager
def workers_of(options: Any, make: Callable[[Any], Worker], facts: Mapping[str, str]) -> Iterator[Pool | None]:
    """Yield the workers that options (`Engined`) ask for, None for none; they end with the block.

    make: a function of a module, or a partial of one, that makes a worker of the options. facts: see `Worker`.
    Raises ConfigError where Ray isn't there, or no cluster where it is said to be.
    """
    if options.engine is None:
        yield None
        return
    ray = _ray()
    with _connected(ray, options):
        places = places_of(
            [each["Resources"] for each in ray.nodes() if each["Alive"]], options.device, options.workers
        )
        changed = {"device": places.device, "threads": options.threads or places.cpus}
        mine = replace(options, engine=None, workers=None, ray_address=None, **changed)
        actor = ray.remote(Actor).options(
            num_cpus=places.cpus, num_gpus=places.gpus, max_restarts=0, scheduling_strategy="SPREAD"
        )
        pool = RayPool(ray, partial(actor.remote, make, mine, os.getcwd()), places.count, facts)
        say(f"{places.count} worker{'s' * (places.count > 1)} of Ray, {_each(places)}")
        try:
            yield pool
        except ray.exceptions.RayTaskError:
            raise
        except ray.exceptions.RayError as error:
            raise DnalectError(f"the Ray cluster does not answer: {_line(error)}") from error
        finally:
            pool.close()


@contextmanager
def _connected(ray: Any, options: Engined) -> Iterator[None]:
    """Join a cluster, the one that this process is part of already if any, or begin one and end it afterwards."""
    if ray.is_initialized():
        yield
        return
    address = options.ray_address or os.environ.get("RAY_ADDRESS")
    _answers(address)
    told: dict[str, Any] = {"address": address or "local", "log_to_driver": False, "logging_level": "ERROR"}
    if not address:
        told |= {"include_dashboard": False, "num_cpus": max(os.cpu_count() or 1, options.workers or 1)}
    with _own_signals():
        try:
            ray.init(**told)
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            where = f"no Ray cluster answers at {address}" if address else "Ray can't begin on this machine"
            raise ConfigError(f"{where}: {_line(error)}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _answers(address: str | None) -> None:
    """Raise ConfigError where nothing listens at HOST:PORT: Ray itself tries for minutes."""
    host, _, port = (address or "").rpartition("://")[2].rpartition(":")
    if not (host and port.isdecimal()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"no Ray cluster answers at {address}: {error}") from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what SIGTERM does: Ray takes it for itself."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _ray() -> Any:
    # Ray tells its makers of every cluster unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray: Any = import_module("ray")
        inside: Any = import_module("ray._private.worker")
    except ImportError as error:
        raise ConfigError("--engine ray needs Ray: pip install 'dnalect[ray]' (or pip install ray)") from error
    # Whole logs of a node that died, and to stdout, where an output may go: no option of Ray keeps them back.
    if hasattr(inside, "print_to_stdstream"):
        inside.print_to_stdstream = _nothing
    return ray


def _silent() -> Reporter:
    return Reporter(False, _nothing, _nothing)


def _nothing(*_: Any, **__: Any) -> None: ...


def _each(places: Places) -> str:
    one = "a GPU" if places.gpus else f"{places.cpus} thread{'s' * (places.cpus > 1)}"
    return f"each with {one}"


def _deadly(what: str, error: Exception) -> str:
    return f"{what}, perhaps for want of memory: fewer --workers leave more to each. Ray says: {_line(error)}"


def _line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
