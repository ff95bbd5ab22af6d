"""Leaving when a job is asked to: by SIGTERM, or by SIGUSR1, which SLURM can send some time before its limit.

The exit status says that the job is to be run again and will go on from what it has left on disk.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
RUN_AGAIN = os.EX_TEMPFAIL  # 75


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """Leave wherever the block is when a signal comes; files that are being written are cleaned up on the way."""
    with _handled_by(_leave):
        yield


@contextmanager
def leaving_afterwards() -> Iterator[list[int]]:
    """Let the block come to an end first.

    Yields
    ------
    list of int
        The signals that have come; a block that looks at it can come to its end early.
    """
    came: list[int] = []
    with _handled_by(lambda number, _: came.append(number)):
        yield came
    if came:
        _leave(came[0])


def _leave(number: int, _: FrameType | None = None) -> None:
    log.warning("%s: leaving; run again, the job goes on from what it has left", signal.Signals(number).name)
    sys.exit(RUN_AGAIN)


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only that one may set handlers
        yield
        return
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
