"""Bayesian search for the parameters of least error, by scikit-optimize's Gaussian processes.

Which point comes next follows from the seed and the points so far alone: it is asked of an optimiser that has been
told just these. A search that was killed therefore goes on from its file of points to the very end it would have had,
without repeating any of its fits, which take longer than the picking.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
from skopt import Optimizer
from skopt.space import Real, Space
from skopt.utils import cook_estimator, normalize_dimensions
from threadpoolctl import threadpool_limits

from pickbench.files import digest, read_json, write_json

log = logging.getLogger(__name__)

# Of the acquisition function, the lower confidence bound: the published search's.
KAPPA = 2.576
# Samples of the space from which the best are followed downhill; scikit-optimize's 10,000 take most of the time.
SAMPLES = 1000


def search(
    error: Callable[[list[float]], float],
    bounds: Sequence[tuple[float, float]],
    probes: Sequence[Sequence[float]],
    initial_points: int,
    points: int,
    seed: int,
    kept: Path,
    began: float | None = None,
) -> list[dict]:
    """Evaluate the probes, random points, and points of which a Gaussian process expects the most.

    Parameters
    ----------
    error
        What is to be least, of a point.
    bounds
        Least and largest value of each parameter.
    probes
        Points to begin with.
    initial_points, points
        Numbers of random and of chosen points.
    seed
        Of all that is drawn.
    kept
        JSON file that holds every evaluated point; the search goes on from there.
    began
        When this start of the search began, by `time.perf_counter`, if it was before the call.

    Returns
    -------
    list of dict
        Every point in its order: `point`, its `error`, and the `seconds` since the one before it was done, or since the
        search began or went on: the sum is the time of the whole search, but for points that were cut off.
    """
    last = time.perf_counter() if began is None else began
    done = _read(kept)
    total = len(probes) + initial_points + points
    for number in range(len(done), total):
        point = next_point(done, bounds, probes, initial_points, seed)
        value = float(error(point))
        now = time.perf_counter()
        done.append({"point": point, "error": value, "seconds": now - last})
        write_json(kept, {"points": done, "sha256": digest(done)})
        best = min(entry["error"] for entry in done)
        left = timedelta(seconds=round((now - last) * (total - number - 1)))
        last = now
        log.info("point %d/%d  error %.4f  best %.4f  %s left at this pace", number + 1, total, value, best, left)
    return done


def next_point(
    done: Sequence[dict],
    bounds: Sequence[tuple[float, float]],
    probes: Sequence[Sequence[float]],
    initial_points: int,
    seed: int,
) -> list[float]:
    """Choose a point from the seed and the points so far.

    Parameters
    ----------
    done
        The points so far, as `search` gives them.
    bounds, probes, initial_points, seed
        As of `search`.

    Returns
    -------
    list of float
        The point, within the bounds.
    """
    number = len(done)
    if number < len(probes):
        return [float(value) for value in probes[number]]
    low, high = np.array(bounds, dtype=float).T
    if number < len(probes) + initial_points or not done:
        return np.random.default_rng([seed, number]).uniform(low, high).tolist()
    state = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    space = Space(normalize_dimensions([Real(*limits) for limits in bounds]))
    # One start of the likelihood's maximum instead of three, and one acquisition function instead of three.
    process = cook_estimator("GP", space=space, random_state=state, n_restarts_optimizer=0)
    optimizer = Optimizer(
        space,
        process,
        n_initial_points=0,
        acq_func="LCB",
        acq_func_kwargs={"kappa": KAPPA},
        acq_optimizer_kwargs={"n_points": SAMPLES},
        random_state=state,
    )
    # More threads are no faster on matrices of this size, and would round differently.
    with threadpool_limits(1):
        optimizer.tell([entry["point"] for entry in done], [entry["error"] for entry in done])
        chosen = optimizer.ask()
    # The way from the unit cube and back may end a rounding error beyond the bounds.
    return np.clip(np.array(chosen, dtype=float), low, high).tolist()


def _read(kept: Path) -> list[dict]:
    """The points of an earlier start of the same search; none if the file is missing or damaged."""
    if not kept.exists():
        return []
    try:
        content = read_json(kept)
        done = content["points"]
        if content["sha256"] != digest(done):
            raise ValueError("its checksum is not the one in it")
    except (ValueError, TypeError, KeyError) as error:
        log.warning("%s cannot be read (%s): the search starts again", kept, error)
        return []
    log.info("going on after %d points", len(done))
    return done
