"""Arrival columns: the benchmark's mapping, and the long table of arrivals."""

import numpy as np
import pandas as pd
import pytest

from pickbench.errors import InputError
from pickbench.phases import (
    DEFAULT_ARRIVAL_COLUMNS,
    arrival_columns,
    arrivals,
    phase_name,
    unmapped_arrival_columns,
)


def test_default_mapping_is_the_benchmarks():
    # phase_dict of the published benchmark code.
    p = {"p", "pP", "P", "P1", "Pg", "Pn", "PmP", "pwP", "pwPm"}
    s = {"s", "S", "S1", "Sg", "SmS", "Sn"}
    names = {phase_name(column): phase for column, phase in DEFAULT_ARRIVAL_COLUMNS.items()}
    assert names == dict.fromkeys(p, "P") | dict.fromkeys(s, "S")


@pytest.mark.parametrize(
    "column, name",
    [("trace_Pg_arrival_sample", "Pg"), ("trace_pwPm_arrival_sample", "pwPm"), ("my_pick", "my_pick")],
)
def test_phase_name(column, name):
    assert phase_name(column) == name


def test_arrival_columns_are_those_of_the_table_in_mapping_order():
    columns = ["trace_name", "trace_Sn_arrival_sample", "trace_P_arrival_sample", "trace_Pb_arrival_sample"]
    assert list(arrival_columns(columns).items()) == [
        ("trace_P_arrival_sample", "P"),
        ("trace_Sn_arrival_sample", "S"),
    ]
    assert arrival_columns(columns, {"trace_Pb_arrival_sample": "P", "trace_x": "S"}) == {
        "trace_Pb_arrival_sample": "P"
    }
    assert unmapped_arrival_columns(columns) == ["trace_Pb_arrival_sample"]
    assert unmapped_arrival_columns(columns, {"trace_Pb_arrival_sample": "P"}) == columns[1:3]


def test_a_phase_other_than_p_and_s_is_refused():
    with pytest.raises(InputError, match="trace_Lg_arrival_sample is mapped to 'Lg'; it has to be P or S"):
        arrival_columns([], {"trace_Lg_arrival_sample": "Lg"})


def test_arrivals_of_a_small_table():
    metadata = pd.DataFrame(
        {
            "trace_S_arrival_sample": [900.0, np.nan, np.nan, 50.0],
            "trace_Pg_arrival_sample": [310.25, np.nan, np.inf, 50.0],
            "trace_Pn_arrival_sample": [300, np.nan, -7.5, np.nan],
            "station_code": list("abcd"),
        },
        index=[10, 20, 30, 40],  # positions count, whatever the index
    )
    table = arrivals(metadata)
    assert table.astype({"phase": str, "label": str}).to_numpy().tolist() == [
        [0, 300.0, "P", "Pn"],
        [0, 310.25, "P", "Pg"],
        [0, 900.0, "S", "S"],
        [2, -7.5, "P", "Pn"],
        [3, 50.0, "P", "Pg"],
        [3, 50.0, "S", "S"],
    ]
    assert table["trace_idx"].dtype == np.int64 and table["sample"].dtype == np.float64


def test_picks_at_one_sample_keep_the_order_of_the_mapping():
    metadata = pd.DataFrame({"a": [5.0], "b": [5.0]})
    assert list(arrivals(metadata, {"b": "S", "a": "P"})["label"]) == ["b", "a"]
    assert list(arrivals(metadata, {"a": "P", "b": "S"})["label"]) == ["a", "b"]


@pytest.mark.parametrize("metadata", [pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"trace_p_arrival_sample": []})])
def test_no_arrivals_give_an_empty_table_with_all_columns(metadata):
    table = arrivals(metadata)
    assert table.empty and list(table) == ["trace_idx", "sample", "phase", "label"]


def test_nullable_and_integer_columns_are_read_as_picks():
    metadata = pd.DataFrame(
        {
            "trace_p_arrival_sample": pd.array([1, None], dtype="Int64"),
            "trace_s_arrival_sample": np.array([3, 4], dtype=np.int32),
        }
    )
    assert list(arrivals(metadata)["sample"]) == [1.0, 3.0, 4.0]
