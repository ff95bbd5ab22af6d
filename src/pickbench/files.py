"""Files that are whole or absent: write beside, flush, move into place; and the checksums that prove it."""

import errno
import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pickbench.errors import InputError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Bytes; a disk with less is full.
FULL = 2**20
# Suffix of the file beside another one that holds its checksum, as sha256sum writes and reads it.
SEAL = ".sha256"
# Name of a temporary file of `replacing`: .STEM.HOST-PID.SUFFIX
LEFTOVER = re.compile(r"\..+\..*-[0-9]+(\.[^.]+)?")


@contextmanager
def replacing(path: str | Path, *, sealed: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it into place when the block ends without an error.

    Parameters
    ----------
    path
        The file to write. Its folder is made when it is missing.
    sealed
        Whether its checksum is written beside it, so that `checked` finds whatever happens to it later. Only for a
        file that is not there before: a kill between the checksum and the file would leave the old one condemned.

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
        raise unwritable(path, error) from error
    try:
        yield temporary
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        if sealed:
            with replacing(_seal(path)) as seal:
                seal.write_text(_sealed(temporary, path.name), encoding="utf-8")
        os.replace(temporary, path)
    except InputError:
        raise
    except Exception as error:
        if getattr(error, "errno", None) in NO_ROOM:
            raise unwritable(path, error) from error
        # Some libraries do not say why they could not write.
        if shutil.disk_usage(path.parent).free < FULL:
            raise unwritable(path, OSError(errno.ENOSPC, "")) from error
        raise
    finally:
        # On a disk that can only be read there is nothing to remove, and nothing can be.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def unwritable(path: str | Path, error: OSError) -> InputError:
    """The refusal of a place that cannot be written to."""
    return InputError(f"{path} cannot be written: {os.strerror(error.errno) if error.errno else error}")


def remove_leftovers(folder: Path) -> None:
    """Remove what jobs that were killed have left half-written in a folder; none may be writing there."""
    for path in folder.glob(".*"):
        if LEFTOVER.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _seal(path: Path) -> Path:
    return path.with_name(path.name + SEAL)


def _sealed(content: Path, name: str) -> str:
    return f"{sha256(content)}  {name}\n"


def checked(path: str | Path, *, made_with: Path | None = None) -> Path:
    """Give the path of a file after a look that it is as it was written, where its checksum stands beside it.

    Parameters
    ----------
    path
        The file.
    made_with
        What has to be deleted for it to be made again, if that is another file.

    Raises
    ------
    InputError
        When it is not.
    """
    path = Path(path)
    seal = _seal(path)
    if seal.exists() and path.exists() and seal.read_bytes() != _sealed(path, path.name).encode():
        raise not_as_written(path, f"{seal.name} says", made_with)
    return path


def not_as_written(path: Path, witness: str, made_with: Path | None = None) -> InputError:
    """The error for a file that fails its checksum; `witness` says where that stands."""
    return InputError(f"{path}: not as it was written, {witness}; {remedy(made_with or 'it')}")


def remedy(what: str | Path) -> str:
    """What helps against a lost or damaged result: to delete it, or what it was made with."""
    return f"delete {what} to have it made again, or copy it again where results were copied without data"


def write_json(path: str | Path, content: object, *, sealed: bool = False) -> None:
    """Write `content` as indented JSON with sorted keys; NaN and infinities are refused."""
    with replacing(path, sealed=sealed) as temporary:
        text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> dict:
    """Read a JSON file.

    Raises
    ------
    InputError
        When it is not whole.
    """
    content = checked(path).read_bytes()
    try:
        return json.loads(content)
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error}); {remedy('it')}") from None


def sha256(path: str | Path) -> str:
    """Checksum of a file's content."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(parts: object) -> str:
    """Checksum of anything that can be written as JSON: the key of what was made from it."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
