"""Seismograms of a batch: arrivals turned into ground velocity on three components.

Each arrival excites one polarised pulse and a train of scattered waves whose envelope decays exponentially. All P-type
arrivals of a trace share its P pulse and all S-type ones its S pulse, so a trace costs one convolution a type and
component. Hands on velocity without noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft

from pickbench.simulation.sources import Wave

# Under a station waves are slower than in the crust, so rays arrive steeply.
_SURFACE_VELOCITY_KM_S = {"P": 3.0, "S": 1.7}
# Strength of scattered waves against the pulse: P's are led by the vertical, S's by the horizontals (Z, N, E).
_CODA_LEVEL = {"P": 0.4, "S": 0.35}
_CODA_COMPONENTS = {"P": (1.0, 0.5, 0.5), "S": (0.6, 1.0, 1.0)}
# Decay time in seconds: a floor, plus a share of the travel time, bounded for distant events.
_CODA_DECAY = {"P": (0.4, 0.55, 10.0), "S": (0.6, 0.25, 25.0)}
_DECAYS_TO_NOTHING = 10  # e**-10 is 87 dB down, below any noise


@dataclass(frozen=True)
class Arrival:
    """One phase at a batch of stations.

    Attributes
    ----------
    wave
        Whose pulse it carries.
    onset
        Whole samples from the start of the trace, shape (B,); may lie outside, NaN where there is no such arrival.
    weight
        Amplitude relative to the pulse, shape (B,).
    """

    wave: Wave
    onset: np.ndarray
    weight: np.ndarray


def coda_decay_s(travel_time_s: np.ndarray, wave: Wave) -> np.ndarray:
    """Time in which the coda falls to 1/e: longer the farther the waves have travelled."""
    floor, share, most = _CODA_DECAY[wave]
    return np.minimum(floor + share * np.asarray(travel_time_s), most)


def polarisation(
    slowness_s_per_km: np.ndarray, back_azimuth_deg: np.ndarray, wave: Wave, shear_angle_rad: np.ndarray | None = None
) -> np.ndarray:
    """Direction of first motion on Z, N, E.

    Parameters
    ----------
    slowness_s_per_km
        Horizontal slowness, shape (B,); with the velocity at the surface it gives the angle of incidence.
    back_azimuth_deg
        From station to source, shape (B,).
    wave
        `P`: along the ray. `S`: across it.
    shear_angle_rad
        For S, the angle of motion between the vertical plane (SV, 0) and the horizontal (SH, pi / 2).

    Returns
    -------
    numpy.ndarray
        Unit vectors, shape (B, 3).
    """
    sine = np.minimum(slowness_s_per_km * _SURFACE_VELOCITY_KM_S[wave], 0.7)
    cosine = np.sqrt(1 - sine**2)
    away = np.radians(back_azimuth_deg + 180)
    if wave == "P":
        vertical, radial, transverse = cosine, sine, np.zeros_like(sine)
    else:
        vertical = -sine * np.cos(shear_angle_rad)
        radial = cosine * np.cos(shear_angle_rad)
        transverse = np.sin(shear_angle_rad)
    north = radial * np.cos(away) - transverse * np.sin(away)
    east = radial * np.sin(away) + transverse * np.cos(away)
    return np.stack([vertical, north, east], axis=1)


def ground_velocity_m_s(
    arrivals: Sequence[Arrival],
    pulses: dict[Wave, np.ndarray],
    directions: dict[Wave, np.ndarray],
    decay_samples: dict[Wave, np.ndarray],
    rng: np.random.Generator,
    npts: int,
) -> tuple[int, np.ndarray]:
    """Ground velocity of a batch from its first onset on.

    Parameters
    ----------
    arrivals
        Phases of all traces.
    pulses
        Pulse of each wave type in m/s, shape (B, L), beginning at its onset.
    directions
        Polarisation of each wave type, shape (B, 3).
    decay_samples
        Decay of each wave type's coda, shape (B,), samples.
    rng
        Source of randomness.
    npts
        Samples of the traces.

    Returns
    -------
    begin
        First sample at which any trace of the batch moves.
    velocity
        Shape (B, 3, N), float32, m/s on Z, N, E, up to where the last coda has died away or the traces end. A trace is
        0 before its own first onset, to the rounding of the Fourier transform.
    """
    begin = min(int(np.nanmin(arrival.onset).clip(0, npts)) for arrival in arrivals)
    died_away = max(np.nanmax(arrival.onset + _DECAYS_TO_NOTHING * decay_samples[arrival.wave]) for arrival in arrivals)
    length = int(np.clip(died_away, begin, npts)) - begin
    # So long that what runs out of the end does not wrap around to before an onset.
    padded = scipy.fft.next_fast_len(length + max(pulse.shape[1] for pulse in pulses.values()), real=True)
    spectrum = None
    for wave, pulse in pulses.items():
        own = [replace(arrival, onset=arrival.onset - begin) for arrival in arrivals if arrival.wave == wave]
        excitation = _coda(own, pulse, decay_samples[wave], rng, length)
        excitation *= np.array(_CODA_COMPONENTS[wave], dtype=np.float32)[:, None]
        for arrival in own:
            _add_direct(excitation, arrival, directions[wave])
        transformed = scipy.fft.rfft(excitation, padded)
        transformed *= scipy.fft.rfft(pulse, padded)[:, None]
        spectrum = transformed if spectrum is None else np.add(spectrum, transformed, out=spectrum)
    return begin, scipy.fft.irfft(spectrum, padded, overwrite_x=True)[..., : min(padded, npts - begin)]


def _coda(
    arrivals: Sequence[Arrival], pulse: np.ndarray, decay_samples: np.ndarray, rng: np.random.Generator, npts: int
) -> np.ndarray:
    """White noise (B, 3, npts) under the sum of the arrivals' envelopes; zero before the first of them."""
    excitation = np.zeros((len(pulse), 3, npts), dtype=np.float32)
    begin = min((int(np.nanmin(arrival.onset).clip(0, npts)) for arrival in arrivals), default=npts)
    if begin == npts:
        return excitation
    sample = np.arange(begin, npts, dtype=np.float32)
    envelope = np.zeros((len(pulse), npts - begin), dtype=np.float32)
    rate = (1 / decay_samples)[:, None].astype(np.float32)
    for arrival in arrivals:
        # Where there is no arrival its onset is put behind the end.
        since = sample - np.nan_to_num(arrival.onset, nan=npts)[:, None].astype(np.float32)
        decayed = np.exp(-rate * np.maximum(since, 0))
        decayed *= np.abs(arrival.weight)[:, None].astype(np.float32)
        decayed *= since >= 0
        envelope += decayed
    # White noise of unit variance filtered by the pulse has a root mean square of the pulse's norm.
    peak, norm = np.abs(pulse).max(axis=1), np.sqrt((pulse**2).sum(axis=1))
    envelope *= (_CODA_LEVEL[arrivals[0].wave] * np.sqrt(12) * peak / norm)[:, None].astype(np.float32)
    white = excitation[..., begin:]
    white[...] = rng.random(white.shape, dtype=np.float32)
    white -= 0.5
    white *= envelope[:, None]
    return excitation


def _add_direct(excitation: np.ndarray, arrival: Arrival, direction: np.ndarray) -> None:
    """Put the arrival's polarised impulse at its onset where that lies inside the trace."""
    inside = np.flatnonzero((arrival.onset >= 0) & (arrival.onset < excitation.shape[2]))
    at = arrival.onset[inside].astype(int)
    excitation[inside, :, at] += (arrival.weight[inside, None] * direction[inside]).astype(np.float32)
