"""A prepared dataset at another rate, given to pickers as if it were at the rate that they know.

At 25 Hz an input of 30 s holds 120 s of ground time, and a wave of 1 Hz looks as one of 4 Hz did in training. Nothing
is written: a trace is resampled when it is read, and only the last one is kept, so that memory stays that of one trace.
"""

import math

import numpy as np
import pandas as pd

from pickbench.data.prepared import PreparedDataset
from pickbench.data.resample import resample, simple_ratio
from pickbench.metrics.registry import ANSWERS
from pickbench.protocol import RATE_HZ

#: Columns of a prediction file that hold positions in a trace which need not be whole samples.
POSITIONS = ("phase_onset", *(column for column, answer in ANSWERS.items() if answer.task == 3))


class PlayedDataset:
    """What a picker reads of a dataset (`metadata`, `waveform`, `crop`), at another rate.

    Parameters
    ----------
    original
        The prepared dataset, at `pickbench.protocol.RATE_HZ`.
    rate_hz
        The rate to resample to, Hz.

    Attributes
    ----------
    metadata
        One row a trace, as in the original: trace_name, trace_chunk, and trace_npts in samples at `rate_hz`.
    factor
        Position in a resampled trace by position in the original, (n,). It is `rate_hz` / `RATE_HZ`, or the simple
        ratio that `pickbench.data.resample` takes for it in a short trace.
    """

    def __init__(self, original: PreparedDataset, rate_hz: float):
        self.original, self.rate_hz = original, rate_hz
        lengths, which = np.unique(original.metadata["trace_npts"].to_numpy(np.int64), return_inverse=True)
        ratios = [simple_ratio(RATE_HZ, rate_hz, int(npts)) or rate_hz / RATE_HZ for npts in lengths]
        self.factor = np.array(ratios, dtype=np.float64)[which]
        npts = [math.ceil(int(length) * ratio) for length, ratio in zip(lengths, ratios, strict=True)]
        kept = original.metadata[["trace_name", "trace_chunk"]]
        self.metadata = kept.assign(trace_npts=np.array(npts, dtype=np.int64)[which])
        self._last: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.metadata)

    def waveform(self, trace_idx: int) -> np.ndarray:
        """Give one trace, (3, npts) float32 in ZNE, free of what lies above the new Nyquist frequency."""
        if self._last is None or self._last[0] != trace_idx:
            resampled, _ = resample(self.original.waveform(trace_idx), RATE_HZ, self.rate_hz)
            self._last = trace_idx, resampled.astype(np.float32)
        return self._last[1]

    def crop(self, trace_idx: np.ndarray, start: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Cut pieces of one length out of traces; those of one trace should follow each other.

        Parameters
        ----------
        trace_idx, start, length
            As of `pickbench.data.prepared.PreparedDataset.crop`, samples at `rate_hz`.

        Returns
        -------
        pieces, valid : ndarray
            Likewise.
        """
        pieces = np.zeros((len(trace_idx), 3, length), dtype=np.float32)
        valid = np.zeros((len(trace_idx), 2), dtype=np.int64)
        for number, (index, begin) in enumerate(zip(np.asarray(trace_idx), np.asarray(start), strict=True)):
            waveform = self.waveform(int(index))
            low = int(np.clip(-begin, 0, length))
            high = int(np.clip(waveform.shape[1] - begin, low, length))
            pieces[number, :, low:high] = waveform[:, begin + low : begin + high]
            valid[number] = low, high
        return pieces, valid

    def rows_to_ask(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Put windows of the original into samples of the resampled traces.

        They are as long as before in seconds, to half a sample.

        Parameters
        ----------
        rows
            Windows of the original that lie in their traces.
        """
        share = self.rate_hz / RATE_HZ
        trace = rows["trace_idx"].to_numpy(np.int64)
        start, end = rows["start_sample"].to_numpy(np.int64), rows["end_sample"].to_numpy(np.int64)
        npts = self.metadata["trace_npts"].to_numpy()[trace]
        length = np.clip(np.rint((end - start) * share).astype(np.int64), 1, npts)
        # Rounding may push a window at the end of a trace one sample beyond it.
        start = np.minimum(np.rint(start * share).astype(np.int64), npts - length)
        asked = rows.assign(sampling_rate=self.rate_hz, start_sample=start, end_sample=start + length)
        if "phase_onset" in rows:
            asked["phase_onset"] = rows["phase_onset"].to_numpy(np.float64) * self.factor[trace]
        return asked

    def true_positions(self, table: pd.DataFrame) -> pd.DataFrame:
        """Turn positions in resampled traces into samples at exactly `rate_hz`, which is what `sampling_rate` says.

        Divided by it they are seconds of ground time. The published code leaves 100 there, whatever it resampled to,
        so that its residuals are too small by the factor of the rates.

        Parameters
        ----------
        table
            Rows that `rows_to_ask` gave, with answers.
        """
        scale = self.rate_hz / RATE_HZ / self.factor[table["trace_idx"].to_numpy(np.int64)]
        return table.assign(**{name: table[name].to_numpy(np.float64) * scale for name in POSITIONS if name in table})
