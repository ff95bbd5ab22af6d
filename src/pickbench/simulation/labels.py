"""Label habits: which arrivals an analyst marks, under which names, how far off, and how the trace is cut around them.

The true onsets always lie on whole samples and are kept beside the labels. Hands on, per trace, where it starts, how
long it is, its onsets and its labels in samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pickbench.simulation.recipe import reach_s

HEAD_WAVE_LIMIT_KM = 1700.0  # beyond it the first P is called P, no longer Pn
_CRUST_KM = 35.0
_BRANCH_GAP_S = 0.05  # branches closer than this are one arrival
_LATE_SPREAD_S = 0.05

# The phases of travel-time tables that come first, and their crustal branches.
FIRST = ("P", "S")
BRANCH = {"P": "Pg", "S": "Sg"}


@dataclass(frozen=True)
class Timing:
    """Where traces begin and end, and what happens in them.

    Attributes
    ----------
    start_s
        Start of the trace, seconds after the origin time; 0 for noise. Shape (B,).
    npts
        Samples of the trace, shape (B,).
    onsets
        True onset of each phase in whole samples from the start (floats, NaN where there is none), shape (B,) each.
    labels
        Labels by column name (`Pg` stands for trace_Pg_arrival_sample) in samples, NaN where not labelled.
    picked
        True onset of the first labelled arrival, in samples; NaN for noise.
    picked_wave
        Its wave type, `P` or `S`.
    """

    start_s: np.ndarray
    npts: np.ndarray
    onsets: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    picked: np.ndarray
    picked_wave: np.ndarray


def phase_wave(phase: str) -> str:
    """Wave type in which a phase arrives, `P` or `S`: that of its last leg."""
    return "S" if phase.rstrip("gn").endswith("S") else "P"


def later_branches(times_s: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Travel times without the crustal branches that are the first arrival themselves; those become NaN."""
    kept = dict(times_s)
    for first, branch in BRANCH.items():
        if branch in kept:
            kept[branch] = np.where(kept[branch] > kept[first] + _BRANCH_GAP_S, kept[branch], np.nan)
    return kept


def first_names(
    times_s: Mapping[str, np.ndarray], distance_km: np.ndarray, depth_km: np.ndarray
) -> dict[str, np.ndarray]:
    """Seismological name of the first P and S of each trace: Pg, Pn or P, and Sg, Sn or S; arrays of str."""
    names = {}
    for first, branch in BRANCH.items():
        crustal = times_s.get(branch, np.full(len(distance_km), np.nan))
        is_direct = crustal <= times_s[first] + _BRANCH_GAP_S
        is_head = ~is_direct & (distance_km < HEAD_WAVE_LIMIT_KM) & (depth_km < _CRUST_KM)
        names[first] = np.where(is_direct, branch, np.where(is_head, f"{first}n", first))
    return names


def draw_labelled(
    labels: Mapping, window: Mapping, times_s: Mapping[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Decide which phases of each trace are labelled.

    Parameters
    ----------
    labels, window
        The recipe's objects.
    times_s
        Travel times by phase, NaN where there is no such phase (all are NaN for noise).
    rng
        Source of randomness.

    Returns
    -------
    dict
        Phase to bool array. Where the recipe draws both P and S but they are farther apart than a trace reaches, the
        trace is the one about S. Where there is no S, it is about P.
    """
    shares = np.array([labels["shares"][key] for key in ("both", "only_p", "only_s")])
    kind = rng.choice(["both", *FIRST], size=len(times_s["P"]), p=shares / shares.sum())
    kind[(kind == "both") & (times_s["S"] - times_s["P"] > _longest_gap_s(window))] = "S"
    kind[np.isnan(times_s["S"])] = "P"
    labelled = {phase: np.isin(kind, ["both", phase]) & ~np.isnan(times_s[phase]) for phase in FIRST}
    for phase, share in labels.get("later", {}).items():
        beside = labelled[phase_wave(phase)]
        labelled[phase] = beside & ~np.isnan(times_s[phase]) & (rng.random(len(beside)) < share)
    return labelled


def draw_errors_s(labels: Mapping, labelled: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict:
    """Label minus truth in seconds: a Laplace distribution for each of P and S, and some late P labels.

    Returns
    -------
    dict
        Phase to float array.
    """
    errors = {}
    for phase, mask in labelled.items():
        errors[phase] = rng.laplace(0.0, labels["error_s"][phase_wave(phase)], len(mask))
    late = labels.get("late")
    if late:
        count = len(errors["P"])
        delay = rng.normal(late["delay_s"], _LATE_SPREAD_S, count)
        errors["P"] += np.where(rng.random(count) < late["share"], delay, 0)
    return errors


def cut(
    recipe: Mapping,
    times_s: Mapping[str, np.ndarray],
    names: Mapping[str, np.ndarray],
    rate_hz: np.ndarray,
    rng: np.random.Generator,
) -> Timing:
    """Cut traces around their labels.

    Parameters
    ----------
    recipe
        The whole recipe; `labels` and `window` are used.
    times_s
        Travel times by phase as `later_branches` gives them.
    names
        Of the first P and S, as `first_names` gives them.
    rate_hz
        Native sampling rate of each trace.
    rng
        Source of randomness.
    """
    labels, window = recipe["labels"], recipe["window"]
    count = len(rate_hz)
    labelled = draw_labelled(labels, window, times_s, rng)
    errors = draw_errors_s(labels, labelled, rng)
    marked_s = np.array([np.where(labelled[phase], times_s[phase] + errors[phase], np.nan) for phase in labelled])
    is_event = ~np.isnan(marked_s).all(axis=0)
    marked_s[:, ~is_event] = 0.0
    anchor = np.nanargmin(marked_s, axis=0)
    first_s, last_s = np.nanmin(marked_s, axis=0), np.nanmax(marked_s, axis=0)

    before = _before_s(window, rng, count) * rate_hz
    # A trace that is cut out of a continuous record begins on the record's clock, up to a sample after the wish.
    before += 0 if window["aligned"] else rng.random(count)
    phases = list(labelled)
    truth_s = np.array([times_s[phase] for phase in phases])[anchor, np.arange(count)]
    error_s = np.array([errors[phase] for phase in phases])[anchor, np.arange(count)]
    picked = np.where(is_event, np.round(before - error_s * rate_hz), np.nan)
    onsets = {phase: picked + np.round((seconds - truth_s) * rate_hz) for phase, seconds in times_s.items()}
    if "length_s" in window:
        npts = np.round(window["length_s"] * rate_hz).astype(int)
    else:
        span_s = window["before_s"]["max"] + window["after_s"]
        npts = np.ceil((span_s + last_s - first_s) * rate_hz).astype(int) + 1
    marked = {phase: onsets[phase] + errors[phase] * rate_hz for phase in phases}
    for nth, phase in enumerate(phases):
        marked[phase] = np.where(anchor == nth, before, marked[phase])
        inside = labelled[phase] & (marked[phase] >= 0) & (marked[phase] <= npts - 1)
        marked[phase] = np.where(inside, np.floor(marked[phase]) if labels["whole_samples"] else marked[phase], np.nan)
    start_s = np.where(is_event, truth_s - picked / rate_hz, 0.0)
    wave = np.array([phase_wave(phase) for phase in phases])[anchor]
    return Timing(start_s, npts, onsets, _columns(labels, marked, names, rng), picked, wave)


def _longest_gap_s(window: Mapping) -> float:
    """Largest distance in time between two labels of one trace."""
    # A trace of free length is cut in two where its picks are farther apart than what it keeps before and after them.
    return reach_s(window) if "length_s" in window else window["before_s"]["min"] + window["after_s"]


def _before_s(window: Mapping, rng: np.random.Generator, count: int) -> np.ndarray:
    """Seconds from the start of the trace to its first label."""
    low, high = window["before_s"]["min"], window["before_s"]["max"]
    step = window["before_s"].get("step_s")
    if step:
        return rng.choice(np.arange(low, high + step / 2, step), size=count)
    return rng.uniform(low, high, count) if high > low else np.full(count, float(low))


def _columns(
    labels: Mapping, marked: Mapping[str, np.ndarray], names: Mapping[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Labels by the names of their columns, those of `labels.names` in its order."""
    columns = {column: np.full(len(names["P"]), np.nan) for column in labels["names"].values()}
    for phase, samples in marked.items():
        called = names.get(phase, np.full(len(samples), phase))
        plain = rng.random(len(samples)) < labels.get("plain", {}).get(phase, 0)
        called = np.where(plain, phase, called)
        for name in np.unique(called[~np.isnan(samples)]):
            column = columns[labels["names"][name]]
            np.copyto(column, samples, where=(called == name) & ~np.isnan(samples))
    return columns
