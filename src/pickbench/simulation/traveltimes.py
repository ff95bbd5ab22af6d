"""Travel times of the phases a twin needs, from TauP and the ak135 Earth model.

A ray-by-ray query costs milliseconds, so each phase's whole travel-time curve is taken from TauP at a set of source
depths and tabulated over distance once; simulation then interpolates that table for whole blocks of traces. Hands on
times in seconds, and the slowness at the station, which sets the angle of incidence.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from obspy.taup import TauPyModel
from obspy.taup.seismic_phase import SeismicPhase
from scipy.interpolate import CubicHermiteSpline, RegularGridInterpolator

KM_PER_DEGREE = 111.19492664455873
EARTH_MODEL = "ak135"

# The first arrival of these TauP phases makes one phase of ours. `P` and `S` are the first arrivals whatever their
# path; the crustal branches are tabulated apart, because they stay strong behind a weak Pn or Sn.
TAUP_PHASES: dict[str, tuple[str, ...]] = {
    "P": ("p", "P", "Pdiff"),
    "PKP": ("PKiKP", "PKIKP"),
    "Pg": ("p", "Pg"),
    "pP": ("pP",),
    "PP": ("PP",),
    "S": ("s", "S"),
    "Sg": ("s", "Sg"),
}
CORE_SHADOW_DEG = 114.5  # where diffracted P fades and the wave through the core is the first one seen

# Fine where curves bend and branches cross, coarse where they are smooth: (from, to, step), the last `to` left out.
# The crust's interfaces in ak135 (20 and 35 km) are nodes, since travel time has kinks there.
_DEPTH_STEPS_KM = ((0, 2, 0.5), (2, 23, 1), (23, 53, 2), (53, 200, 7), (200, 780, 25))
_DISTANCE_STEPS_DEG = ((0, 1, 0.01), (1, 8, 0.02), (8, 32, 0.1), (32, 181, 0.5))
_MOHO_KM = 35.0


class TravelTimes:
    """Interpolated travel times for a range of distances and depths.

    Parameters
    ----------
    phases
        Names from `TAUP_PHASES`.
    max_distance_km, max_depth_km
        The table reaches at least this far.
    """

    def __init__(self, phases: Sequence[str], max_distance_km: float, max_depth_km: float):
        distances = _nodes(_DISTANCE_STEPS_DEG, max_distance_km / KM_PER_DEGREE)
        depths = _nodes(_DEPTH_STEPS_KM, max_depth_km)
        table = _table(tuple(phases), len(distances), len(depths))
        self._interpolators = {
            phase: RegularGridInterpolator((depths, distances), times, bounds_error=False)
            for phase, times in table.items()
        }

    def seconds(self, phase: str, distance_km: np.ndarray, depth_km: np.ndarray) -> np.ndarray:
        """Travel time of `phase` in seconds, NaN where the phase does not exist; arrays of one shape."""
        return self._interpolators[phase](
            np.column_stack([np.ravel(depth_km), np.ravel(distance_km) / KM_PER_DEGREE])
        ).reshape(np.shape(distance_km))

    def slowness_s_per_km(self, phase: str, distance_km: np.ndarray, depth_km: np.ndarray) -> np.ndarray:
        """Horizontal slowness at the station: the slope of the travel-time curve over +-1 km, at least 0."""
        near = np.maximum(np.asarray(distance_km) - 1.0, 0.0)
        far = near + 2.0
        slope = (self.seconds(phase, far, depth_km) - self.seconds(phase, near, depth_km)) / (far - near)
        return np.maximum(slope, 0.0)


def _nodes(steps: Sequence[tuple[float, float, float]], reach: float) -> np.ndarray:
    """Nodes of one axis of the table, a few beyond `reach` so that slopes can be taken there."""
    nodes = np.concatenate([np.arange(low, high, step) for low, high, step in steps])
    return nodes[: np.searchsorted(nodes, reach) + 4]


@lru_cache(maxsize=16)
def _table(phases: tuple[str, ...], n_distances: int, n_depths: int) -> dict[str, np.ndarray]:
    """First-arrival times per phase, arrays of (depths, distances), from TauP's travel-time curves."""
    model = TauPyModel(EARTH_MODEL).model
    distances = _nodes(_DISTANCE_STEPS_DEG, np.inf)[:n_distances]
    depths = _nodes(_DEPTH_STEPS_KM, np.inf)[:n_depths]
    table = {phase: np.full((n_depths, n_distances), np.nan) for phase in phases}
    for row, depth_km in enumerate(depths):
        at_depth = model.depth_correct(float(depth_km))
        for phase, times in table.items():
            if phase in ("Pg", "Sg") and depth_km > _MOHO_KM:
                continue
            for name in TAUP_PHASES[phase]:
                times[row] = np.fmin(times[row], _curve(SeismicPhase(name, at_depth), distances))
    return table


def _curve(phase: SeismicPhase, distances_deg: np.ndarray) -> np.ndarray:
    """First arrival of one TauP phase over distance; NaN where no ray arrives."""
    first = np.full(len(distances_deg), np.nan)
    if len(phase.dist) < 2:
        return first
    # A curve runs back and forth at triplications: each run of one direction is a function of distance. Its slope is
    # the ray parameter (Fermat), so a cubic Hermite spline meets TauP between the sampled rays.
    direction = np.sign(np.diff(phase.dist))
    turns = np.flatnonzero(np.diff(direction)) + 1
    for run in np.split(np.arange(len(direction)), turns):
        if direction[run[0]] == 0:
            continue
        points = np.append(run, run[-1] + 1)[:: int(direction[run[0]])]
        spline = CubicHermiteSpline(phase.dist[points], phase.time[points], phase.ray_param[points], extrapolate=False)
        first = np.fmin(first, spline(np.radians(distances_deg)))
    return first
