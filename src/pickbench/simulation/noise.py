"""Ambient ground noise between Peterson's low and high noise models, and the faults of real recorders.

Hands on stationary noise in m/s, and spoils finished traces with spikes, gaps and dead channels.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal
from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

from pickbench.simulation.sources import sensor

_LEVELS = np.linspace(0, 1, 21)
_SPIKE_FACTOR = (3.0, 20.0)  # of the trace's peak
_GAP_S = (0.5, 6.0)


def velocity_psd(frequency_hz: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Power spectral density of ground velocity between the new low and high noise models.

    The models are those of Peterson (1993), USGS Open-File Report 93-322, as ObsPy holds them.

    Parameters
    ----------
    frequency_hz
        Shape (F,), above 0. The models end at 10 Hz: their acceleration is continued as a constant beyond.
    level
        Shape (B,): 0 is the low model, 1 the high one, between them straight in decibel.

    Returns
    -------
    numpy.ndarray
        Shape (B, F), (m/s)^2/Hz.
    """
    low, high = _log_models(frequency_hz)
    return np.exp(low + np.asarray(level)[:, None] * (high - low))


def level_for_rms(rms_m_s: np.ndarray, sensor_corner_hz: np.ndarray, sampling_rate_hz: float) -> np.ndarray:
    """Level (0 to 1) of noise that has this root mean square over the whole band of a sensor; arrays of shape (B,)."""
    level = np.empty(len(rms_m_s))
    for corner in np.unique(sensor_corner_hz):
        rows = sensor_corner_hz == corner
        rms = _rms_of_levels(float(corner), float(sampling_rate_hz))
        level[rows] = np.interp(np.log(rms_m_s[rows]), np.log(rms), _LEVELS)
    return level


def ambient_velocity_m_s(
    rng: np.random.Generator, level: np.ndarray, sensor_corner_hz: np.ndarray, sampling_rate_hz: float, npts: int
) -> np.ndarray:
    """Draw three components of stationary noise seen by sensors.

    Parameters
    ----------
    rng
        Source of randomness.
    level, sensor_corner_hz
        Shape (B,).
    sampling_rate_hz, npts
        Of the result.

    Returns
    -------
    numpy.ndarray
        Shape (B, 3, npts), float32, m/s.
    """
    padded = scipy.fft.next_fast_len(npts, real=True)
    low, contrast = _log_amplitudes(sampling_rate_hz, padded)
    amplitude = np.exp(low + level[:, None].astype(np.float32) * contrast)
    for corner in np.unique(sensor_corner_hz):
        amplitude[sensor_corner_hz == corner] *= _response(float(corner), sampling_rate_hz, padded)
    # Real and imaginary parts are even in [-0.5, 0.5), of variance 1/12; their sum over frequencies is Gaussian.
    draws = rng.random((len(level), 3, 2 * len(low)), dtype=np.float32)
    draws -= 0.5
    spectrum = draws.view(np.complex64)
    spectrum *= amplitude[:, None]
    return scipy.fft.irfft(spectrum, padded, overwrite_x=True)[..., :npts]


def spoil(
    waveforms: np.ndarray, npts: np.ndarray, sampling_rate_hz: float, faults: Mapping, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Put spikes, gaps and dead channels into some traces, in place.

    Parameters
    ----------
    waveforms
        Shape (B, 3, N).
    npts
        Samples in use of each trace, shape (B,).
    sampling_rate_hz
        Of the waveforms.
    faults
        The recipe's object: shares of traces with `spikes`, `gaps` and a `dead_channels`.
    rng
        Source of randomness.

    Returns
    -------
    dict
        trace_has_spikes (bool) and trace_completeness (share of samples outside gaps and dead channels), shape (B,).
    """
    count = len(waveforms)
    spiked, gapped, dead = (rng.random(count) < faults[kind] for kind in ("spikes", "gaps", "dead_channels"))
    completeness = np.ones(count)
    for trace in np.flatnonzero(spiked):
        component = rng.integers(3)
        at = rng.integers(npts[trace], size=rng.integers(1, 4))
        peak = np.abs(waveforms[trace, component]).max()
        waveforms[trace, component, at] += peak * rng.uniform(*_SPIKE_FACTOR, len(at)) * rng.choice([-1, 1], len(at))
    for trace in np.flatnonzero(gapped):
        length = int(rng.uniform(*_GAP_S) * sampling_rate_hz)
        begin = rng.integers(npts[trace] - length)
        waveforms[trace, :, begin : begin + length] = 0
        completeness[trace] -= length / npts[trace]
    component = rng.integers(3, size=count)
    waveforms[dead, component[dead]] = 0
    completeness[dead] *= 2 / 3
    return {"trace_has_spikes": spiked, "trace_completeness": completeness}


def _log_models(frequency_hz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Natural logarithm of the velocity power of the low and the high model."""
    log_angular = np.log(2 * np.pi * frequency_hz)
    low, high = (
        np.interp(-np.log(frequency_hz), np.log(periods_s[::-1]), decibel[::-1]) * np.log(10) / 10 - 2 * log_angular
        for periods_s, decibel in (get_nlnm(), get_nhnm())
    )
    return low, high


@lru_cache(maxsize=8)
def _log_amplitudes(sampling_rate_hz: float, npts: int) -> tuple[np.ndarray, np.ndarray]:
    """Log amplitude of Fourier coefficients of low noise, and what high noise adds, for draws of variance 1/12."""
    low, high = _log_models(scipy.fft.rfftfreq(npts, 1 / sampling_rate_hz)[1:])
    # A coefficient's power is psd * rate * npts / 2, half of it in the real and half in the imaginary part.
    low_amplitude = 0.5 * (low + np.log(12 * sampling_rate_hz * npts / 4))
    constant = np.array([-np.inf]), np.array([0.0])
    amplitudes = (low_amplitude, 0.5 * (high - low))
    return tuple(np.append(c, a).astype(np.float32) for c, a in zip(constant, amplitudes, strict=True))


@lru_cache(maxsize=64)
def _rms_of_levels(sensor_corner_hz: float, sampling_rate_hz: float) -> np.ndarray:
    """Root mean square velocity (m/s) of noise at each of `_LEVELS`, down to a period of 100 s."""
    npts = round(100 * sampling_rate_hz)
    frequency = scipy.fft.rfftfreq(npts, 1 / sampling_rate_hz)
    power = velocity_psd(frequency[1:], _LEVELS) * _response(sensor_corner_hz, sampling_rate_hz, npts)[1:] ** 2
    return np.sqrt(power.sum(axis=1) * sampling_rate_hz / npts)


@lru_cache(maxsize=64)
def _response(sensor_corner_hz: float, sampling_rate_hz: float, npts: int) -> np.ndarray:
    """Amplitude response of a sensor at the frequencies of a real Fourier transform of `npts` samples."""
    frequency = scipy.fft.rfftfreq(npts, 1 / sampling_rate_hz)
    sections = sensor(sensor_corner_hz, sampling_rate_hz)
    return np.abs(scipy.signal.sosfreqz(sections, frequency, fs=sampling_rate_hz)[1]).astype(np.float32)
