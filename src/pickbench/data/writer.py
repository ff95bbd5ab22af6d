"""Writer of prepared datasets: contiguous blocks of traces of about one length with checksums, and the table beside."""

import math
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from pickbench.data.checksums import GROUP, row_checksums

#: Within a block the shortest trace has at least this share of the longest one's samples; the rest is padding.
SHORTEST_IN_BLOCK = 0.8


class PreparedWriter:
    """Writes waveforms and metadata of a prepared dataset as they come.

    Parameters
    ----------
    waveforms, metadata
        Files to write.
    columns
        Columns of the table, in order.
    data_format
        Content of the group data_format.
    """

    def __init__(self, waveforms: Path, metadata: Path, columns: Sequence[str], data_format: dict):
        # Aligned, as the reader maps the file as 4-byte numbers and HDF5 would put a block at any byte.
        self._file = h5py.File(waveforms, "w", alignment_threshold=1, alignment_interval=64)
        self._data = self._file.create_group("data")
        self._checksums = self._file.create_group(GROUP)
        group = self._file.create_group("data_format")
        for key, value in data_format.items():
            group.create_dataset(key, data=value)
        self._metadata = metadata
        self._columns = list(columns)
        pd.DataFrame(columns=self._columns).to_csv(metadata, index=False, lineterminator="\n")

    def __enter__(self) -> "PreparedWriter":
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def add(self, rows: pd.DataFrame, waveforms: Sequence[np.ndarray]) -> None:
        """Append traces; their order stays.

        Parameters
        ----------
        rows
            Metadata, a row a trace; trace_name is set here.
        waveforms
            (3, npts) each, float32.
        """
        lengths = np.array([waveform.shape[-1] for waveform in waveforms])
        names = np.empty(len(lengths), dtype=object)
        classes = np.floor(np.log(lengths) / -math.log(SHORTEST_IN_BLOCK))
        for length_class in np.unique(classes):
            members = np.flatnonzero(classes == length_class)
            block = np.zeros((len(members), 3, lengths[members].max()), dtype="<f4")
            for row, member in enumerate(members):
                block[row, :, : lengths[member]] = waveforms[member]
            name = f"bucket{len(self._data)}"
            self._data.create_dataset(name, data=block)
            self._checksums.create_dataset(name, data=row_checksums(block))
            names[members] = [f"{name}${row},:3,:{lengths[member]}" for row, member in enumerate(members)]
        rows = rows.assign(trace_name=names)
        rows.to_csv(self._metadata, mode="a", header=False, index=False, columns=self._columns, lineterminator="\n")
