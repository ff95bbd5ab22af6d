"""Published evaluation windows in the place of ours, so that results can be held against published ones.

The benchmark's authors published the windows they evaluated (task1.csv and task23.csv). They name a trace as the raw
dataset does, and their trace_idx counts within dev and test together; ours are rows of the prepared dataset. This
module finds the prepared trace of each published window, brings its samples to 100 Hz, and hands on task1.csv and
task23.csv like ours, with a count of what had to be left out.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.errors import InputError
from pickbench.files import read_json, write_json
from pickbench.protocol import EVALUATED_SPLITS, RATE_HZ, TASK_FILES
from pickbench.strictly import strictly
from pickbench.windows.tables import (
    IDENTITY,
    LABELS,
    NUMBERS,
    check_windows,
    read_metadata,
    window_table,
    write_table,
)

_ALLOWED = {
    "trace_split": ("train", *EVALUATED_SPLITS),
    "trace_type": ("earthquake", "noise"),
    "phase_label": ("P", "S"),
}

# Of any number: a sample, or a rate.
LARGEST = 1_000_000_000

# A published column and ours that tell traces of one name apart, as INSTANCE's events and noise.
_QUALIFIERS = {"trace_dataset": "trace_raw_dataset", "trace_chunk": "trace_raw_chunk"}


def adopt(
    published: Path,
    dataset_dir: Path,
    tasks: Sequence[int],
    task1_csv: Path | None,
    task23_csv: Path | None,
) -> None:
    """Write published windows as windows of a prepared dataset, each file with a report {file}_report.json beside it.

    Parameters
    ----------
    published
        Folder with task1.csv and task23.csv, as far as the tasks need them. Columns as in ours, but trace_name is the
        raw name, trace_chunk and trace_dataset (raw, too) are needed only where names repeat, trace_idx is ignored,
        and samples are at the rate that `sampling_rate` says.
    dataset_dir
        Prepared dataset; its dropped.json, if there is one, tells which traces are known to be gone.
    tasks
        Some of 1, 2, 3.
    task1_csv, task23_csv
        Where the windows go; None where the task is not declared.

    Raises
    ------
    InputError
        Naming file, line and value: a missing file or column, an unknown label, a trace that is unknown, ambiguous or
        in another split, a window that is empty, leaves its trace or misses its onset, or a task without windows.
    """
    published, dataset_dir = Path(published), Path(dataset_dir)
    traces = read_metadata(dataset_dir, splits=_ALLOWED["trace_split"])
    known = _known_traces(dataset_dir, traces)
    adopted = {}
    for name, path in (("task1", task1_csv), ("task23", task23_csv)):
        declared = [task for task in TASK_FILES[name] if task in tasks]
        if declared:
            source = published / f"{name}.csv"
            adopted[path] = table, _ = _adopt_file(source, traces, known)
            check_windows(table, declared, source)
    for path, (table, report) in adopted.items():
        write_table(table, path)
        write_json(path.with_name(f"{path.stem}_report.json"), report)


def _known_traces(dataset_dir: Path, traces: pd.DataFrame) -> pd.DataFrame:
    """Every trace that the raw dataset had: identity, `position` in `traces` (-1 if dropped), `reason` it was dropped.

    A dropped trace counts as well: if a noise trace is gone, its windows must not end up on the event of that name.
    Where a dropped trace repeats the full identity of a prepared one, it is the prepared one that is meant.
    """
    path = dataset_dir / "dropped.json"
    names = read_json(path).get("names", {}) if path.exists() else {}
    gone = [(*identity, -1, reason) for reason, group in names.items() for identity in group]
    prepared = traces[list(IDENTITY)].assign(position=np.arange(len(traces)), reason="")
    known = pd.concat([prepared, pd.DataFrame(gone, columns=prepared.columns)], ignore_index=True)
    return known.drop_duplicates(list(IDENTITY), ignore_index=True)


def _adopt_file(path: Path, traces: pd.DataFrame, known: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """Turn one published file into a window table and a count of what became of its rows."""
    rows = read_rows(path)
    again = rows.duplicated([column for column in rows if column != "trace_idx"]).to_numpy()
    repeated, rows = int(again.sum()), rows[~again]
    used = rows[rows["trace_split"].isin(EVALUATED_SPLITS)]
    left_out = {"repeated": repeated, "in train": len(rows) - len(used)}
    found = known.iloc[_find(path, used, known)]
    position = found["position"].to_numpy(np.int64)
    gone = position < 0
    left_out |= {f"dropped: {reason}": int(count) for reason, count in found["reason"][gone].value_counts().items()}
    used, position = used[~gone], position[~gone]

    elsewhere = used["trace_split"].to_numpy() != traces["split"].to_numpy()[position]
    _refuse(path, used, elsewhere, "trace_split", "the split of the dataset has it elsewhere")
    start, end, trimmed = _span(path, used, traces["trace_npts"].to_numpy()[position])
    answers = {column: used[column].to_numpy() for column in LABELS[path.stem]}
    if "phase_onset" in NUMBERS[path.stem]:
        answers["phase_onset"] = used["phase_onset"].to_numpy() * RATE_HZ / used["sampling_rate"].to_numpy()
    table = window_table(traces, position, start, end, answers)
    counts = {"rows_in": len(again), "rows_out": len(table), "trimmed_by_one_sample": trimmed}
    return table, counts | {"left_out": {reason: count for reason, count in left_out.items() if count}}


def read_rows(path: Path) -> pd.DataFrame:
    """Read a published task1.csv or task23.csv and check it row by row, as far as that needs no dataset.

    Raises
    ------
    InputError
        Naming file, line and value.
    """
    numbers, texts = NUMBERS[path.stem], ("trace_name", "trace_split", *LABELS[path.stem])
    if not path.exists():
        raise InputError(f"{path}: missing; published windows for the dataset's `tasks` need it")
    try:
        rows = strictly(pd.read_csv, path, dtype=str, keep_default_na=False, index_col=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as a table: {error}") from error
    missing = [column for column in (*texts, *numbers) if column not in rows]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}")
    for column in numbers:
        values = pd.to_numeric(rows[column], errors="coerce").to_numpy(np.float64)
        _refuse(path, rows, ~np.isfinite(values), column, "it has to be a number")
        rows[column] = values
        _refuse(path, rows, np.abs(values) > LARGEST, column, f"it has to be {LARGEST:,} at most")
    for column in [column for column in _ALLOWED if column in texts]:
        allowed = _ALLOWED[column]
        _refuse(path, rows, ~rows[column].isin(allowed), column, f"it has to be {' or '.join(allowed)}")
    _refuse(path, rows, rows["sampling_rate"] <= 0, "sampling_rate", "it has to be above 0 Hz")
    _refuse(path, rows, rows["start_sample"] >= rows["end_sample"], "start_sample", "the window ends before it starts")
    if "phase_onset" in numbers:
        onset = rows["phase_onset"]
        outside = (onset < rows["start_sample"]) | (onset >= rows["end_sample"])
        _refuse(path, rows, outside, "phase_onset", "it lies outside its window")
    return rows


def _refuse(path: Path, rows: pd.DataFrame, wrong: np.ndarray | pd.Series, column: str, why: str) -> None:
    """Raise an InputError for the first row that is wrong. A row's line in the file is its index + 2."""
    at = np.flatnonzero(wrong)
    if len(at):
        row = rows.iloc[at[0]]
        raise InputError(
            f"{path}, line {row.name + 2}, trace {row['trace_name']}: {column} is {row[column]}; {why}"
            + (f" ({len(at)} such rows)" if len(at) > 1 else "")
        )


def _find(path: Path, rows: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Row in `known` of each published row's trace.

    A name is enough if only one trace had it. Otherwise trace_dataset and trace_chunk have to tell which is meant.
    """
    name = known["trace_raw_name"]
    repeated = name.duplicated(keep=False).to_numpy()
    place = _lookup(name, np.flatnonzero(~repeated), rows["trace_name"])

    qualifiers = {theirs: ours for theirs, ours in _QUALIFIERS.items() if theirs in rows}
    shared = rows["trace_name"].isin(name[repeated]).to_numpy()
    theirs = _qualified(rows[shared], ["trace_name", *qualifiers])
    ours = _qualified(known[repeated], ["trace_raw_name", *qualifiers.values()])
    again = ours.duplicated(keep=False).to_numpy()
    why = "several traces had this name; trace_dataset and trace_chunk have to tell which is meant"
    _refuse(path, rows[shared], theirs.isin(ours[again]), "trace_name", why)
    at = _lookup(ours, np.flatnonzero(~again), theirs)
    place[shared] = np.where(at >= 0, np.flatnonzero(repeated)[at], -1)
    _refuse(path, rows, place < 0, "trace_name", "the dataset has no such raw name, nor did it drop one")
    return place


def _lookup(names: pd.Series, unique: np.ndarray, wanted: pd.Series) -> np.ndarray:
    """Position in `names` of each wanted one, among the positions `unique`; -1 where there is none."""
    if not len(unique):
        return np.full(len(wanted), -1)
    found = pd.Index(names.iloc[unique]).get_indexer(wanted)
    return np.where(found >= 0, unique[found], -1)


def _qualified(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Name, dataset and chunk in one text. SeisBench writes `InstanceNoise` where its folder is `instancenoise`."""
    key = rows[columns[0]].astype(str)
    for column in columns[1:]:
        key = key + "\n" + rows[column].astype(str).str.casefold()
    return key


def _span(path: Path, rows: pd.DataFrame, npts: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Start and end of each window at 100 Hz, and how many had to be cut by a sample.

    Resamplers round the length of a trace up or down, so a window over a whole trace may end a sample after ours.
    """
    factor = RATE_HZ / rows["sampling_rate"].to_numpy()
    start = np.rint(rows["start_sample"].to_numpy() * factor).astype(np.int64)
    end = np.rint(rows["end_sample"].to_numpy() * factor).astype(np.int64)
    cut = np.minimum(end, npts)
    beyond = end > npts + 1
    if beyond.any():
        length = npts[beyond][0]
        _refuse(path, rows, beyond, "end_sample", f"its trace has only {length} samples at 100 Hz")
    _refuse(path, rows, start < 0, "start_sample", "the window begins before its trace")
    _refuse(path, rows, start >= cut, "start_sample", "the window is empty at 100 Hz")
    return start, cut, int((end > npts).sum())
