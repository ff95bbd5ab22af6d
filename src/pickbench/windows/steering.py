"""Where a picker's input lies around an evaluation window."""

import numpy as np


def steer(start: np.ndarray, end: np.ndarray, npts: np.ndarray, length: int | np.ndarray) -> np.ndarray:
    """Place a picker's input around an evaluation window.

    The window lies in the middle of the input; where the input would leave the trace it is moved, and where the trace
    is shorter than the input it starts with the trace, as `seisbench.generate.SteeredWindow` does.

    Parameters
    ----------
    start, end
        Evaluation windows in samples of their traces, (n,).
    npts
        Samples of the traces, (n,).
    length
        Samples of the input; no less than any window.

    Returns
    -------
    ndarray
        First sample of each input, (n,).
    """
    first = start - (length - (end - start)) // 2
    return np.maximum(np.minimum(first, npts - length), 0)
