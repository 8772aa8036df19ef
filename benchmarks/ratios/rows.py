"""A row, and how costs are compared: processor time of one thread, contenders in turns."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

Work = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """What was measured. target: None where there is none to reach. most: the target is the most it may be."""

    what: str
    value: float
    unit: str
    target: float | None
    how: str
    most: bool = False

    @property
    def met(self) -> str:
        """Say whether it reaches its target."""
        if self.target is None:
            return ""
        return "yes" if (self.value <= self.target if self.most else self.value >= self.target) else "no"

    @property
    def cells(self) -> tuple[str, ...]:
        """Its cells, as they are printed."""
        bound = "" if self.target is None else f"{'at most' if self.most else 'at least'} {self.target:g}"
        return self.what, f"{self.value:.3g}", self.unit, bound, self.met, self.how


Rows = Iterator[Row]
HEADER = ("what", "measured", "unit", "target", "met", "how")


def costs(*works: Work, repeats: int = 5) -> list[float]:
    """Return the least processor seconds of each work; they take turns, after one round that doesn't count."""
    times: list[list[float]] = [[] for _ in works]
    for number in range(repeats + 1):
        for work, taken in zip(works, times, strict=True):
            begun = time.process_time()
            work()
            taken += [time.process_time() - begun] if number else []
    return [min(each) for each in times]


def product(dtype: torch.dtype, size: int = 1024) -> float:
    """Return the operations a second of processor time of a bare product of matrices."""
    one, other = (torch.randn(size, size).to(dtype) for _ in range(2))
    return 2 * size**3 / costs(lambda: one @ other, repeats=8)[0]
