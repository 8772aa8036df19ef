"""Where the pieces of a run are computed: in this process, or by the workers of an engine.

    with workers_of(options, make, facts) as pool:  # None without --engine
        for chunk, numbers in kept.stream(pieces, compute, form, pool):
            ...

Pieces are begun in order and given back in order, a limited number of them under way. docs/design/engines.md tells why.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

from typing_extensions import Doc

from dnalect.core.described import OneOf
from dnalect.core.errors import ConfigError
from dnalect.core.flags import Flag, Positive

Engine = Annotated[
    Annotated[str, OneOf(("ray",))] | None,
    Doc("Let workers of Ray compute, on this machine or a cluster; the outputs stay the same, byte by byte."),
]
Workers = Annotated[
    Positive | None,
    Doc("Workers of --engine, each with the model [default: one a GPU; without any, one a machine of the cluster]."),
]
RayAddress = Annotated[
    str | None,
    Flag(metavar="HOST:PORT"),
    Doc("Ray cluster to work on [default: RAY_ADDRESS, else one on this machine for this run alone]."),
]
# Options that change no number.
ENGINE = frozenset({"engine", "workers", "ray_address"})
T = TypeVar("T")
R = TypeVar("R")


class Engined(Protocol):
    """Options of a run that an engine may do."""

    @property
    def engine(self) -> str | None: ...

    @property
    def workers(self) -> int | None: ...

    @property
    def ray_address(self) -> str | None: ...

    @property
    def shard(self) -> str | None: ...

    @property
    def device(self) -> str: ...

    @property
    def threads(self) -> int | None: ...


@dataclass(frozen=True)
class Worker:
    """What computes pieces elsewhere.

    compute: of what a piece needs, its bytes. facts: what these rest on, which must be what they rest on here.
    """

    compute: Callable[[Any], bytes]
    facts: Mapping[str, str]


class Pool(Protocol):
    """Workers. ahead: pieces that may be under way or waiting to be taken."""

    ahead: int

    def begin(self, work: Any) -> Callable[[], bytes]:
        """Let a worker compute a piece; what is returned waits for its bytes, and raises a worker's DnalectError."""
        ...


def check_engine(options: Engined) -> None:
    """Raise ConfigError for options of an engine without one, and for shards with one."""
    given = {"--workers": options.workers, "--ray-address": options.ray_address}
    if options.engine and options.shard:
        raise ConfigError("--shard and --engine both share a run out: give one of them")
    if options.engine is None and (wrong := [flag for flag, value in given.items() if value is not None]):
        raise ConfigError(f"{wrong[0]} is for --engine ray")


def in_order(
    begun: Iterable[tuple[T, Callable[[], R]]], ahead: int, first_alone: bool = False
) -> Iterator[tuple[T, R]]:
    """Yield (about, result) in the order in which the pieces are begun, which is as this asks for them.

    begun: about a piece, and what waits for its result. ahead: how many are asked for before the first of them is
    waited for. first_alone: the very first is waited for before any other is begun.
    """
    waiting: deque[tuple[T, Callable[[], R]]] = deque()
    most = 1 if first_alone else ahead
    for each in begun:
        waiting.append(each)
        if len(waiting) >= most:
            about, result = waiting.popleft()
            yield about, result()
            most = ahead
    for about, result in waiting:
        yield about, result()
