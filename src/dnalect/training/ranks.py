"""The processes of one training: which of them this is, what they agree on, and who speaks.

`torchrun` starts them; each runs the same command. Alone, nothing here does anything.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.errors import ConfigError, DnalectError, ModelError
from dnalect.core.reporter import Reporter, using

T = TypeVar("T")
# What torchrun tells every process.
TOLD = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
# Seconds in which the first process says what is wrong before the others end: torchrun ends all with the first.
SAID = 3.0


@dataclass(frozen=True)
class Ranks:
    """The processes of a training. rank: number of this one, from 0. size: how many. local: number on its machine."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    def shares(self, count: int, parts: int) -> list[npt.NDArray[np.int64]]:
        """Return the rows (from 0) of a batch that this process computes, in parts. parts: of each process, at most."""
        rows = np.arange(count)
        if self.size == 1:
            return np.array_split(rows, min(parts, count))
        return np.array_split(rows, self.size * parts)[self.rank * parts : (self.rank + 1) * parts]

    def device(self, name: str) -> str:
        """Return the device of this process, of a name such as "auto". Raises ConfigError where there are too few."""
        kind = _kind(name)
        if self.size == 1:
            return name
        if kind == "cpu":
            return "cpu"
        if name not in ("auto", "cuda"):
            raise ConfigError(f"each of {self.size} processes has a device of its own: give --device cuda, or cpu")
        if self.local >= torch.cuda.device_count():
            raise ConfigError(
                f"this machine has {torch.cuda.device_count()} GPUs: give torchrun --nproc-per-node at most that number"
            )
        return f"cuda:{self.local}"

    def summed(self, values: Sequence[float]) -> list[float]:
        """Return the sums over all processes of as many values."""
        if self.size == 1:
            return list(values)
        from torch import distributed

        told = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(told)
        return told.tolist()

    def of_first(self, value: T) -> T:
        """Return what the first process has."""
        if self.size == 1:
            return value
        from torch import distributed

        told = [value]
        distributed.broadcast_object_list(told)
        return told[0]

    def gathered(self, value: T) -> list[T]:
        """Return what every process has."""
        if self.size == 1:
            return [value]
        from torch import distributed

        told: list[Any] = [None] * self.size
        distributed.all_gather_object(told, value)
        return told

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """Let all processes fail where one does: a block in which each works by itself, and does not wait for others.

        The first process raises the error, with the number of the one that it is of; the others end.
        """
        error: Exception | None = None
        try:
            yield
        except (DnalectError, OSError, MemoryError) as caught:
            if self.size == 1:
                raise
            error = caught
        said = self.gathered(None if error is None else str(error))
        wrong = next((number for number, each in enumerate(said) if each is not None), None)
        if wrong is not None:
            raise self.voiced(error if error and not wrong else DnalectError(f"process {wrong}: {said[wrong]}"))

    def voiced(self, error: BaseException, status: int = 1) -> BaseException:
        """Return what to raise where all processes fail alike: the error in the first, a silent end in the others."""
        if self.first:
            return error
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        time.sleep(SAID)
        return SystemExit(status)

    def check_alike(self, what: str, value: object) -> None:
        """Raise ModelError, in all processes, unless all have the same."""
        if len({str(each) for each in self.gathered(value)}) > 1:
            raise self.voiced(
                ModelError(f"the {self.size} processes see different {what}: they must share the output folder")
            )


ALONE = Ranks()
_now: ContextVar[Ranks] = ContextVar("dnalect-ranks", default=ALONE)


def ranks() -> Ranks:
    """Return the processes that train together now."""
    return _now.get()


@contextmanager
def together(device: str = "auto") -> Iterator[Ranks]:
    """Join the processes that torchrun has started for a block, in which only the first one speaks.

    device: that they will compute on. Raises ConfigError for one that can't be shared out, DnalectError where they
    don't find each other, or one of them ends within the block.
    """
    told = [os.environ.get(name) for name in TOLD]
    if ranks().size > 1 or None in told or told[1] == "1":
        yield ranks()
        return
    from torch import distributed

    rank, size, local = (int(each or 0) for each in told[:3])
    mine, kind = Ranks(rank, size, local), _kind(device)
    if not mine.first:
        logging.getLogger("dnalect").setLevel(logging.ERROR)
    if kind == "cuda":
        torch.cuda.set_device(mine.device(device))
    try:
        distributed.init_process_group("gloo" if kind == "cpu" else "cpu:gloo,cuda:nccl")
    except (RuntimeError, ValueError) as error:
        raise DnalectError(f"the {size} processes do not find each other: {str(error).splitlines()[0]}") from error
    token = _now.set(mine)
    try:
        with nullcontext() if mine.first else using(Reporter(False, _unheard, _unheard)):
            yield mine
        distributed.destroy_process_group()
    except RuntimeError as error:
        if not _lost(error):
            raise
        raise DnalectError(
            f"process {rank} of {size} (from 0) lost the others: one of them has ended, and said why if it could; the "
            "same command goes on from the last checkpoint"
        ) from error
    finally:
        _now.reset(token)


def check_alone(what: str) -> None:
    """Raise ConfigError where torchrun has started several processes of something that is done by one."""
    if int(os.environ.get("WORLD_SIZE", 1)) > 1 and "RANK" in os.environ:
        raise ConfigError(f"{what} is done by one process: start it without torchrun, each run on a GPU of its own")


def _kind(device: str) -> str:
    """What a device is of. Raises ConfigError for one that no processes share out."""
    kind = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device.partition(":")[0]
    if kind not in ("cpu", "cuda") and int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise ConfigError(f"several processes train on cpu or cuda, not on {device}")
    return kind


def _lost(error: RuntimeError) -> bool:
    """Whether an error is that of a connection to another process."""
    from torch import distributed

    text = str(error)
    return isinstance(error, distributed.DistError) or any(each in text for each in ("gloo", "Connection", "NCCL"))


def _unheard(_: str) -> None: ...
