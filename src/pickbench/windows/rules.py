"""Evaluation windows of a prepared dataset, drawn from its metadata alone.

Task 1 asks whether a 30 s window holds an earthquake; tasks 2 and 3 ask for the phase and the onset time of the
one pick in a 10 s window. This module draws those windows for dev and test (Münchmeyer et al. 2022, doi
10.1029/2021JB023499) and hands on task1.csv and task23.csv, which prediction and metrics read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.errors import InputError
from pickbench.phases import arrivals, check_arrival_columns, unmapped_arrival_columns
from pickbench.protocol import EVALUATED_SPLITS, RATE_HZ
from pickbench.windows.draws import draw, draw_bits, mix, trace_keys
from pickbench.windows.tables import (
    check_windows,
    read_metadata,
    window_table,
    write_table,
)

#: Two picks of one phase this close (samples at 100 Hz) are one arrival in two columns, P and Pg say.
DUPLICATE_SAMPLES = 1.0


@dataclass(frozen=True)
class WindowRules:
    """What an evaluation window has to keep to. Defaults follow the paper where it is right.

    Attributes
    ----------
    detection_s
        Length of a task 1 window.
    phase_s
        Length of a task 2 and 3 window. Only full windows count: a shorter one is an easier question.
    detection_edge_s
        Least time from the first arrival to both ends of its task 1 window, so that there is signal to detect.
    isolation_s
        Least time from a task 2 and 3 window to every other pick, whose onset may be labelled a little late.
    edge_s
        Least time from the pick to both ends of its task 2 and 3 window.
    noise_gap_s
        Least time from the end of a noise window to the first arrival. The paper's windows run right up to it,
        where a label that is late puts signal into the noise.
    noise_before_s_only
        Draw noise before a first arrival that is an S. The paper does; but the P that was not labelled may lie
        there, so the default leaves these windows out.
    at_most
        Most windows of a kind (earthquake, noise; P, S) in a split, a random choice; None keeps all.
    seed
        Draws other windows when it changes.
    """

    detection_s: float = 30.0
    phase_s: float = 10.0
    detection_edge_s: float = 1.0
    isolation_s: float = 0.5
    edge_s: float = 0.5
    noise_gap_s: float = 1.0
    noise_before_s_only: bool = False
    at_most: int | None = None
    seed: int = 42

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_s") and (not np.isfinite(value) or value < 0):
                raise InputError(f"key 'windows.{field.name}' is {value}; it has to be a time of at least 0 s")
        for window, edge in (("detection_s", "detection_edge_s"), ("phase_s", "edge_s")):
            if _samples(getattr(self, window)) <= 2 * _samples(getattr(self, edge)):
                raise InputError(
                    f"key 'windows.{window}' is {getattr(self, window)}; it has to be more than twice {edge}"
                )


def detection_windows(
    metadata: pd.DataFrame, rules: WindowRules, arrival_columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Draw the windows of task 1, which asks whether they hold an earthquake.

    A trace with arrivals gives one earthquake window, any that holds the first arrival at least `detection_edge_s`
    from both ends. A trace without any pick gives one noise window, anywhere. A trace whose first arrival leaves
    room gives one more noise window before it. A trace that is shorter than a window is its own window; else a
    window never leaves the trace. Nothing is drawn from coda.

    A pick outside the trace means that it holds signal without a label: no noise is drawn from such a trace, nor
    from one with a pick in an arrival column that is not mapped.

    Parameters
    ----------
    metadata
        Prepared metadata, picks in samples at 100 Hz; its index is trace_idx. Only dev and test are used.
    rules
        See `WindowRules`.
    arrival_columns
        Arrival column to P or S; None takes `pickbench.phases.DEFAULT_ARRIVAL_COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        trace_name, trace_idx, trace_chunk, [trace_dataset], trace_split, sampling_rate (Hz), start_sample,
        end_sample (past the end), trace_type (earthquake or noise); sorted by trace_idx and start_sample.
    """
    traces = metadata[metadata["split"].isin(EVALUATED_SPLITS)]
    npts = traces["trace_npts"].to_numpy(np.int64)
    first, is_p, unlabelled = _first_arrivals(traces, npts, arrival_columns)
    keys = trace_keys(traces)
    full, edge = _samples(rules.detection_s), _samples(rules.detection_edge_s)
    whole = np.minimum(full, npts)

    # Without an arrival these bounds are NaN, which no comparison admits.
    low = np.maximum(0, np.ceil(first + edge - whole))
    high = np.minimum(npts - whole, np.floor(first - edge))
    event_rows, event_start = draw(low, high, keys, "earthquake", rules.seed)

    empty = np.isnan(first)
    high = np.where(empty, npts - whole, np.floor(first - _samples(rules.noise_gap_s) - full))
    may_be_noise = ~unlabelled & (empty | is_p | rules.noise_before_s_only)
    noise_rows, noise_start = draw(np.zeros(len(npts)), np.where(may_be_noise, high, -1), keys, "noise", rules.seed)

    rows = np.concatenate([event_rows, noise_rows])
    start = np.concatenate([event_start, noise_start])
    kind = np.repeat(["earthquake", "noise"], [len(event_rows), len(noise_rows)])
    return window_table(traces, rows, start, start + whole[rows], {"trace_type": kind})


def phase_windows(
    metadata: pd.DataFrame, rules: WindowRules, arrival_columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Draw the windows of tasks 2 and 3, which ask for the phase and the onset of the one pick in them.

    Every pick gives one window, any full `phase_s` within the trace that holds it at least `edge_s` from both ends
    and stays at least `isolation_s` away from every other pick of the trace. A pick for which there is none gives
    none. Picks of one phase within one sample of each other are one arrival in several columns; the earliest (and
    of equals the first in the order of the mapping) stands for it.

    Parameters
    ----------
    metadata, rules, arrival_columns
        As for `detection_windows`.

    Returns
    -------
    pandas.DataFrame
        The columns of `detection_windows` with phase_label (P or S), full_phase_label (such as Pg) and phase_onset
        (sample of the trace at 100 Hz, may be fractional) instead of trace_type.
    """
    traces = metadata[metadata["split"].isin(EVALUATED_SPLITS)]
    picks = _distinct(arrivals(traces, arrival_columns))
    trace, onset = picks["trace_idx"].to_numpy(), picks["sample"].to_numpy()
    npts = traces["trace_npts"].to_numpy(np.int64)[trace]
    same_trace = trace[1:] == trace[:-1]
    before = np.full(len(picks), -np.inf)
    before[1:][same_trace] = onset[:-1][same_trace]
    after = np.full(len(picks), np.inf)
    after[:-1][same_trace] = onset[1:][same_trace]

    length, edge = _samples(rules.phase_s), _samples(rules.edge_s)
    isolation = _samples(rules.isolation_s)
    low = np.maximum.reduce([np.zeros(len(picks)), np.ceil(onset + edge - length), np.ceil(before + isolation)])
    high = np.minimum.reduce([npts - length, np.floor(onset - edge), np.floor(after - isolation - length)])
    keys = mix(trace_keys(traces)[trace], picks["label"].astype(object).to_numpy())
    chosen, start = draw(low, high, keys, "pick", rules.seed)
    answers = {
        "phase_label": picks["phase"].astype("str").array[chosen],
        "full_phase_label": picks["label"].astype("str").array[chosen],
        "phase_onset": onset[chosen],
    }
    return window_table(traces, trace[chosen], start, start + length, answers)


def thin(windows: pd.DataFrame, kind: str, metadata: pd.DataFrame, rules: WindowRules) -> pd.DataFrame:
    """Keep at most `at_most` windows of each kind in each split, in their order.

    Parameters
    ----------
    windows
        A table of windows.
    kind
        The column that says of which kind a window is.
    metadata
        What the windows were drawn from.
    rules
        See `WindowRules`.
    """
    if rules.at_most is None:
        return windows
    keys = mix(trace_keys(metadata.loc[windows["trace_idx"]]), windows["start_sample"].astype(str).to_numpy(object))
    lot = pd.Series(draw_bits(keys, "kept", rules.seed), index=windows.index)
    rank = lot.groupby([windows["trace_split"], windows[kind]]).rank(method="first")
    return windows[rank <= rules.at_most].reset_index(drop=True)


def write_windows(
    dataset_dir: Path,
    tasks: Sequence[int],
    rules: WindowRules,
    arrival_columns: Mapping[str, str] | None,
    task1_csv: Path | None,
    task23_csv: Path | None,
) -> None:
    """Draw the windows of a prepared dataset for the tasks that it declares and write them.

    Parameters
    ----------
    dataset_dir
        Prepared dataset. Only its metadata is read.
    tasks
        Some of 1, 2, 3. Tasks 2 and 3 share a file.
    rules, arrival_columns
        As for `detection_windows`.
    task1_csv, task23_csv
        Where the windows go; None where the task is not declared.

    Raises
    ------
    InputError
        When a mapped arrival column does not exist, or a declared task has nothing to evaluate in dev or test.
    """
    dataset_dir = Path(dataset_dir)
    metadata = read_metadata(dataset_dir, arrivals=arrival_columns or ())
    check_arrival_columns(metadata.columns, arrival_columns, dataset_dir)
    tables = {}
    for makes, kind, path, group in (
        (detection_windows, "trace_type", task1_csv, (1,)),
        (phase_windows, "phase_label", task23_csv, (2, 3)),
    ):
        declared = [task for task in group if task in tasks]
        if declared:
            tables[path] = thin(makes(metadata, rules, arrival_columns), kind, metadata, rules)
            check_windows(tables[path], declared, f"metadata of {dataset_dir}")
    for path, table in tables.items():
        write_table(table, path)


def _samples(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def _first_arrivals(traces: pd.DataFrame, npts: np.ndarray, mapping: Mapping[str, str] | None):
    """First arrival inside each trace, whether it is a P, and whether the trace has signal that no label marks."""
    picks = arrivals(traces, mapping)
    row, sample = picks["trace_idx"].to_numpy(), picks["sample"].to_numpy()
    inside = (sample >= 0) & (sample < npts[row])
    first = {}
    for phase in ("P", "S"):
        chosen = inside & (picks["phase"] == phase).to_numpy()
        first[phase] = np.full(len(npts), np.nan)
        np.fmin.at(first[phase], row[chosen], sample[chosen])
    unlabelled = traces["trace_picks_outside"].to_numpy() > 0
    unlabelled[row[~inside]] = True
    for column in unmapped_arrival_columns(traces.columns, mapping):
        unlabelled |= np.isfinite(traces[column].to_numpy(np.float64, na_value=np.nan))
    earliest = np.fmin(first["P"], first["S"])
    return earliest, first["P"] == earliest, unlabelled


def _distinct(picks: pd.DataFrame) -> pd.DataFrame:
    """Keep the first of each run of picks of one trace and phase that follow each other within a sample."""
    trace, sample = picks["trace_idx"].to_numpy(), picks["sample"].to_numpy()
    phase = picks["phase"].cat.codes.to_numpy()
    order = np.lexsort((sample, phase, trace))
    close = np.diff(sample[order]) <= DUPLICATE_SAMPLES
    repeated = close & (np.diff(trace[order]) == 0) & (np.diff(phase[order]) == 0)
    keep = np.ones(len(picks), bool)
    keep[order[1:][repeated]] = False
    return picks[keep]
