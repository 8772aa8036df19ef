"""Batches that are made while the one before them is learned from."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

B = TypeVar("B")


def drawn_ahead(draw: Callable[[int], B], numbers: range, threads: int) -> Iterator[B]:
    """Yield draw(number) of the numbers, in their order; twice as many as there are threads are made ahead.

    draw: depends on its number alone, and may be called from several threads at once. threads: 0 to draw when asked.
    """
    if not threads:
        yield from map(draw, numbers)
        return
    coming, rest = deque[Future[B]](), iter(numbers)
    with ThreadPoolExecutor(threads, "draw") as pool:
        try:
            for number in rest:
                coming.append(pool.submit(draw, number))
                if len(coming) > 2 * threads:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for each in coming:
                each.cancel()
