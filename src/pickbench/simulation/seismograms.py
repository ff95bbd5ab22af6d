"""Waveforms of a block of traces: path parameters for all of them, then synthesis in batches of one sampling rate.

Brings sources, wave field and noise together. Hands on finished waveforms in the recorder's unit, and the signal-to-
noise ratio measured on each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.fft

from pickbench.simulation import noise, sources, wavefield
from pickbench.simulation.catalogue import Network, draw_quantiles
from pickbench.simulation.labels import BRANCH, FIRST, Timing, phase_wave
from pickbench.simulation.traveltimes import TravelTimes

# Samples of one component in a batch: enough to amortise the calls, few enough to stay near the processor's caches.
_BATCH_SAMPLES = 250_000
_HEAD_WAVE_WEIGHT = 0.3  # a head wave against the direct wave that follows it
_LATER_WEIGHT = {"pP": -0.6, "PP": 0.5}  # reflection at the surface turns the motion over
_SNR_WINDOW_S = 5.0
_SNR_PERCENTILE = 95


@dataclass(frozen=True)
class Paths:
    """Physics of each trace, arrays of shape (B,) by wave type, and weights by phase."""

    plateau_m_s: dict[str, np.ndarray]
    corner_hz: dict[str, np.ndarray]
    t_star_s: dict[str, np.ndarray]
    direction: dict[str, np.ndarray]
    decay_s: dict[str, np.ndarray]
    weight: dict[str, np.ndarray]
    snr_db: np.ndarray
    noise_level: np.ndarray


def draw_paths(
    recipe: Mapping,
    rows: pd.DataFrame,
    times_s: Mapping[str, np.ndarray],
    table: TravelTimes,
    network: Network,
    rng: np.random.Generator,
) -> Paths:
    """Path and source parameters of a block; those of noise traces are NaN.

    Parameters
    ----------
    recipe
        The whole recipe.
    rows
        As `catalogue.draw_recordings` gives them.
    times_s
        Travel times by phase, of the branches that arrive apart.
    table
        For the slowness.
    network
        The stations.
    rng
        Source of randomness.
    """
    magnitude, distance, depth = (rows[name].to_numpy() for name in ("magnitude", "distance_km", "depth_km"))
    station, count = rows["station"].to_numpy(), len(rows)
    hypocentral_km = np.hypot(distance, depth)
    plateau, corner, t_star, direction, decay = {}, {}, {}, {}, {}
    for wave in FIRST:
        # The radiation pattern and the path's structure scatter amplitude and attenuation about their means.
        plateau[wave] = sources.displacement_plateau_m_s(magnitude, hypocentral_km, wave) * rng.lognormal(0, 0.4, count)
        corner[wave] = sources.corner_frequency_hz(magnitude, wave)
        travel_s = np.where(np.isnan(times_s[wave]), 2 * times_s["P"], times_s[wave])
        path_t_star = sources.attenuation_time_s(travel_s, wave) * rng.lognormal(0, 0.25, count)
        t_star[wave] = path_t_star + network.site_attenuation_s[station]
        slowness = np.nan_to_num(table.slowness_s_per_km(wave, distance, depth))
        shear_angle = rng.uniform(0, 2 * np.pi, count) if wave == "S" else None
        motion = wavefield.polarisation(slowness, rows["back_azimuth_deg"].to_numpy(), wave, shear_angle)
        direction[wave] = motion * rng.choice([-1.0, 1.0], (count, 1))
        decay[wave] = wavefield.coda_decay_s(travel_s, wave) * rng.lognormal(0, 0.25, count)
    levels = recipe["noise"]["level"]
    return Paths(
        plateau,
        corner,
        t_star,
        direction,
        decay,
        _weights(times_s),
        draw_quantiles(recipe["noise"]["snr_db"], rng.random(count)),
        rng.uniform(levels["min"], levels["max"], count),
    )


def batches(rate_hz: np.ndarray, npts: np.ndarray, is_noise: np.ndarray) -> Iterator[np.ndarray]:
    """Row numbers of batches: one sampling rate each, events apart from noise, of similar length."""
    order = np.lexsort((npts, is_noise, rate_hz))
    kind = np.flatnonzero(np.diff(rate_hz[order]) != 0) + 1, np.flatnonzero(np.diff(is_noise[order])) + 1
    for group in np.split(order, np.unique(np.concatenate(kind))):
        size = max(1, _BATCH_SAMPLES // npts[group].max())
        yield from np.split(group, range(size, len(group), size))


def synthesise(
    rows: np.ndarray,
    paths: Paths,
    timing: Timing,
    rate_hz: float,
    sensor_corner_hz: np.ndarray,
    levels: Mapping[str, float],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Ground velocity seen by the sensors, of one batch.

    Parameters
    ----------
    rows
        Row numbers of the batch within the block.
    paths, timing
        Of the block.
    rate_hz
        Sampling rate of the batch.
    sensor_corner_hz
        Of each of the batch's traces.
    levels
        The recipe's `noise.level`, within which noise is scaled to the wanted signal-to-noise ratio.
    rng
        Source of randomness.

    Returns
    -------
    waveforms
        Shape (B, 3, N), float32, m/s on Z, N, E; zero beyond each trace's end.
    snr_db
        Shape (B,), measured at the first labelled arrival; NaN for noise.
    """
    npts = timing.npts[rows]
    longest = int(npts.max())
    if np.isnan(timing.picked[rows[0]]):
        waveforms = noise.ambient_velocity_m_s(rng, paths.noise_level[rows], sensor_corner_hz, rate_hz, longest)
        snr_db = np.full(len(rows), np.nan)
    else:
        pulses = _pulses(rows, paths, rate_hz, sensor_corner_hz)
        begin, signal = wavefield.ground_velocity_m_s(
            _arrivals(rows, paths, timing),
            pulses,
            {wave: paths.direction[wave][rows] for wave in FIRST},
            {wave: paths.decay_s[wave][rows] * rate_hz for wave in FIRST},
            rng,
            longest,
        )
        wanted_rms = _peak(rows, paths, timing, pulses) / 10 ** (paths.snr_db[rows] / 20)
        level = noise.level_for_rms(wanted_rms, sensor_corner_hz, rate_hz).clip(levels["min"], levels["max"])
        waveforms = noise.ambient_velocity_m_s(rng, level, sensor_corner_hz, rate_hz, longest)
        waveforms[..., begin : begin + signal.shape[2]] += signal
        snr_db = measure_snr_db(waveforms, timing.picked[rows], timing.picked_wave[rows], rate_hz)
    if npts.min() < longest:
        waveforms *= (np.arange(longest) < npts[:, None])[:, None]
    return waveforms, snr_db


def measure_snr_db(waveforms: np.ndarray, onset: np.ndarray, wave: np.ndarray, sampling_rate_hz: float) -> np.ndarray:
    """Signal-to-noise ratio as STEAD has it (Mousavi et al., 2019, doi 10.1109/ACCESS.2019.2947848).

    Parameters
    ----------
    waveforms
        Shape (B, 3, N), components Z, N, E.
    onset
        Samples, shape (B,).
    wave
        `P` (measured on Z) or `S` (on N), shape (B,).
    sampling_rate_hz
        Of the waveforms.

    Returns
    -------
    numpy.ndarray
        20 log10 of the ratio of the 95 % quantiles of absolute amplitude, 5 s after and up to 5 s before the onset.
    """
    component = np.where(wave == "P", 0, 1)
    trace = waveforms[np.arange(len(waveforms)), component]
    offset = np.arange(round(_SNR_WINDOW_S * sampling_rate_hz))
    quantiles = []
    for begin in (onset, onset - len(offset)):
        position = np.clip(begin[:, None].astype(int) + offset, 0, trace.shape[1] - 1)
        values = np.abs(np.take_along_axis(trace, position, axis=1))
        quantiles.append(np.percentile(values, _SNR_PERCENTILE, axis=1))
    return 20 * np.log10(quantiles[0] / quantiles[1])


def _weights(times_s: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Amplitude of each phase relative to its wave type's pulse."""
    weight = {phase: np.full(len(times), _LATER_WEIGHT.get(phase, 1.0)) for phase, times in times_s.items()}
    for first, branch in BRANCH.items():
        if branch in times_s:
            weight[first] = np.where(np.isnan(times_s[branch]), 1.0, _HEAD_WAVE_WEIGHT)
    return weight


def _pulses(rows: np.ndarray, paths: Paths, rate_hz: float, sensor_corner_hz: np.ndarray) -> dict[str, np.ndarray]:
    """P and S pulses of a batch, of one length, through the sensors."""
    duration_s = max(sources.pulse_duration_s(paths.corner_hz[w][rows], paths.t_star_s[w][rows]) for w in FIRST)
    npts = scipy.fft.next_fast_len(int(np.ceil(duration_s * rate_hz)), real=True)
    pulses = {}
    for wave in FIRST:
        pulse = sources.velocity_pulses_m_s(
            paths.plateau_m_s[wave][rows], paths.corner_hz[wave][rows], paths.t_star_s[wave][rows], rate_hz, npts
        )
        pulses[wave] = sources.highpass(pulse, sensor_corner_hz, rate_hz)
    return pulses


def _arrivals(rows: np.ndarray, paths: Paths, timing: Timing) -> list[wavefield.Arrival]:
    """Arrivals of a batch that any of its traces has."""
    found = []
    for phase, onsets in timing.onsets.items():
        onset = onsets[rows]
        if not np.isnan(onset).all():
            found.append(wavefield.Arrival(phase_wave(phase), onset, paths.weight[phase][rows]))
    return found


def _peak(rows: np.ndarray, paths: Paths, timing: Timing, pulses: Mapping[str, np.ndarray]) -> np.ndarray:
    """Peak velocity (m/s) of the first labelled arrival on its strongest component."""
    peaks = {
        wave: np.abs(pulses[wave]).max(axis=1)
        * np.abs(paths.weight[wave][rows])
        * np.abs(paths.direction[wave][rows]).max(axis=1)
        for wave in FIRST
    }
    return np.where(timing.picked_wave[rows] == "P", peaks["P"], peaks["S"])
