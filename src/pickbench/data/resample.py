"""Resampling of waveforms to a common rate, with zero-phase anti-alias filtering.

Sample 0 keeps its time, so a position only has to be multiplied by the factor that comes back with the waveform.
"""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy import signal

#: Share of the lower Nyquist frequency that passes unchanged. Digitisers' own decimation filters end about there.
PASSBAND = 0.8
#: Attenuation from the lower Nyquist frequency on, and the filter's ripple below the passband's edge.
STOPBAND_DB = 80.0
#: How far a simple ratio of rates may drift from the declared one by the end of a trace. Data centres give rates such
#: as 19.99993 Hz for 20 Hz: below a tenth of an output sample the simple ratio is taken.
MAX_DRIFT_SAMPLES = 0.1
#: Largest up- or downsampling factor that a polyphase filter is designed for; its length grows with it.
MAX_FACTOR = 1000


def resample(waveform: np.ndarray, rate_in: float, rate_out: float) -> tuple[np.ndarray, float]:
    """Resample waveforms along their last axis.

    A polyphase FIR filter (Kaiser window) does it where the ratio of the rates is a fraction of small numbers, which
    is nearly always; otherwise the spectrum is evaluated at the new times by a chirp z-transform. A line through the
    first and last sample is taken off before and put back afterwards, so that an offset does not ring at the ends.

    Parameters
    ----------
    waveform
        (..., n) with n > 1, finite.
    rate_in, rate_out
        Sampling rates in Hz.

    Returns
    -------
    resampled
        (..., ceil(n * factor)) float64, or `waveform` itself when the rates are the same.
    factor
        Position in `resampled` by position in `waveform`.
    """
    npts = waveform.shape[-1]
    ratio = simple_ratio(rate_in, rate_out, npts)
    if ratio == 1:
        return waveform, 1.0
    waveform = np.asarray(waveform, dtype=np.float64)
    start = waveform[..., :1]
    slope = (waveform[..., -1:] - start) / (npts - 1)
    waveform = waveform - start - slope * np.arange(npts)
    if ratio is None:
        factor = rate_out / rate_in
        resampled = _resample_spectrum(waveform, factor)
    else:
        up, down = ratio.as_integer_ratio()
        factor = up / down
        resampled = signal.resample_poly(waveform, up, down, axis=-1, window=_lowpass(max(up, down)))
    return resampled + start + slope * (np.arange(resampled.shape[-1]) / factor), factor


def simple_ratio(rate_in: float, rate_out: float, npts: int) -> Fraction | None:
    """Give rate_out / rate_in as a fraction of small numbers that holds over `npts` input samples, else None."""
    exact = rate_out / rate_in
    for limit in (10, 100, MAX_FACTOR):
        ratio = Fraction(exact).limit_denominator(limit)
        small = 0 < ratio.numerator <= MAX_FACTOR
        if small and abs(float(ratio) - exact) * npts < MAX_DRIFT_SAMPLES:
            return ratio
    return None


@lru_cache(maxsize=64)
def _lowpass(factor: int) -> np.ndarray:
    """Linear-phase low pass for a polyphase resampler whose larger factor is `factor`."""
    taps, beta = signal.kaiserord(STOPBAND_DB, (1 - PASSBAND) / factor)
    return signal.firwin(taps | 1, (1 + PASSBAND) / 2 / factor, window=("kaiser", beta))


def _resample_spectrum(waveform: np.ndarray, factor: float) -> np.ndarray:
    """Resample by any factor: the band-limited spectrum, evaluated at the times of the new samples."""
    npts = waveform.shape[-1]
    size = 2 * npts  # Zeros behind the trace keep its two ends apart.
    spectrum = np.fft.rfft(waveform, size) / size
    frequency = np.arange(spectrum.shape[-1]) / (size / 2) / min(1.0, factor)
    stop = np.clip((frequency - PASSBAND) / (1 - PASSBAND), 0, 1)
    spectrum *= np.cos(stop * np.pi / 2) ** 2
    spectrum[..., 1:] *= 2  # The negative frequencies.
    return signal.czt(spectrum, math.ceil(npts * factor), w=np.exp(2j * np.pi / (size * factor))).real
