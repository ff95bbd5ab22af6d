"""The log of a job: all that it prints in one file, and a user's mistake as one line in it instead of a traceback."""

import logging
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from pickbench.errors import InputError, SettingError

TIME = "%Y-%m-%d %H:%M:%S"


@contextmanager
def logged(path: str | Path, model_options: Mapping | None = None, *, resumed: bool = False) -> Iterator[None]:
    """Send log messages and prints of the block to a file.

    Parameters
    ----------
    path
        The log file; it is written anew, unless the job goes on from where an earlier one was stopped.
    model_options
        Those of the configuration, for a job that makes an adapter: what to blame for a setting that stands there.
    resumed
        Whether it may go on from there: what the file holds then stays, above a line that tells the starts apart.

    Raises
    ------
    SystemExit
        With status 1, after an `InputError` (logged as one line) or any other exception (logged with its traceback);
        with a line where the file cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = open(path, "a" if resumed else "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    except OSError as error:
        sys.exit(f"{path} cannot be written: {error.strerror or error}")
    with opened as stream:
        if stream.tell():
            stream.write(f"--- started again {time.strftime(TIME)}\n")
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", TIME))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        try:
            with redirect_stdout(stream), redirect_stderr(stream):
                yield
        except InputError as error:
            if isinstance(error, SettingError):
                error = error.traced(model_options or {})
            stream.write(f"error: {error}\n")
            sys.exit(1)
        except Exception:
            stream.write(traceback.format_exc())
            sys.exit(1)
        finally:
            root.removeHandler(handler)
