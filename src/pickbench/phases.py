"""Phase labels: which metadata columns hold picks, and whether each is a P or an S pick.

A SeisBench dataset has one column a phase, `trace_{phase}_arrival_sample`. This module maps them to P and S
as the benchmark does, and turns them into one long table of arrivals, from which windows and labels are made.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.errors import InputError

#: The phases of the eight datasets of Münchmeyer et al. (2022, doi 10.1029/2021JB023499). The depth phases
#: pP, pwP and pwPm count as P: they arrive as compressional waves.
DEFAULT_ARRIVAL_COLUMNS: dict[str, str] = {
    "trace_p_arrival_sample": "P",
    "trace_P_arrival_sample": "P",
    "trace_P1_arrival_sample": "P",
    "trace_Pg_arrival_sample": "P",
    "trace_Pn_arrival_sample": "P",
    "trace_PmP_arrival_sample": "P",
    "trace_pP_arrival_sample": "P",
    "trace_pwP_arrival_sample": "P",
    "trace_pwPm_arrival_sample": "P",
    "trace_s_arrival_sample": "S",
    "trace_S_arrival_sample": "S",
    "trace_S1_arrival_sample": "S",
    "trace_Sg_arrival_sample": "S",
    "trace_Sn_arrival_sample": "S",
    "trace_SmS_arrival_sample": "S",
}

_ARRIVAL_COLUMN = re.compile(r"trace_(.+)_arrival_sample")


def phase_name(column: str) -> str:
    """Phase that an arrival column is named after: "Pg" of `trace_Pg_arrival_sample`; else the whole name."""
    match = _ARRIVAL_COLUMN.fullmatch(column)
    return match[1] if match else column


def arrival_columns(columns: Iterable[str], mapping: Mapping[str, str] | None = None) -> dict[str, str]:
    """Pick the arrival columns that a table has.

    Parameters
    ----------
    columns
        The column names of a metadata table.
    mapping
        Arrival column to "P" or "S"; None stands for `DEFAULT_ARRIVAL_COLUMNS`.

    Returns
    -------
    dict
        The part of the mapping whose columns are in the table, in the order of the mapping.

    Raises
    ------
    InputError
        When a column is mapped to something else than P or S.
    """
    mapping = DEFAULT_ARRIVAL_COLUMNS if mapping is None else mapping
    for column, phase in mapping.items():
        if phase not in ("P", "S"):
            raise InputError(f"arrival_columns: {column} is mapped to {phase!r}; it has to be P or S")
    present = set(columns)
    return {column: phase for column, phase in mapping.items() if column in present}


def check_arrival_columns(columns: Iterable[str], mapping: Mapping[str, str] | None, place: str | Path) -> None:
    """Refuse a mapping that misses the table: its picks would be lost and their traces pass as noise.

    Parameters
    ----------
    columns, mapping
        See `arrival_columns`.
    place
        What to call the table in a message.

    Raises
    ------
    InputError
        Naming the columns that are missing, and those that are there.
    """
    columns = list(columns)
    present = arrival_columns(columns, mapping)
    absent = [column for column in mapping or {} if column not in present]
    if absent or not present:
        there = ", ".join([*present, *unmapped_arrival_columns(columns, mapping)]) or "none"
        wanted = ", ".join(absent) or "with a phase of the default mapping"
        raise InputError(f"{place}: no arrival column {wanted} in its metadata; `arrival_columns` maps: {there}")


def unmapped_arrival_columns(columns: Iterable[str], mapping: Mapping[str, str] | None = None) -> list[str]:
    """Columns named like arrivals that the mapping leaves out: no labels, yet a trace with one is no noise."""
    mapping = DEFAULT_ARRIVAL_COLUMNS if mapping is None else mapping
    return [column for column in columns if column not in mapping and _ARRIVAL_COLUMN.fullmatch(column)]


def arrivals(metadata: pd.DataFrame, mapping: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Turn the arrival columns of a metadata table into one row a pick.

    Parameters
    ----------
    metadata
        One row a trace, with arrival columns in samples of the trace. NaN and infinities are no picks. Picks
        outside the trace are passed on: whoever needs them inside has to look at the trace's length.
    mapping
        See `arrival_columns`.

    Returns
    -------
    pandas.DataFrame
        `trace_idx` (int64, position of the trace's row in `metadata`), `sample` (float64), `phase` ("P" or
        "S") and `label` (the full phase name, such as "Pg"), both categories; sorted by trace_idx and
        sample. Picks at the same sample keep the order of the mapping.
    """
    present = arrival_columns(metadata.columns, mapping)
    labels = [phase_name(column) for column in present]
    samples, traces, column_of = [np.empty(0)], [np.empty(0, np.int64)], [np.empty(0, np.int16)]
    for number, column in enumerate(present):
        values = metadata[column].to_numpy(dtype=np.float64, na_value=np.nan)
        picked = np.flatnonzero(np.isfinite(values))
        samples.append(values[picked])
        traces.append(picked)
        column_of.append(np.full(len(picked), number, np.int16))
    sample, trace_idx, column = (np.concatenate(parts) for parts in (samples, traces, column_of))
    order = np.lexsort((column, sample, trace_idx))
    column = column[order]
    phase_code = np.array([phase == "S" for phase in present.values()], dtype=np.int8)
    label_names = list(dict.fromkeys(labels))
    label_code = np.array([label_names.index(label) for label in labels], dtype=np.int16)
    return pd.DataFrame(
        {
            "trace_idx": trace_idx[order],
            "sample": sample[order],
            "phase": pd.Categorical.from_codes(phase_code[column], categories=["P", "S"]),
            "label": pd.Categorical.from_codes(label_code[column], categories=label_names),
        }
    )
