"""Files that are whole or absent: write beside, flush, move into place; and the checksums that prove it."""

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Processes on other machines may write to the same disk.
    temporary = path.with_name(f".{path.stem}.{platform.node()}-{os.getpid()}{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
