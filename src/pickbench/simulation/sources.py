"""What a source sends and a path lets through: ground-velocity pulses of P and S.

Brune's spectrum, attenuation by t* and geometric spreading set the amplitude spectrum; the phase is the minimum one, so
that a pulse begins with its onset and nothing precedes it. Hands on pulses in m/s that start at sample 0.
"""

from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.fft
import scipy.signal

Wave = Literal["P", "S"]

STRESS_DROP_PA = 3e6
DENSITY_KG_M3 = 2700.0
VELOCITY_M_S = {"P": 6000.0, "S": 3460.0}
# Brune (1970, doi 10.1029/JB075i026p04997) for S; P's corner is higher by Madariaga (1976)'s 0.32 / 0.21.
_CORNER_FACTOR = {"P": 0.372 * 0.32 / 0.21, "S": 0.372}
# Root mean squares over the focal sphere (Boore and Boatwright, 1984), times 2 for the free surface.
_RADIATION = {"P": 2 * 0.52, "S": 2 * 0.63}
# A crust of these Q, and the well-known t* of teleseismic body waves, which hardly grows with distance.
_QUALITY = {"P": 400.0, "S": 250.0}
_MAX_T_STAR_S = {"P": 1.0, "S": 4.0}

_ONSET_LEVEL = 0.01  # of the peak: less than this is no energy, so a pulse begins where it gets there
_FLOOR_NEPER = 12.0  # spectra are kept above e**-12 of the plateau; deeper is far below any noise


def seismic_moment_n_m(magnitude: np.ndarray) -> np.ndarray:
    """Seismic moment of a moment magnitude (Hanks and Kanamori, 1979)."""
    return 10 ** (1.5 * np.asarray(magnitude) + 9.1)


def corner_frequency_hz(magnitude: np.ndarray, wave: Wave) -> np.ndarray:
    """Corner frequency of Brune's source at `STRESS_DROP_PA`."""
    cube = 16 / 7 * STRESS_DROP_PA / seismic_moment_n_m(magnitude)
    return _CORNER_FACTOR[wave] * VELOCITY_M_S["S"] * np.cbrt(cube)


def attenuation_time_s(travel_time_s: np.ndarray, wave: Wave) -> np.ndarray:
    """The path's t*: travel time over Q, limited to 1 s (P) and 4 s (S)."""
    return np.minimum(np.asarray(travel_time_s) / _QUALITY[wave], _MAX_T_STAR_S[wave])


def displacement_plateau_m_s(magnitude: np.ndarray, distance_km: np.ndarray, wave: Wave) -> np.ndarray:
    """Low-frequency level of the far-field displacement spectrum (m s) at a hypocentral distance."""
    spreading_m = 1e3 * np.maximum(distance_km, 0.5)
    impedance = 4 * np.pi * DENSITY_KG_M3 * VELOCITY_M_S[wave] ** 3
    return _RADIATION[wave] * seismic_moment_n_m(magnitude) / (impedance * spreading_m)


def velocity_spectrum_m(
    frequency_hz: np.ndarray, plateau_m_s: np.ndarray, corner_hz: np.ndarray, t_star_s: np.ndarray
) -> np.ndarray:
    """Amplitude spectrum of ground velocity (m/s per Hz): Brune's omega-square source, attenuated.

    Parameters
    ----------
    frequency_hz
        Shape (F,).
    plateau_m_s, corner_hz, t_star_s
        Shape (B,).

    Returns
    -------
    numpy.ndarray
        Shape (B, F).
    """
    displacement = np.exp(_log_displacement(frequency_hz, corner_hz, t_star_s))
    return plateau_m_s[:, None] * 2 * np.pi * frequency_hz * displacement


def pulse_duration_s(corner_hz: np.ndarray, t_star_s: np.ndarray) -> float:
    """Time within which all pulses of a batch have died away; at most 25 s, which cuts only the greatest events."""
    return float(np.clip(np.max(2 / corner_hz + 6 * t_star_s) + 1, 2, 25))


def velocity_pulses_m_s(
    plateau_m_s: np.ndarray, corner_hz: np.ndarray, t_star_s: np.ndarray, sampling_rate_hz: float, npts: int
) -> np.ndarray:
    """Causal pulses with the spectra of `velocity_spectrum_m`.

    Parameters
    ----------
    plateau_m_s, corner_hz, t_star_s
        Shape (B,).
    sampling_rate_hz
        Of the result.
    npts
        Length of the result, of at least `pulse_duration_s`.

    Returns
    -------
    numpy.ndarray
        Shape (B, npts), float32, m/s. Sample 0 is the onset: the first that reaches 1 % of the peak. What a
        minimum-phase pulse does before that (its high frequencies run ahead of what can be seen) is cut.
    """
    frequency = scipy.fft.rfftfreq(npts, 1 / sampling_rate_hz)
    log_magnitude = np.maximum(_log_displacement(frequency, corner_hz, t_star_s), -_FLOOR_NEPER)
    # Velocity by backward difference keeps the pulse causal; this factor makes its spectrum exactly 2 pi f times.
    log_magnitude -= np.log(np.sinc(frequency / sampling_rate_hz))
    displacement = scipy.fft.irfft(_minimum_phase(log_magnitude.astype(np.float32), npts), npts)
    velocity = np.diff(displacement, axis=1, prepend=displacement[:, -1:]) * sampling_rate_hz
    velocity *= plateau_m_s[:, None] * sampling_rate_hz
    return _from_onset(velocity.astype(np.float32))


def highpass(pulses: np.ndarray, corner_hz: np.ndarray, sampling_rate_hz: float) -> np.ndarray:
    """Pass pulses (B, n) through sensors of two poles with corners (B,); causal."""
    result = np.empty_like(pulses)
    for corner in np.unique(corner_hz):
        rows = corner_hz == corner
        result[rows] = scipy.signal.sosfilt(sensor(float(corner), float(sampling_rate_hz)), pulses[rows], axis=1)
    return result


@lru_cache(maxsize=64)
def sensor(corner_hz: float, sampling_rate_hz: float) -> np.ndarray:
    """Second-order sections of a velocity sensor: flat above its corner, two poles below."""
    return scipy.signal.butter(2, corner_hz, "highpass", fs=sampling_rate_hz, output="sos")


def _log_displacement(frequency_hz: np.ndarray, corner_hz: np.ndarray, t_star_s: np.ndarray) -> np.ndarray:
    """Natural logarithm of the normalised displacement spectrum, shape (B, F)."""
    return -np.log1p((frequency_hz / corner_hz[:, None]) ** 2) - np.pi * frequency_hz * t_star_s[:, None]


def _minimum_phase(log_magnitude: np.ndarray, npts: int) -> np.ndarray:
    """Spectrum of the minimum-phase signal with this log magnitude (B, npts // 2 + 1), by folding its cepstrum."""
    cepstrum = scipy.fft.irfft(log_magnitude, npts)
    fold = np.zeros(npts, dtype=np.float32)
    fold[0] = 1
    fold[1 : (npts + 1) // 2] = 2
    if npts % 2 == 0:
        fold[npts // 2] = 1
    return np.exp(scipy.fft.rfft(cepstrum * fold))


def _from_onset(pulses: np.ndarray) -> np.ndarray:
    """Move each pulse (B, n) to begin at its onset, smoothly, and let its end run out over the last tenth."""
    npts = pulses.shape[1]
    level = np.abs(pulses)
    onset = (level >= _ONSET_LEVEL * level.max(axis=1, keepdims=True)).argmax(axis=1)
    position = onset[:, None] + np.arange(npts)
    moved = np.take_along_axis(pulses, np.minimum(position, npts - 1), axis=1)
    moved *= position < npts
    # A step of 1 % would be the loudest high frequency of a teleseismic pulse: fade in over the rise's first half.
    rise = np.maximum((np.abs(moved).argmax(axis=1) // 2)[:, None], 1)
    moved *= np.sin(0.5 * np.pi * np.minimum((np.arange(npts) + 1) / rise, 1)) ** 2
    fade = npts // 10
    moved[:, -fade:] *= 0.5 * (1 + np.cos(np.pi * (np.arange(fade) + 1) / fade))
    return moved.astype(np.float32)
