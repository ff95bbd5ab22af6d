"""Who records what: a fixed network of stations, and events whose recordings follow given distances and magnitudes.

Ranges come as quantiles of the real dataset. Hands on a table with one row a trace, noise recordings among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from obspy.geodetics import locations2degrees
from scipy.special import ndtr, ndtri

from pickbench.errors import InputError
from pickbench.simulation.recipe import QUANTILES
from pickbench.simulation.traveltimes import KM_PER_DEGREE

_MAGNITUDE_DISTANCE_CORRELATION = 0.9  # of an event's magnitude with its farthest recording, in Gaussian scores
_OF_EVENTS = ["source_latitude_deg", "source_longitude_deg", "depth_km", "magnitude", "distance_km", "back_azimuth_deg"]


@dataclass(frozen=True)
class Network:
    """Stations of a twin; every array has one value a station."""

    code: str
    latitude_deg: np.ndarray
    longitude_deg: np.ndarray
    sampling_rate_hz: np.ndarray
    sensor_corner_hz: np.ndarray
    site_attenuation_s: np.ndarray
    sensitivity: np.ndarray

    def __len__(self) -> int:
        return len(self.latitude_deg)


def draw_quantiles(quantiles: Mapping[str, float], probability: np.ndarray, *, log: bool = False) -> np.ndarray:
    """Inverse of the cumulative distribution that runs straight between the given quantiles.

    Parameters
    ----------
    quantiles
        Some of `QUANTILES` by name, `min` and `max` among them.
    probability
        Uniform draws in [0, 1), any shape.
    log
        Run straight in log(1 + value) instead, as suits distances that span orders of magnitude.
    """
    names = [name for name in QUANTILES if name in quantiles]
    values = np.array([quantiles[name] for name in names], dtype=float)
    levels = [QUANTILES[name] for name in names]
    if log:
        return np.expm1(np.interp(probability, levels, np.log1p(values)))
    return np.interp(probability, levels, values)


def draw_network(recipe: Mapping, rng: np.random.Generator) -> Network:
    """Draw stations evenly over a spherical cap, with their sampling rates, sensors and site attenuation.

    Parameters
    ----------
    recipe
        The recipe's `network` object.
    rng
        Source of randomness.
    """
    count = recipe["stations"]
    # Even over a cap means even in the cosine of the angle from its centre; half the circumference is the globe.
    cap = np.cos(np.minimum(np.radians(recipe["radius_km"] / KM_PER_DEGREE), np.pi))
    angle_km = np.degrees(np.arccos(rng.uniform(cap, 1.0, count))) * KM_PER_DEGREE
    latitude, longitude = destination(*recipe["centre_deg"], angle_km, rng.uniform(0, 360, count))
    return Network(
        code=recipe["code"],
        latitude_deg=latitude,
        longitude_deg=longitude,
        sampling_rate_hz=_choice(recipe["sampling_rates"], rng, count),
        sensor_corner_hz=_choice(recipe["sensor_corners"], rng, count),
        site_attenuation_s=rng.uniform(0.01, 0.05, count),
        sensitivity=recipe["sensitivity"]["median"] * rng.lognormal(0.0, recipe["sensitivity"]["spread"], count),
    )


def draw_recordings(
    recipe: Mapping, network: Network, rng: np.random.Generator, count: int, first_event: int
) -> pd.DataFrame:
    """Draw `count` traces: recordings of events at stations, and noise.

    Parameters
    ----------
    recipe
        The whole recipe.
    network
        Its stations.
    rng
        Source of randomness.
    count
        Number of traces.
    first_event
        Number of the first event drawn.

    Returns
    -------
    pandas.DataFrame
        One row a trace: event (-1: noise), station (row of `network`), time (of origin, or of the noise),
        source_latitude_deg, source_longitude_deg, depth_km, magnitude, distance_km, back_azimuth_deg and split_draw
        (uniform; one value an event). Rows of one event follow each other, noise lies anywhere between.
    """
    is_noise = rng.random(count) < recipe["noise"]["share"]
    rows = pd.DataFrame(
        {"event": np.full(count, -1), "station": rng.integers(len(network), size=count)},
        index=range(count),
    )
    rows["split_draw"] = rng.random(count)
    begin, end = (np.datetime64(day, "us") for day in recipe["period"])
    rows["time"] = begin + (rng.random(count) * (end - begin).astype(float)).astype("timedelta64[us]")
    rows[_OF_EVENTS] = np.nan
    if is_noise.all():
        return rows
    sizes = _group_sizes(recipe["events"]["traces_per_event"], len(network), rng, int((~is_noise).sum()))
    events = _draw_events(recipe["events"], network, rng, sizes)
    recorded = np.flatnonzero(~is_noise)
    rows.loc[recorded, "event"] = first_event + events["number"]
    rows.loc[recorded, "station"] = events["station"]
    for column in _OF_EVENTS:
        rows.loc[recorded, column] = events[column]
    # One origin time and one draw for the split serve all traces of an event: those of its first row.
    first = recorded[np.searchsorted(events["number"], events["number"])]
    for column in ("time", "split_draw"):
        rows.loc[recorded, column] = rows[column].to_numpy()[first]
    return rows


def destination(
    latitude_deg: np.ndarray, longitude_deg: np.ndarray, distance_km: np.ndarray, azimuth_deg: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of the point at a distance and azimuth on the spherical Earth."""
    latitude, azimuth = np.radians(latitude_deg), np.radians(azimuth_deg)
    angle = np.radians(np.asarray(distance_km) / KM_PER_DEGREE)
    sine = np.sin(latitude) * np.cos(angle) + np.cos(latitude) * np.sin(angle) * np.cos(azimuth)
    east = np.sin(azimuth) * np.sin(angle) * np.cos(latitude)
    longitude = longitude_deg + np.degrees(np.arctan2(east, np.cos(angle) - np.sin(latitude) * sine))
    return np.degrees(np.arcsin(np.clip(sine, -1, 1))), (longitude + 180) % 360 - 180


def azimuth_deg(
    latitude_deg: np.ndarray, longitude_deg: np.ndarray, to_latitude_deg: np.ndarray, to_longitude_deg: np.ndarray
) -> np.ndarray:
    """Azimuth from one point to another on the spherical Earth, in [0, 360)."""
    latitude, to_latitude = np.radians(latitude_deg), np.radians(to_latitude_deg)
    turn = np.radians(np.asarray(to_longitude_deg) - longitude_deg)
    north = np.cos(latitude) * np.sin(to_latitude) - np.sin(latitude) * np.cos(to_latitude) * np.cos(turn)
    return np.degrees(np.arctan2(np.sin(turn) * np.cos(to_latitude), north)) % 360


def _choice(options: list[dict], rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw `hz` of the options by their shares."""
    shares = np.array([option["share"] for option in options])
    return rng.choice([float(option["hz"]) for option in options], size=count, p=shares / shares.sum())


def _group_sizes(mean: float, stations: int, rng: np.random.Generator, total: int) -> np.ndarray:
    """Numbers of recordings per event, at least 1 and Poisson above, that sum to `total`."""
    sizes = np.minimum(1 + rng.poisson(mean - 1, total), stations // 2)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), total) + 1]
    sizes[-1] -= sizes.sum() - total
    return sizes


def _draw_events(recipe: Mapping, network: Network, rng: np.random.Generator, sizes: np.ndarray) -> dict:
    """Events and the stations that record them, one value a recording, rows of an event together."""
    events, most = len(sizes), sizes.max()
    probability = rng.random((events, most))
    unused = np.arange(most) >= sizes[:, None]
    wanted_km = draw_quantiles(recipe["distance_km"], probability, log=True)
    wanted_km[unused] = np.inf
    wanted_km.sort(axis=1)
    farthest = np.where(unused, 0, probability).max(axis=1)
    # The epicentre lies at its smallest distance from one station. Stations are sparse close by and many far away, so
    # the larger distances find a station that fits.
    home = rng.integers(len(network), size=events)
    latitude, longitude = destination(
        network.latitude_deg[home], network.longitude_deg[home], wanted_km[:, 0], rng.uniform(0, 360, events)
    )
    distance_km = KM_PER_DEGREE * locations2degrees(
        latitude[:, None], longitude[:, None], network.latitude_deg[None], network.longitude_deg[None]
    )
    station = _nearest_in_distance(distance_km, wanted_km, home, recipe["distance_km"]["max"])
    number, nth = np.nonzero(np.arange(most) < sizes[:, None])
    station = station[number, nth]
    return {
        "number": number,
        "station": station,
        "source_latitude_deg": latitude[number],
        "source_longitude_deg": longitude[number],
        "depth_km": draw_quantiles(recipe["depth_km"], rng.random(events))[number],
        "magnitude": draw_quantiles(recipe["magnitude"], _linked(farthest**sizes, rng)).round(2)[number],
        "distance_km": distance_km[number, station],
        "back_azimuth_deg": azimuth_deg(
            network.latitude_deg[station], network.longitude_deg[station], latitude[number], longitude[number]
        ),
    }


def _linked(probability: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uniform draws that are correlated with given ones: only strong events are recorded far away."""
    score = _MAGNITUDE_DISTANCE_CORRELATION * ndtri(np.clip(probability, 1e-9, 1 - 1e-9))
    score += np.sqrt(1 - _MAGNITUDE_DISTANCE_CORRELATION**2) * rng.standard_normal(len(probability))
    return ndtr(score)


def _nearest_in_distance(distance_km: np.ndarray, wanted_km: np.ndarray, home: np.ndarray, max_km: float) -> np.ndarray:
    """Give each wanted distance (events, n) the free station (events, stations) that comes closest, `home` first."""
    events = np.arange(len(home))
    station = np.zeros(wanted_km.shape, dtype=int)
    station[:, 0] = home
    free = distance_km <= max_km
    free[events, home] = False
    reach, wish = np.log1p(distance_km), np.log1p(wanted_km)
    for nth in range(1, wanted_km.shape[1]):
        wanted = np.isfinite(wish[:, nth])
        misfit = np.where(free, np.abs(reach - np.where(wanted, wish[:, nth], 0.0)[:, None]), np.inf)
        station[:, nth] = misfit.argmin(axis=1)
        if np.isinf(misfit.min(axis=1)[wanted]).any():
            raise InputError(
                f"network: an event has fewer than {nth + 1} stations within {max_km:g} km; "
                "more stations or a smaller radius_km would be right"
            )
        free[events, station[:, nth]] = False
    return station
