"""Reading ahead: the next batch is read in a thread of its own while the last one is computed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item, Made = TypeVar("Item"), TypeVar("Made")


def ahead(make: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
    """Make something of each item, each time one more than is asked for, so that reading goes on beside computing."""
    with ThreadPoolExecutor(1) as pool:
        begun = deque()
        for item in items:
            begun.append(pool.submit(make, item))
            if len(begun) > 1:
                yield begun.popleft().result()
        yield from (one.result() for one in begun)
