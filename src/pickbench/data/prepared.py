"""Reader of prepared datasets: metadata as a table, waveforms as slices of a memory-mapped file.

The blocks of a prepared file are contiguous, so one flat map of the file serves every trace: a crop is a copy from the
page cache, which all processes of a node share. Training and prediction read data through this class alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from pickbench.data import layout
from pickbench.data.checksums import GROUP, check_table, row_checksums
from pickbench.errors import InputError
from pickbench.files import not_as_written, remedy

ALWAYS_READ = ("trace_name", "split", "trace_npts")
# Text columns keep their text: a network code NA is not a missing value, an event id 0012 not a number.
TEXT_COLUMNS = (
    "trace_name",
    "split",
    "trace_raw_name",
    "trace_raw_chunk",
    "trace_raw_dataset",
    "trace_components_present",
    "trace_component_order",
    "source_id",
    "station_network_code",
    "station_code",
    "station_location_code",
)
# Marks a trace without a checksum: what `row_checksums` gives is never negative.
NO_CHECKSUM = -1
POSITION = r"^(?P<block>[^$]+)\$(?P<row>\d+),:3,:(?P<npts>\d+)$"


class PreparedDataset:
    """A dataset as the prepare and split stages leave it.

    Parameters
    ----------
    path
        The dataset's directory.
    columns
        Metadata columns to read besides trace_name, trace_chunk, split and trace_npts. A name that the table does
        not have is passed over; None reads all.

    Attributes
    ----------
    metadata
        One row a trace. The index is trace_idx, the row number over all chunks in their order.

    Raises
    ------
    InputError
        When files are missing, damaged or not as prepare writes them; of a trace at the latest when it is read.
    """

    def __init__(self, path: str | Path, columns: Sequence[str] | None = None):
        self.path = Path(path)
        self.chunks = layout.chunk_names(self.path)
        self.metadata = pd.concat([self._table(chunk, columns) for chunk in self.chunks], ignore_index=True)
        self._maps: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.metadata)

    def __getstate__(self) -> dict:
        """Leave the maps out, so that a pickled dataset stays small; another process opens its own."""
        return {**self.__dict__, "_maps": {}}

    @cached_property
    def sampling_rate_hz(self) -> float:
        """Rate of all traces, from the first waveform file."""
        path = layout.waveforms_path(self.path, self.chunks[0])
        with _reading(path) as file:
            rate = layout.data_format(file).get("sampling_rate")
        if rate is None:
            raise InputError(f"{path}: data_format has no sampling_rate; is this a prepared dataset?")
        return float(rate)

    def waveform(self, trace_idx: int) -> np.ndarray:
        """Give one trace, (3, npts) float32 in ZNE, as a read-only view of the file."""
        self._check(np.array([trace_idx]))
        chunk, offset, width, npts, _ = (column[trace_idx] for column in self._positions)
        return self._block(chunk, offset, width)[:, :npts]

    def crop(self, trace_idx: np.ndarray, start: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Cut pieces of one length out of many traces.

        Parameters
        ----------
        trace_idx
            (B,) int, rows of `metadata`.
        start
            (B,) int, first sample of each piece; it may lie outside the trace.
        length
            Samples of each piece.

        Returns
        -------
        pieces
            (B, 3, length) float32, zero where the trace does not reach.
        valid
            (B, 2) int64, first and past-the-end sample of the piece that belong to the trace (equal if none does).
        """
        trace_idx, start = np.asarray(trace_idx, dtype=np.int64), np.asarray(start, dtype=np.int64)
        self._check(trace_idx)
        chunk, offset, width, npts, _ = (column[trace_idx] for column in self._positions)
        first = np.clip(-start, 0, length)
        valid = np.stack([first, np.clip(npts - start, first, length)], axis=1)
        pieces = np.zeros((len(trace_idx), 3, length), dtype=np.float32)
        # One slice a trace: an index array for the whole batch would be six times the data and slower.
        rows = zip(pieces, chunk.tolist(), offset.tolist(), width.tolist(), start.tolist(), valid.tolist(), strict=True)
        for piece, in_chunk, at, wide, begin, (low, high) in rows:
            if low < high:
                piece[:, low:high] = self._block(in_chunk, at, wide)[:, begin + low : begin + high]
        return pieces, valid

    def _table(self, chunk: str, columns: Sequence[str] | None) -> pd.DataFrame:
        path = check_table(layout.metadata_path(self.path, chunk))
        try:
            present = pd.read_csv(path, nrows=0).columns
            wanted = present if columns is None else present.intersection([*ALWAYS_READ, *columns])
            table = pd.read_csv(
                path,
                usecols=list(wanted),
                dtype={name: str for name in TEXT_COLUMNS if name in wanted},
                keep_default_na=False,
                na_values={name: "" if name in TEXT_COLUMNS else layout.NO_NUMBER for name in wanted},
                low_memory=False,
                float_precision="round_trip",
            )
        except (ValueError, OSError) as error:
            raise InputError(f"{path}: not readable as a table ({error})") from error
        missing = [name for name in ALWAYS_READ if name not in table]
        if missing:
            raise InputError(f"{path}: has no column {missing[0]}; is this a prepared dataset?")
        table["trace_chunk"] = chunk
        return table

    def _check(self, trace_idx: np.ndarray) -> None:
        """Refuse traces that are not as they were written; each is looked at once, when it is first read."""
        for number in np.unique(trace_idx[self._unchecked[trace_idx]]).tolist():
            chunk, offset, width, _, checksum = (column[number] for column in self._positions)
            if row_checksums(self._block(chunk, offset, width)[None])[0] != checksum:
                path, name = layout.waveforms_path(self.path, self.chunks[chunk]), self.metadata["trace_name"][number]
                raise not_as_written(path, f"its checksum of trace {name} says")
            self._unchecked[number] = False

    @cached_property
    def _unchecked(self) -> np.ndarray:
        """Whether each trace has a checksum, and has not been read yet."""
        return self._positions[-1] != NO_CHECKSUM

    def _block(self, chunk: int, offset: int, width: int) -> np.ndarray:
        return self._map(chunk)[offset : offset + 3 * width].reshape(3, width)

    def _map(self, chunk: int) -> np.ndarray:
        if chunk not in self._maps:
            path = layout.waveforms_path(self.path, self.chunks[chunk])
            # A plain array over the map: slicing numpy.memmap itself costs several times as much.
            whole = path.stat().st_size // 4
            self._maps[chunk] = np.asarray(np.memmap(path, dtype="<f4", mode="r", shape=(whole,)))
        return self._maps[chunk]

    @cached_property
    def _positions(self) -> tuple[np.ndarray, ...]:
        """Where each trace lies: chunk number, offset in the file and row width in floats, samples; its checksum."""
        parts = []
        for number, chunk in enumerate(self.chunks):
            names = self.metadata.loc[self.metadata["trace_chunk"] == chunk, "trace_name"]
            path = layout.waveforms_path(self.path, chunk)
            with _reading(path) as file:
                located = _locate(path, file, names)
            parts.append((np.full(len(names), number), *located))
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


@contextmanager
def _reading(path: Path) -> Iterator[h5py.File]:
    """Open a waveform file and say what helps where it is damaged, which may show itself only inside."""
    try:
        file = layout.open_waveforms(path)
    except InputError as error:
        raise InputError(f"{error}; {remedy('it')}") from error
    with file:
        try:
            yield file
        except (OSError, RuntimeError, LookupError) as error:
            raise InputError(f"{path}: not readable as HDF5, is it damaged? ({error}); {remedy('it')}") from error


def _locate(path: Path, file: h5py.File, names: pd.Series) -> tuple[np.ndarray, ...]:
    """Offset and row width in floats, samples, and checksum, of the named traces of one file; int64 each."""
    data = file["data"]
    position = names.str.extract(POSITION)
    _require(position["block"].notna().to_numpy(), path, names, "its name is not of the form block$row,:3,:npts")
    codes, blocks = pd.factorize(position["block"])
    known = np.array([block in data for block in blocks], dtype=bool)
    _require(known[codes], path, names, "its block is not in the file")
    layouts = np.array([_block_layout(path, data[block]) for block in blocks], dtype=np.int64).reshape(-1, 3)
    base, rows, width = layouts[codes].T
    row, npts = position["row"].to_numpy(dtype=np.int64), position["npts"].to_numpy(dtype=np.int64)
    _require((row < rows) & (npts <= width), path, names, "it lies outside its block")
    checksum = np.full(len(names), NO_CHECKSUM)
    # One look at the names for all blocks: a mask for each would cost their number times that of the traces.
    for number, members in pd.Series(codes).groupby(codes).indices.items():
        sums = f"{GROUP}/{blocks[number]}"
        if sums in file:
            checksum[members] = file[sums][()][row[members]]
    return base + row * 3 * width, width, npts, checksum


def _block_layout(path: Path, block: h5py.Dataset) -> tuple[int, int, int]:
    """First float in the file, number of rows and row width of a block (N, 3, width)."""
    offset = block.id.get_offset()
    if block.ndim != 3 or block.shape[1] != 3 or block.dtype != np.dtype("<f4") or offset is None or offset % 4:
        raise InputError(f"{path}: block {block.name} is not contiguous float32 (N, 3, samples); run prepare on it")
    if offset + block.nbytes > path.stat().st_size:
        raise InputError(f"{path}: block {block.name} ends behind the end of the file; {remedy('it')}")
    return offset // 4, block.shape[0], block.shape[2]


def _require(fine: np.ndarray, path: Path, names: pd.Series, fault: str) -> None:
    if not fine.all():
        raise InputError(f"{path}: trace {names.iloc[int(np.argmin(fine))]}: {fault}")
