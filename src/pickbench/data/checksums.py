"""Checksums of a prepared dataset: by them trainings and predictions say what they were made from, and find damage.

A table is read as a whole, and is held against its checksum before. Waveforms are not, so each trace has one of its own
in the file, which is looked at when the trace is first read.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pickbench.files import not_as_written, read_json, sha256, write_json

NAME = "checksums.json"
#: Group of a waveform file; for each block of `data` it has one of that name with a checksum a row.
GROUP = "checksums"


def write_checksums(files: Iterable[Path], output: Path) -> None:
    """Write the SHA-256 of each file, by name."""
    write_json(output, {path.name: sha256(path) for path in files})


def check_table(path: Path) -> Path:
    """Give the path of a table of a prepared dataset after a look that it is as it was written.

    Raises
    ------
    InputError
        When it is not what the dataset's checksums.json says.
    """
    known = path.with_name(NAME)
    if known.exists() and path.exists():
        wanted = read_json(known).get(path.name)
        if wanted not in (None, sha256(path)):
            raise not_as_written(path, f"{NAME} says")
    return path


def row_checksums(rows: np.ndarray) -> np.ndarray:
    """Sum the 32-bit words of each row.

    Any one bit that is turned changes it, and what is cut or overwritten does but for rare chance; words that change
    places do not. It is made at the speed of memory.

    Parameters
    ----------
    rows
        (N, ...) float32, contiguous.

    Returns
    -------
    numpy.ndarray
        (N,) int64.
    """
    return rows.reshape(len(rows), -1).view("<u4").sum(axis=1, dtype=np.int64)
