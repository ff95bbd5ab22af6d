"""Files that are whole or absent: write beside, flush, move into place; and the checksums that prove it."""

import errno
import hashlib
import json
import os
import platform
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pickbench.errors import InputError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Bytes; a disk with less is full.
FULL = 2**20


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it into place when the block ends without an error.

    Parameters
    ----------
    path
        The file to write. Its folder is made when it is missing.

    Yields
    ------
    Path
        The path to write to, with the suffix of `path`.

    Raises
    ------
    InputError
        When the place cannot be written to, or has no room left.
    """
    path = Path(path)
    # Processes on other machines may write to the same disk.
    temporary = path.with_name(f".{path.stem}.{platform.node()}-{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Libraries have words of their own for a folder that cannot be written to.
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield temporary
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except InputError:
        raise
    except Exception as error:
        if getattr(error, "errno", None) in NO_ROOM:
            raise _unwritable(path, error) from error
        # Some libraries do not say why they could not write.
        if shutil.disk_usage(path.parent).free < FULL:
            raise _unwritable(path, OSError(errno.ENOSPC, "")) from error
        raise
    finally:
        # On a disk that can only be read there is nothing to remove, and nothing can be.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {os.strerror(error.errno) if error.errno else error}")


def strictly(read: Callable, *args: object, **options: object) -> object:
    """Call pandas' reader of tables, or go on reading, without its tolerance for a field too many.

    It would read such rows with their values in the wrong columns.

    Parameters
    ----------
    read
        `pandas.read_csv`, to be given `index_col=False`, or `next`.
    args, options
        What to give it.

    Raises
    ------
    ValueError
        For rows with more fields than the table has columns, besides what the reader raises.
    """
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return read(*args, **options)
        except pd.errors.ParserWarning:
            why = "rows have more fields than there are columns; a text with a comma in it has to stand in quotes"
            raise ValueError(why) from None


def write_json(path: str | Path, content: object) -> None:
    """Write `content` as indented JSON with sorted keys; NaN and infinities are refused."""
    with replacing(path) as temporary:
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> dict:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def sha256(path: str | Path) -> str:
    """Checksum of a file's content."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(parts: object) -> str:
    """Checksum of anything that can be written as JSON: the key of what was made from it."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
