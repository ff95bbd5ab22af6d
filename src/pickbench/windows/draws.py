"""Random numbers that belong to a trace, not to a place in a sequence.

A draw must not depend on the other traces, or a subset, another order or another chunking of a dataset would
evaluate other windows. So there is no generator with a state: what a number is for (the trace's raw identity, the
kind of window, the label, the seed) is hashed to 64 bits, and those bits are the number. SipHash, as in pandas, turns
text into bits; the finaliser of SplitMix64 (Steele et al. 2014, doi 10.1145/2660193.2660195) makes them uniform.
"""

import numpy as np
import pandas as pd
from pandas.util import hash_array

from pickbench.windows.tables import IDENTITY

# 16 characters that fix the hash for good: other ones would draw all windows anew.
_HASH_KEY = "pickbench-window"


def trace_keys(traces: pd.DataFrame) -> np.ndarray:
    """Hash the raw identity of each trace.

    Parameters
    ----------
    traces
        Metadata with trace_raw_dataset, trace_raw_chunk and trace_raw_name. A missing chunk is an empty one.

    Returns
    -------
    numpy.ndarray
        uint64, shape (traces,).
    """
    keys = np.zeros(len(traces), np.uint64)
    for column in IDENTITY:
        keys = mix(keys, traces[column].fillna("").astype(str).to_numpy(dtype=object))
    return keys


def mix(keys: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Combine 64-bit keys with text, an object array of strings that broadcasts to them."""
    return splitmix64(keys ^ hash_array(text, hash_key=_HASH_KEY))


def draw(low: np.ndarray, high: np.ndarray, keys: np.ndarray, kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a whole number from low ... high, both included, wherever there is one.

    Parameters
    ----------
    low, high
        Bounds, whole numbers as floats, shape (n,). Where low > high, or one is NaN, nothing is drawn.
    keys
        What each draw belongs to, uint64, shape (n,).
    kind, seed
        Set draws for the same key apart.

    Returns
    -------
    rows : numpy.ndarray
        Where something was drawn, int64, shape (drawn,).
    numbers : numpy.ndarray
        What was drawn there, int64, shape (drawn,), uniform over low ... high.
    """
    rows = np.flatnonzero(low <= high)
    uniform = (draw_bits(keys[rows], kind, seed) >> np.uint64(11)) * 2.0**-53
    numbers = low[rows] + np.floor(uniform * (high[rows] - low[rows] + 1))
    return rows, numbers.astype(np.int64)


def draw_bits(keys: np.ndarray, kind: str, seed: int) -> np.ndarray:
    """Draw 64 random bits for each key (uint64, shape (n,)); `kind` and `seed` set draws for the same key apart."""
    bits = mix(keys, np.array([kind], dtype=object))
    return splitmix64(bits ^ np.array([seed % 2**64], np.uint64))


def splitmix64(state: np.ndarray) -> np.ndarray:
    """One step of the SplitMix64 generator for each state (uint64 array)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
