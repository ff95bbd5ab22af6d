"""Metrics of onset times: the residuals of the picks in seconds, their spread, their outliers and a Laplace fit.

A residual is (pick - labelled onset) / sampling rate, so a late pick is positive. Every window counts, whatever the
height of the picker's curve: no detection threshold (paper, section 2.7).
"""

import numpy as np
import pandas as pd
from scipy import stats

from pickbench import statistics
from pickbench.errors import InputError
from pickbench.metrics.registry import ANSWERS, metrics_of
from pickbench.statistics import Interval

# Beyond this a pick is an outlier; half the axis of the residual figures too (paper's figures, facts of its code).
RESIDUAL_LIMIT_S = {"local": 0.45, "regional": 0.45, "teleseismic": 1.5}


def residual_limit_s(target_region: str, source_region: str | None = None) -> float:
    """Give the residual (s) beyond which a pick is an outlier.

    Parameters
    ----------
    target_region, source_region
        local, regional or teleseismic. Published weights whose source has no region leave it out.

    Returns
    -------
    float
        The target's limit; across domains the wider of the two, so 0.45 s only where neither is teleseismic.
    """
    regions = [target_region] if source_region is None else [target_region, source_region]
    for region in regions:
        if region not in RESIDUAL_LIMIT_S:
            raise InputError(f"region {region!r} is none of {', '.join(RESIDUAL_LIMIT_S)}")
    return max(RESIDUAL_LIMIT_S[region] for region in regions)


def residuals_s(predictions: pd.DataFrame, phase: str) -> np.ndarray:
    """Compute the residuals of one phase.

    Parameters
    ----------
    predictions
        Rows of a task 2/3 prediction file, picks and onsets in samples of the trace at `sampling_rate`.
    phase
        "P" or "S".

    Returns
    -------
    np.ndarray
        (n,) float64 seconds, in the order of the rows; NaN where there is no pick.
    """
    column = next(answer.column for answer in ANSWERS.values() if answer.task == 3 and answer.phase == phase)
    rows = (predictions["phase_label"] == phase).to_numpy(bool)
    pick, onset, rate_hz = (
        predictions[name].to_numpy(np.float64)[rows] for name in (column, "phase_onset", "sampling_rate")
    )
    return (pick - onset) / rate_hz


def rmse_s(residuals: np.ndarray) -> float:
    """Root mean square of (n,) residuals in seconds; NaN for none."""
    return float(np.sqrt(np.mean(np.square(residuals)))) if len(residuals) else float("nan")


def laplace_fit(residuals: np.ndarray) -> tuple[float, float]:
    """Fit a Laplace distribution by maximum likelihood: location and scale in seconds, NaN for no residuals."""
    if len(residuals) == 0:
        return float("nan"), float("nan")
    location, scale = stats.laplace.fit(residuals)
    return float(location), float(scale)


def residual_metrics(residuals: np.ndarray, limit_s: float) -> dict[str, tuple[float, Interval]]:
    """Compute the task 3 metrics of (n,) finite residuals, each with its confidence interval.

    The standard deviation is that of the sample itself (divided by n), so that rmse^2 = mean^2 + std^2. The
    location of the Laplace fit is the median and its scale a mean absolute deviation; their intervals assume no
    Laplace shape, and have the textbook width of scale / sqrt(n) where it holds.

    Parameters
    ----------
    residuals
        Seconds.
    limit_s
        Beyond which a pick is an outlier.
    """
    n = len(residuals)
    if n == 0:
        return {metric.name: (float("nan"), statistics.UNKNOWN) for metric in metrics_of(3)}
    mean, (location, scale) = float(np.mean(residuals)), laplace_fit(residuals)
    # One residual has no spread: 0 would look like a perfect one.
    spread, scale = (float(np.std(residuals)), scale) if n > 1 else (float("nan"), float("nan"))
    outliers = int((np.abs(residuals) > limit_s).sum())
    median_interval = statistics.median_interval(residuals)
    return {
        "mean_s": (mean, statistics.mean_interval(residuals)),
        "median_s": (float(np.median(residuals)), median_interval),
        "std_s": (spread, statistics.rms_interval(residuals - mean)),
        "rmse_s": (rmse_s(residuals), statistics.rms_interval(residuals)),
        "mae_s": (float(np.mean(np.abs(residuals))), statistics.absolute_mean_interval(residuals)),
        "outlier_share": (outliers / n, statistics.wilson_interval(outliers, n)),
        "laplace_loc_s": (location, median_interval),
        "laplace_scale_s": (scale, statistics.absolute_mean_interval(residuals - location)),
    }
