"""Picks of Baer & Kradolfer (1987) in many evaluation windows, for as many sets of parameters as one likes.

A picker sees 60 s of the filtered vertical component around an evaluation window; where its pick lies outside the
evaluation window it looks again at 20 s, then at 10 s, and the last answer stands, as in the code that Münchmeyer et
al. (2022) published. What does not depend on the parameters (reading, detrending, placing the windows) is done once;
the filter runs over blocks of traces. The C code of SciPy and ObsPy lets go of Python's lock, so that threads share the
work and the traces.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from obspy.signal.trigger import pk_baer
from scipy import signal

from pickbench.data.prepared import PreparedDataset
from pickbench.protocol import RATE_HZ
from pickbench.windows.steering import steer

#: What is searched for, in this order.
PARAMETERS = ("lowpass_hz", "highpass_hz", "tdownmax_s", "tupevent_s", "threshold1")
#: Second threshold, up to which samples count as noise, in units of the first.
SECOND_THRESHOLD = {"double": 2.0, "half": 0.5}

LOOKS_SAMPLES = np.array([6000, 2000, 1000])
NOISE_SAMPLES, AMPLITUDE_SAMPLES = 100, 100
NO_PICK = 1
TRACES_A_BLOCK = 16


@dataclass(frozen=True)
class Block:
    """Traces that are filtered together, with the windows in them.

    Attributes
    ----------
    waveforms
        Detrended vertical components as far as any window needs them, (traces, samples) float32.
    row
        The trace that each window lies in, (windows,) rows of `waveforms`.
    number
        Which of all windows these are, (windows,).
    bounds
        First and past-the-end sample of each evaluation window, (windows, 2).
    looks
        First and past-the-end sample of the pieces to pick in, (windows, 3, 2).
    """

    waveforms: np.ndarray
    row: np.ndarray
    number: np.ndarray
    bounds: np.ndarray
    looks: np.ndarray


class PickWindows:
    """Evaluation windows with the detrended vertical components around them, in memory.

    Parameters
    ----------
    dataset
        The prepared dataset.
    windows
        Rows of a windows file of it.
    """

    def __init__(self, dataset: PreparedDataset, windows: pd.DataFrame):
        bounds = windows[["start_sample", "end_sample"]].to_numpy(np.int64)
        trace, of_window = np.unique(windows["trace_idx"].to_numpy(np.int64), return_inverse=True)
        npts = dataset.metadata["trace_npts"].to_numpy(np.int64)[trace][of_window]
        looks = _looks(bounds, npts)
        # The filter is causal: what lies behind the last window of a trace does not matter.
        needed = np.zeros(len(trace), np.int64)
        np.maximum.at(needed, of_window, looks[:, :, 1].max(axis=1))
        order = np.argsort(needed, kind="stable")
        self._size = len(windows)
        self._blocks = []
        for part in np.split(order, range(TRACES_A_BLOCK, len(order), TRACES_A_BLOCK)):
            waveforms = np.zeros((len(part), needed[part].max(initial=0)), np.float32)
            for waveform, index, samples in zip(waveforms, trace[part], needed[part], strict=True):
                waveform[:samples] = detrend(dataset.waveform(index)[0])[:samples]
            number = np.flatnonzero(np.isin(of_window, part))
            row = np.argmax(of_window[number, None] == part, axis=1)
            self._blocks.append(Block(waveforms, row, number, bounds[number], looks[number]))

    def __len__(self) -> int:
        return self._size

    def pick(
        self, parameters: Mapping[str, float], second_threshold: str, run: Callable[..., Iterable] = map
    ) -> np.ndarray:
        """Pick P in every window.

        Parameters
        ----------
        parameters
            `PARAMETERS` with their values; a lowpass below the highpass counts as one just above it.
        second_threshold
            "double" or "half", of the first.
        run
            `map` or that of an executor of threads.

        Returns
        -------
        ndarray
            (n,) float64, samples of the traces. Where nothing is found it is the second sample of the last piece.
        """
        picks = np.empty(len(self))
        high, threshold = parameters["highpass_hz"], parameters["threshold1"]
        band = (high, max(parameters["lowpass_hz"], high + 0.01))
        sections = signal.butter(2, band, "bandpass", output="sos", fs=RATE_HZ)
        limits = (
            *(int(RATE_HZ * parameters[key]) for key in ("tdownmax_s", "tupevent_s")),
            *(threshold, SECOND_THRESHOLD[second_threshold] * threshold),
        )
        for block, found in zip(self._blocks, run(partial(_pick_block, sections, limits), self._blocks), strict=True):
            picks[block.number] = found
        return picks


def detrend(trace: np.ndarray) -> np.ndarray:
    """Take the straight line of least squares off a trace, (npts,) float.

    `scipy.signal.detrend` takes seven times as long, twice what a pick takes.
    """
    trace = trace - trace.mean(dtype=np.float64)
    time = np.arange(len(trace)) - (len(trace) - 1) / 2
    return trace - (time @ trace) / (time @ time) * time


def _looks(bounds: np.ndarray, npts: np.ndarray) -> np.ndarray:
    """First and past-the-end sample of the three pieces around each window, cut at the trace's end, (n, 3, 2)."""
    start, end = bounds[:, :1], bounds[:, 1:]
    length = np.maximum(LOOKS_SAMPLES, end - start)
    first = steer(start, end, npts[:, None], length)
    return np.stack([first, np.minimum(first + length, npts[:, None])], axis=-1)


def _pick_block(sections: np.ndarray, limits: tuple, block: Block) -> list[int]:
    """Filter a block's traces, and pick in its windows."""
    filtered = signal.sosfilt(sections, block.waveforms, axis=-1).astype(np.float32)
    rows = zip(block.row.tolist(), block.bounds.tolist(), block.looks.tolist(), strict=True)
    return [_pick_window(filtered[row], bounds, looks, limits) for row, bounds, looks in rows]


def _pick_window(trace: np.ndarray, bounds: list[int], looks: list[list[int]], limits: tuple) -> int:
    """Pick in ever smaller pieces until the pick lies in the evaluation window; the last one stands."""
    for first, past in looks:
        pick = NO_PICK
        # A trigger has to come after twice the noise; ObsPy reads beyond the end of shorter traces.
        if past - first > 2 * NOISE_SAMPLES:
            pick, _ = pk_baer(trace[first:past], int(RATE_HZ), *limits, NOISE_SAMPLES, AMPLITUDE_SAMPLES)
        if bounds[0] <= first + pick <= bounds[1]:
            break
    return first + pick
