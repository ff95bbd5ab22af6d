"""Streaming access to raw datasets: tables in pieces, waveforms by trace name, in bounded memory.

A raw manifest names the parts of a dataset, each a directory in SeisBench format. Prepare reads them through here,
text as text: what it does not need to change goes on as it came.
"""

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd

from pickbench.data import layout
from pickbench.errors import InputError
from pickbench.files import read_json
from pickbench.strictly import strictly

ROWS_AT_ONCE = 4096
# Of a trace, which is read as a whole: eleven days at 100 Hz.
MOST_SAMPLES = 100_000_000
# Columns that a dataset may lack without a word, so that a slip in their names would go unnoticed.
OPTIONAL = ("split", "trace_sampling_rate_hz", "trace_dt_s", "trace_component_order")
ARRIVAL_LIKE = re.compile(r"\s*trace_(.+)_arrival_sample\s*", re.IGNORECASE)


@dataclass(frozen=True)
class RawFile:
    """One table and its waveforms: a whole part, or one chunk of it."""

    part: str
    chunk: str
    metadata: Path
    waveforms: Path


def raw_files(manifest: Path) -> list[RawFile]:
    """List the files of all parts, in the order of the manifest and of their chunks."""
    paths = [(part["name"], manifest.parent / part["path"]) for part in read_json(manifest)["parts"]]
    return [
        RawFile(name, chunk, layout.metadata_path(path, chunk), layout.waveforms_path(path, chunk))
        for name, path in paths
        for chunk in layout.chunk_names(path)
    ]


def column_names(file: RawFile) -> list[str]:
    """Columns of a table.

    Raises
    ------
    InputError
        When it cannot be read, has no trace_name, or has a column twice, of which pandas would rename the second.
    """
    header = next(_pieces(file.metadata, header=None, nrows=1)).iloc[0]
    names = header.str.removeprefix("\ufeff").tolist()
    if "trace_name" not in names:
        found = ", ".join(names)[:80]
        raise InputError(
            f"{file.metadata}: has no column trace_name, which SeisBench format wants; it begins {found!r}"
        )
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{file.metadata}: has the column {twice} twice; which is meant is not guessed")
    return names


def check_names(file: RawFile, names: Iterable[str]) -> None:
    """Refuse columns that would go unused only because their names differ in spaces or capitals.

    Parameters
    ----------
    file
        The table.
    names
        Those of its columns that nothing says what they are.

    Raises
    ------
    InputError
        Naming the first, and the name that is used.
    """
    for name in names:
        meant = _meant(name)
        if meant != name:
            raise InputError(f"{file.metadata}: has a column {name!r}, which is not used; if it is {meant}, call it so")


def _meant(column: str) -> str:
    """The name that is used, if a column's name differs from it only in spaces or capitals; else its own."""
    plain = column.strip().lower()
    if plain in OPTIONAL:
        return plain
    picks = ARRIVAL_LIKE.fullmatch(column)
    return f"trace_{picks[1]}_arrival_sample" if picks else column


def survey(file: RawFile) -> tuple[int, np.ndarray]:
    """Count the rows of a table and find those that repeat the trace name of an earlier one.

    Needs 24 bytes a row: names are compared by 64-bit hashes.

    Returns
    -------
    rows
        Number of rows, blank ones among them.
    repeated
        Row numbers, sorted.

    Raises
    ------
    InputError
        When a row has not as many fields as the header, of which pandas would take no notice if they are too few.
    """
    names = _trace_names(file.metadata)
    hashes = []
    while piece := list(islice(names, 100_000)):
        hashes.append(pd.util.hash_array(np.array(piece, dtype=object), categorize=False))
    hashes = np.concatenate(hashes) if hashes else np.empty(0, np.uint64)
    order = np.argsort(hashes, kind="stable")
    again = hashes[order[1:]] == hashes[order[:-1]]
    return len(hashes), np.sort(order[1:][again])


def read_rows(file: RawFile, first: int, last: int) -> Iterator[pd.DataFrame]:
    """Read rows first to last (excluded) of a table as text, in pieces; the index is the row number."""
    names = column_names(file)
    pieces = _pieces(
        file.metadata, skiprows=first + 1, header=None, names=names, nrows=last - first, chunksize=ROWS_AT_ONCE
    )
    for piece in pieces:
        piece.index += first
        blank = (piece == "").all(axis=1)
        yield piece[~blank]


def _trace_names(path: Path) -> Iterator[str]:
    """Trace names of all rows, "" of a blank one, after a look that each row is whole."""
    with _readable(path), open(path, encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream)
        header = next(rows)
        place, expected = header.index("trace_name"), len(header)
        for fields in rows:
            if fields and len(fields) != expected:
                why = "is it cut off?" if len(fields) < expected else "a text with a comma in it has to stand in quotes"
                raise InputError(f"{path}: line {rows.line_num} has {len(fields)} fields, the header {expected}; {why}")
            yield fields[place] if fields else ""


def _pieces(path: Path, **options) -> Iterator[pd.DataFrame]:
    # Blank lines are kept here and left out by the caller, so that rows can be skipped by their number.
    with _readable(path):
        table = strictly(
            pd.read_csv, path, dtype=str, keep_default_na=False, skip_blank_lines=False, index_col=False, **options
        )
        pieces = iter([table] if isinstance(table, pd.DataFrame) else table)
        while (piece := strictly(next, pieces, None)) is not None:
            yield piece.fillna("")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Name the table that cannot be read."""
    try:
        yield
    except InputError:
        raise
    except UnicodeDecodeError as error:
        byte = f"byte 0x{error.object[error.start]:02x}"
        raise InputError(
            f"{path}: not readable as a metadata table: not UTF-8 text ({byte}); save it as UTF-8"
        ) from error
    except (ValueError, OSError, csv.Error) as error:
        raise InputError(f"{path}: not readable as a metadata table ({error})") from error


class Place(NamedTuple):
    """Where a trace lies in its waveform file, and what reading it takes."""

    name: str
    block: str
    index: tuple[int | slice, ...]
    channels: int
    npts: int
    nbytes: int


class RawWaveforms:
    """Waveforms of one raw file, by the names in its table.

    Attributes
    ----------
    format
        The file's data_format group.
    """

    def __init__(self, file: RawFile):
        self.path = file.waveforms
        self._file = layout.open_waveforms(self.path)
        self.format = layout.data_format(self._file)
        order = self.format.get("dimension_order", "CW")
        if order not in ("CW", "WC"):
            raise InputError(f"{self.path}: dimension_order is {order!r}; a trace has the dimensions CW or WC")
        components = self.format.get("component_order", "")
        if not isinstance(components, str | list) or not all(isinstance(letter, str) for letter in components):
            raise InputError(f"{self.path}: component_order is {components!r}, expected letters such as ZNE")
        self._samples_first = order == "WC"
        self._blocks: dict[str, h5py.Dataset] = {}

    def __enter__(self) -> "RawWaveforms":
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def locate(self, name: str) -> Place:
        """Find a trace without reading it.

        Raises
        ------
        InputError
            When the name cannot be read, or its block or its place in the block does not exist.
        """
        try:
            block_name, index = layout.parse_trace_name(name)
            block = self._block(block_name)
            lengths = [self._length(part, size) for part, size in zip(index, block.shape, strict=False)]
        except (ValueError, KeyError, IndexError, OSError, RuntimeError) as error:
            raise InputError(f"{self.path}: trace {name}: {error.args[0]}") from error
        shape = (*(size for size in lengths if size is not None), *block.shape[len(index) :])
        if len(index) > block.ndim or len(shape) != 2 or block.dtype.kind not in "fiu":
            raise InputError(
                f"{self.path}: trace {name}: is not one waveform; its block is {block.dtype} {block.shape}"
            )
        channels, npts = reversed(shape) if self._samples_first else shape
        if npts > MOST_SAMPLES:
            raise InputError(f"{self.path}: trace {name}: has {npts} samples, expected {MOST_SAMPLES} at most")
        width = block.shape[1:] if _is_row(index) else shape
        return Place(name, block_name, index, channels, npts, math.prod(width) * block.dtype.itemsize)

    def read(self, places: Sequence[Place]) -> list[np.ndarray]:
        """Read traces, each (channels, npts) as stored; neighbours in a block are read together."""
        waveforms: list[np.ndarray | None] = [None] * len(places)
        rows: dict[str, list[int]] = {}
        for number, place in enumerate(places):
            if _is_row(place.index):
                rows.setdefault(place.block, []).append(number)
            else:
                waveforms[number] = self._read(place, place.index or ())
        for numbers in rows.values():
            numbers.sort(key=lambda number: places[number].index[0])
            for run in _runs(numbers, [places[number].index[0] for number in numbers]):
                together = self._read_run([places[number] for number in run])
                for number, waveform in zip(run, together, strict=True):
                    waveforms[number] = waveform
        return [waveform.T if self._samples_first else waveform for waveform in waveforms]

    def _read_run(self, places: list[Place]) -> list[np.ndarray]:
        """Read rows that follow each other in a block, by one access."""
        first = places[0].index[0]
        widest = [max((place.index[axis].stop for place in places), key=_open_end) for axis in (1, 2)]
        array = self._read(places[0], (slice(first, places[-1].index[0] + 1), *(slice(None, stop) for stop in widest)))
        return [array[(place.index[0] - first, *place.index[1:])] for place in places]

    def _read(self, place: Place, index: tuple) -> np.ndarray:
        try:
            return self._block(place.block)[index]
        except (OSError, TypeError, ValueError) as error:
            raise InputError(f"{self.path}: trace {place.name}: not readable ({error})") from error

    def _block(self, name: str) -> h5py.Dataset:
        if name not in self._blocks:
            block = self._file["data"].get(name)
            if not isinstance(block, h5py.Dataset):
                raise KeyError(f"block {name} is not in the file")
            if block.shape is None:
                raise ValueError(f"block {name} is empty")
            # A few blocks stay open: rows go through them in turn, and their number has no bound.
            if len(self._blocks) >= 64:
                self._blocks.clear()
            self._blocks[name] = block
        return self._blocks[name]

    @staticmethod
    def _length(part: int | slice, size: int) -> int | None:
        if isinstance(part, slice):
            return len(range(*part.indices(size)))
        if not 0 <= part < size:
            raise IndexError(f"row {part} is outside its block of {size}")
        return None


def _is_row(index: tuple[int | slice, ...]) -> bool:
    """Whether this is `row,:channels,:samples`, the form that SeisBench's own writer gives."""
    return (
        len(index) == 3
        and isinstance(index[0], int)
        and all(isinstance(part, slice) and part.start is None and part.step is None for part in index[1:])
        and all(part.stop is None or part.stop >= 0 for part in index[1:])
    )


def _open_end(stop: int | None) -> float:
    return np.inf if stop is None else stop


def _runs(numbers: list[int], rows: list[int]) -> list[list[int]]:
    """Cut a list where its sorted rows leave a gap."""
    cuts = np.flatnonzero(np.diff(rows) > 1) + 1
    return [list(run) for run in np.split(np.array(numbers), cuts)]
