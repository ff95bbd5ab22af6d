"""The log of a job: all that it prints in one file, and a user's mistake as one line in it instead of a traceback.

A job that is asked to leave does so at once, and takes along what it has half-written.
"""

import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

from pickbench.errors import InputError
from pickbench.files import NO_ROOM, unwritable
from pickbench.signals import leaving_at_once

TIME = "%Y-%m-%d %H:%M:%S"


@contextmanager
def logged(path: str | Path, model_options: Mapping | None = None, *, kept: Path | None = None) -> Iterator[None]:
    """Send log messages and prints of the block to a file.

    Parameters
    ----------
    path
        The log file; it is written anew.
    model_options
        Those of the configuration, for a job that makes an adapter: what to blame for a setting that stands there.
    kept
        For a job that goes on from where an earlier one was stopped: a second name for the log file, since Snakemake
        removes the first before a job. What was logged stays, above a line that tells the starts apart, until an error
        ends the job or somebody removes this one as well.

    Raises
    ------
    SystemExit
        With status 1, after an `InputError` (logged as one line) or any other exception (logged with its traceback);
        with a line where the file cannot be written. What a full disk does not take goes to the stderr of before.
        With status 75 on SIGTERM and SIGUSR1 (`pickbench.signals`).
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kept is not None:
            _link(path, kept)
        stream = open(path, "a" if kept else "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - closed below
    except OSError as error:
        sys.exit(f"{path} cannot be written: {error.strerror or error}")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", TIME))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        if stream.tell():
            _say(stream, f"--- started again {time.strftime(TIME)}")
        with redirect_stdout(stream), redirect_stderr(stream), leaving_at_once():
            yield
    except InputError as error:
        _unlink(kept)
        _say(stream, f"error: {error.traced(model_options or {})}")
        sys.exit(1)
    except Exception as error:
        _unlink(kept)
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            _say(stream, f"error: {unwritable(error.filename2 or error.filename or path, error)}")
        else:
            _say(stream, traceback.format_exc().rstrip("\n"))
        sys.exit(1)
    finally:
        root.removeHandler(handler)
        with suppress(OSError):  # of what a full disk has not taken
            stream.close()


def _link(path: Path, kept: Path) -> None:
    """Have the log file by both names; on a disk that has no links only the first, which then begins anew."""
    path.unlink(missing_ok=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.touch()
    with suppress(OSError):
        os.link(kept, path)


def _unlink(kept: Path | None) -> None:
    """Have the next start say nothing of an error that may be mended then."""
    if kept is not None:
        with suppress(OSError):
            kept.unlink()


def _say(stream: TextIO, text: str) -> None:
    """Write to the log, or, where the disk is full, to what this process has for errors."""
    try:
        stream.write(f"{text}\n")
    except OSError:
        sys.stderr.write(f"{text}\n")
