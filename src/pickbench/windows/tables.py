"""Window tables: the metadata they are made from, the columns they have, the checks before they are used.

This is what our own windows and adopted published ones share. It hands on task1.csv and task23.csv in one form,
whoever drew the windows.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.data import layout
from pickbench.data.checksums import check_table
from pickbench.errors import InputError
from pickbench.files import checked, remedy, replacing
from pickbench.protocol import EVALUATED_SPLITS, RATE_HZ

#: What a trace was called before it was prepared; the same whatever the chunking or the order of the prepared file.
IDENTITY = ("trace_raw_dataset", "trace_raw_chunk", "trace_raw_name")
#: What each windows file says of a window besides where its trace is: numbers, and texts that a picker has to find.
NUMBERS = {"task1": ("sampling_rate", "start_sample", "end_sample")}
NUMBERS["task23"] = (*NUMBERS["task1"], "phase_onset")
LABELS = {"task1": ("trace_type",), "task23": ("phase_label", "full_phase_label")}

_TEXT = (*IDENTITY, "trace_name", "split")
_COUNTS = ("trace_npts", "trace_picks_outside")
_ARRIVAL = re.compile(r"trace_.+_arrival_sample")
_ROWS_AT_ONCE = 200_000


def read_metadata(
    dataset_dir: Path, arrivals: Collection[str] | None = None, splits: Collection[str] = EVALUATED_SPLITS
) -> pd.DataFrame:
    """Read what windows need from the metadata of a prepared dataset, in bounded pieces.

    Parameters
    ----------
    dataset_dir
        Prepared and split dataset. Its waveforms have to be there, but are not opened.
    arrivals
        Columns with picks besides those named `trace_*_arrival_sample`; None reads no column with picks at all.
    splits
        The splits whose rows are kept.

    Returns
    -------
    pandas.DataFrame
        One row a trace: identity, `trace_name`, `trace_chunk`, `split`, `trace_npts`, `trace_picks_outside` and the
        picks in samples at 100 Hz. The index is trace_idx, the row number over all splits and chunks.

    Raises
    ------
    InputError
        When a file or column is missing or unreadable, or a file is not as it was written.
    """
    frames, first = [], 0
    for chunk in layout.chunk_names(dataset_dir):
        for frame in _read_pieces(check_table(layout.metadata_path(dataset_dir, chunk)), arrivals):
            frame.index = pd.RangeIndex(first, first + len(frame))
            first += len(frame)
            frames.append(frame[frame["split"].isin(list(splits))].assign(trace_chunk=chunk))
    return pd.concat(frames)


def _read_pieces(path: Path, arrivals: Collection[str] | None) -> Iterator[pd.DataFrame]:
    """Read the needed columns of one metadata file, piece by piece."""
    try:
        present = list(pd.read_csv(path, nrows=0).columns)
        missing = [column for column in (*_TEXT, *_COUNTS) if column not in present]
        if missing:
            raise InputError(f"{path}: no column {', '.join(missing)}; a prepared and split dataset has it")
        picks = []
        if arrivals is not None:
            picks = [name for name in present if name in arrivals or _ARRIVAL.fullmatch(name)]
        types = dict.fromkeys(_TEXT, "str") | dict.fromkeys(_COUNTS, "int64") | dict.fromkeys(picks, "float64")
        # A station may well be called NA: only picks can be missing, text is taken as it stands.
        with pd.read_csv(
            path,
            usecols=list(types),
            dtype=types,
            keep_default_na=False,
            na_values=dict.fromkeys(picks, layout.NO_NUMBER),
            chunksize=_ROWS_AT_ONCE,
        ) as pieces:
            yield from pieces
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path}: not readable as a metadata table: {error}") from error


def window_table(
    traces: pd.DataFrame, rows: np.ndarray, start: np.ndarray, end: np.ndarray, answers: dict[str, object]
) -> pd.DataFrame:
    """Put windows into the columns that every window table has, sorted by trace and start.

    Parameters
    ----------
    traces
        Metadata of the traces; its index is trace_idx.
    rows
        Position in `traces` of each window's trace, shape (windows,).
    start, end
        First and past-the-end sample of each window at 100 Hz, shape (windows,).
    answers
        The columns that tell the windows of a task apart: what a picker has to find.
    """
    chosen = traces.iloc[rows]
    columns = {"trace_name": chosen["trace_name"].array, "trace_idx": chosen.index.to_numpy()}
    columns["trace_chunk"] = chosen["trace_chunk"].array if "trace_chunk" in traces else ""
    if traces["trace_raw_dataset"].nunique() > 1:
        columns["trace_dataset"] = chosen["trace_raw_dataset"].array
    columns |= {"trace_split": chosen["split"].array, "sampling_rate": RATE_HZ}
    columns |= {"start_sample": np.asarray(start, np.int64), "end_sample": np.asarray(end, np.int64)}
    table = pd.DataFrame(columns | answers, index=pd.RangeIndex(len(rows)))
    return table.sort_values(["trace_idx", "start_sample"], kind="stable", ignore_index=True)


def check_windows(table: pd.DataFrame, tasks: Sequence[int], source: str | Path) -> None:
    """Refuse a table that leaves a declared task without windows in dev or test.

    Task 1 needs both trace types and task 2 both phases in both splits: no threshold comes from one class.

    Raises
    ------
    InputError
        Naming the source, the task, the split and what is missing.
    """
    kinds_of = {1: ("trace_type", ["earthquake", "noise"]), 2: ("phase_label", ["P", "S"])}
    for split in EVALUATED_SPLITS:
        here = table[table["trace_split"] == split]
        if here.empty:
            _refuse(source, "window", " and ".join(map(str, tasks)), split)
        for task in set(tasks) & set(kinds_of):
            column, kinds = kinds_of[task]
            absent = [f"{kind} window" for kind in kinds if not (here[column] == kind).any()]
            if absent:
                _refuse(source, " and no ".join(absent), str(task), split)


def _refuse(source: str | Path, lacking: str, tasks: str, split: str) -> None:
    raise InputError(f"{source}: no {lacking} for task {tasks} in {split}; take {tasks} out of the dataset's `tasks`")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a window table whole or not at all."""
    with replacing(path, sealed=True) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def _check_columns(rows: pd.DataFrame, name: str) -> None:
    """Refuse a table without the columns of its windows file, or with texts for numbers."""
    numbers = ("trace_idx", *NUMBERS.get(name, NUMBERS["task1"]))
    for column in ("trace_name", "trace_chunk", "trace_split", *LABELS.get(name, ()), *numbers):
        if column not in rows:
            raise ValueError(f"no column {column}")
    for column in numbers:
        wrong = pd.to_numeric(rows[column], errors="coerce").isna()
        if wrong.any():
            at = wrong.idxmax()
            raise ValueError(f"line {at + 2}, trace {rows.at[at, 'trace_name']}: {column} is {rows.at[at, column]!r}")


def read_windows(path: Path, split: str) -> pd.DataFrame:
    """Read the windows of one split from a windows file, numbered from 0.

    Raises
    ------
    InputError
        When it cannot be read as a windows file, or is not as it was written.
    """
    checked(path)
    try:
        rows = pd.read_csv(path, dtype={"trace_name": str, "trace_chunk": str}, float_precision="round_trip")
        _check_columns(rows, path.stem)
        rows = rows[rows["trace_split"] == split].reset_index(drop=True)
        # A dataset in one piece has a chunk without a name.
        return rows.assign(trace_chunk=rows["trace_chunk"].fillna(""))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a readable windows file ({error}); {remedy('it')}") from None
