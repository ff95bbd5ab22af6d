"""Which windows are shown: chosen by rule from the models' residuals, so that nobody can be suspected of a choice.

For each phase there are three.

`median`
    The window that is as hard as windows are: the median over models of its absolute residuals is the median of that
    over all windows, of an even number the lower of the two in the middle.
`worst`
    The window whose median absolute residual over models is largest. A median, since a single model that loses a window
    says more about that model.
`label outlier`
    The window where models speak against the label: they agree with each other and not with it. Of the models that
    pick there three quarters, and at least two, have picks of which none is further from another than an outlier may
    be from its label, while each of them is an outlier by the label. Of such windows it is the one where the
    median of these picks is furthest from the label. The limit of an outlier is the one of the metrics, so that no
    number is made up here; that most models have to agree keeps out windows where all are lost, each in its own way.
    Models that are lost also meet at the edge of a window, where a curve that falls from outside is highest: a median
    within half a second of an edge, where labels do not lie by default either, does not count. Whether the models or
    the label are right is for the reader to see.

A model that did not pick a window has no say in it; of equal windows the first one is taken. A window that several
rules choose is shown once.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.errors import InputError
from pickbench.metrics.cells import read_columns
from pickbench.metrics.registry import ANSWERS

MEDIAN, WORST, LABEL_OUTLIER = RULES = ("median", "worst", "label outlier")
LEAST_MODELS, AGREEING, EDGE_S = 2, 0.75, 0.5
#: What tells a window from all others.
WINDOW = ["trace_name", "trace_chunk", "trace_idx", "start_sample", "end_sample", "phase_label", "phase_onset"]
ONSETS = {answer.phase: answer.column for answer in ANSWERS.values() if answer.task == 3}


def choose(residuals: np.ndarray, edges_s: np.ndarray, limit_s: float) -> dict[int, list[str]]:
    """Choose windows by rule.

    Parameters
    ----------
    residuals
        (windows, models) seconds; not finite where a model has no pick.
    edges_s
        (windows, 2) begin and end of each window, seconds from its label.
    limit_s
        Beyond which a pick is an outlier.

    Returns
    -------
    dict
        Row -> the rules that choose it, in their order; empty where nothing was picked. There may be no label outlier.
    """
    residuals = np.where(np.isfinite(residuals), residuals, np.nan)
    rows = np.flatnonzero(np.isfinite(residuals).any(axis=1))
    if not len(rows):
        return {}
    residuals, edges_s = residuals[rows], edges_s[rows]
    error = median_error(residuals)
    found = {MEDIAN: (error == np.sort(error)[(len(error) - 1) // 2]).argmax(), WORST: error.argmax()}
    agreed = np.array([agreement(of_window, limit_s) for of_window in residuals])
    suspect = (agreed >= edges_s[:, 0] + EDGE_S) & (agreed <= edges_s[:, 1] - EDGE_S)
    if suspect.any():
        found[LABEL_OUTLIER] = np.where(suspect, np.abs(agreed), 0).argmax()
    chosen: dict[int, list[str]] = {}
    for rule, row in found.items():
        chosen.setdefault(int(rows[row]), []).append(rule)
    return chosen


def median_error(residuals: np.ndarray) -> np.ndarray:
    """Median over models of absolute residuals, (windows,) of (windows, models), each window with a pick."""
    return np.nanmedian(np.abs(residuals), axis=-1)


def agreement(residuals: np.ndarray, limit_s: float) -> float:
    """Where most models agree with each other and not with the label.

    Parameters
    ----------
    residuals
        (models,) seconds of one window; NaN where a model has no pick.
    limit_s
        Beyond which a pick is an outlier.

    Returns
    -------
    float
        The median of `AGREEING` of the picks, and no fewer than `LEAST_MODELS`, that are within the limit of each other
        and all beyond it on one side of the label, in seconds from the label; of several such groups the narrowest.
        NaN where there is none.
    """
    picks = np.sort(residuals[np.isfinite(residuals)])
    most = max(math.ceil(AGREEING * len(picks)), LEAST_MODELS)
    if len(picks) < most:
        return math.nan
    first, last = picks[: len(picks) - most + 1], picks[most - 1 :]
    agree = (last - first <= limit_s) & ((first > limit_s) | (last < -limit_s))
    narrowest = np.where(agree, last - first, np.inf).argmin()
    return float(np.median(picks[narrowest:][:most])) if agree.any() else math.nan


def read_windows_and_picks(files: Sequence[str | Path]) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Read what models picked in the same windows.

    Parameters
    ----------
    files
        Task 2/3 prediction files of one dataset and split, one a model.

    Returns
    -------
    windows : DataFrame
        `WINDOW` and sampling_rate.
    picks : dict
        Of P and S: (windows, models) in samples of the trace, NaN where there is none.

    Raises
    ------
    InputError
        When a file cannot be read, or is of other windows than the first.
    """
    windows, picks = None, {phase: [] for phase in ONSETS}
    for file in files:
        table = read_columns(file, [*WINDOW, "sampling_rate", *ONSETS.values()])
        here = table[[*WINDOW, "sampling_rate"]].reset_index(drop=True)
        if windows is None:
            windows = here
        elif not windows.equals(here):
            raise InputError(f"{file}: its windows are not those of {files[0]}; delete both to have them made again")
        for phase, column in ONSETS.items():
            picks[phase].append(table[column].to_numpy(np.float64))
    return windows, {phase: np.stack(columns, axis=1) for phase, columns in picks.items()}


def choose_examples(
    windows: pd.DataFrame, picks: dict[str, np.ndarray], limit_s: float
) -> tuple[pd.DataFrame, np.ndarray]:
    """Choose the examples of a dataset.

    Parameters
    ----------
    windows, picks
        What `read_windows_and_picks` gave.
    limit_s
        Beyond which a pick is an outlier.

    Returns
    -------
    examples : DataFrame
        One row an example, P before S: phase, rule (several are joined by commas), median_error_s (over models), and
        the columns of the window.
    picks : ndarray
        (examples, models) picks of the example's phase in samples of the trace.
    """
    parts, chosen_picks = [], []
    for phase, found in picks.items():
        rows = np.flatnonzero(windows["phase_label"] == phase)
        of_phase, found = windows.iloc[rows], found[rows]
        names = ("phase_onset", "sampling_rate", "start_sample", "end_sample")
        onset, rate_hz, start, end = (of_phase[name].to_numpy(np.float64)[:, None] for name in names)
        residuals = (found - onset) / rate_hz
        chosen = choose(residuals, (np.hstack([start, end]) - onset) / rate_hz, limit_s)
        at = list(chosen)
        first = {"phase": phase, "rule": [", ".join(rules) for rules in chosen.values()]}
        parts.append(of_phase.iloc[at].assign(**first, median_error_s=median_error(residuals[at]) if at else []))
        chosen_picks.append(found[at])
    return pd.concat(parts, ignore_index=True), np.concatenate(chosen_picks)


def missing(examples: pd.DataFrame) -> list[str]:
    """Say which examples there are not, and why, a sentence each; `examples` has phase and rule."""
    rules = {phase: ", ".join(examples.loc[examples["phase"] == phase, "rule"]).split(", ") for phase in ONSETS}
    none = [phase for phase, found in rules.items() if found == [""]]
    no_outlier = [phase for phase, found in rules.items() if phase not in none and LABEL_OUTLIER not in found]
    lines = [f"No example of {' or '.join(none)}: no model has picked one."] if none else []
    if no_outlier:
        about = f"No {LABEL_OUTLIER} of {' or '.join(no_outlier)}"
        lines.append(f"{about}: nowhere do most models agree with each other and not with the label.")
    return lines
