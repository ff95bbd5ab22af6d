"""One form for waveforms: ZNE, float32, one sampling rate, with a verdict on each trace."""

from typing import NamedTuple

import numpy as np

from pickbench.data.components import TARGET
from pickbench.data.resample import resample


class Standard(NamedTuple):
    """Traces in standard form.

    Attributes
    ----------
    waveforms
        (k, 3, n) float32; meaningless where there is a fault.
    present
        (k, 3) bool, which of Z, N and E move; the others are zero.
    fault
        (k,) why a trace cannot be used: non_finite, all_zero, constant, or "".
    factor
        Position in the new samples by position in the old ones.
    """

    waveforms: np.ndarray
    present: np.ndarray
    fault: np.ndarray
    factor: float


def standardise(waveforms: np.ndarray, channels: tuple[int | None, ...], rate_in: float, rate_out: float) -> Standard:
    """Bring traces of one length, rate and channel order into standard form.

    Parameters
    ----------
    waveforms
        (k, channels, n) of any real type.
    channels
        Channel of Z, N and E; None where there is none.
    rate_in, rate_out
        Sampling rates in Hz.
    """
    targets = [number for number, channel in enumerate(channels) if channel is not None]
    waveforms = waveforms[:, [channels[number] for number in targets]]
    finite = np.isfinite(waveforms).all(axis=(1, 2))
    # A channel that never moves, at zero or at an offset, is dead: it says nothing and must not look like signal.
    lowest, highest = waveforms.min(axis=2), waveforms.max(axis=2)
    moves = (lowest != highest) & finite[:, None]
    fault = np.where(finite, "", "non_finite").astype(object)
    fault[finite & ~moves.any(axis=1)] = "constant"
    fault[finite & (lowest == 0).all(axis=1) & (highest == 0).all(axis=1)] = "all_zero"
    waveforms = np.where(moves[:, :, None], waveforms, 0)
    resampled, factor = resample(waveforms, rate_in, rate_out)
    standard = np.zeros((len(waveforms), len(TARGET), resampled.shape[-1]), dtype=np.float32)
    with np.errstate(over="ignore"):
        standard[:, targets] = resampled
    fault[(fault == "") & ~np.isfinite(standard).all(axis=(1, 2))] = "non_finite"
    present = np.zeros((len(waveforms), len(TARGET)), dtype=bool)
    present[:, targets] = moves
    return Standard(standard, present, fault, factor)
