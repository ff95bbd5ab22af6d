"""Tables of datasets: what cannot be read stops with a line; a bad trace is left out or mended, counted and shown."""

import pandas as pd
import pytest

from pickbench.files import read_json
from pickbench.tables.dropped import DatasetFiles, dropped_table
from tests.badinput.job import run
from tests.badinput.raw import (
    NAME,
    NAMES,
    ROW,
    TRACES,
    cell,
    data_job,
    faults,
    line,
    looked_over,
    put,
    table,
    text,
    waveform,
    write_good,
)

EVERY = slice(None)
P, S, RATE = "trace_P_arrival_sample", "trace_S_arrival_sample", "trace_sampling_rate_hz"
SPLITS = "expected train, dev or test"
PICK = "expected a sample number or nothing"
#: What is wrong, and the words that its one line has to hold besides the dataset's folder.
STOPS = {
    "no column of names": (
        table(lambda rows: rows.rename(columns={"trace_name": "name"})),
        ["metadata.csv", "trace_name"],
    ),
    "semicolons, as from a spreadsheet": (
        text(lambda t: t.replace(",", ";")),
        ["metadata.csv", "trace_name", "begins"],
    ),
    "a column twice": (text(lambda t: t.replace("station_code", P)), ["metadata.csv", P, "twice"]),
    "a comma too many in every row": (
        text(lambda t: t.replace(",up,", ",up,to,")),
        ["metadata.csv", "line 2 has 15 fields, the header 14", "quotes"],
    ),
    "a comma too many in one row": (
        line(ROW + 2, lambda t: t + ",x"),
        ["metadata.csv", f"line {ROW + 2} has 15 fields, the header 14", "quotes"],
    ),
    "a row that is cut off": (
        line(ROW + 2, lambda t: ",".join(t.split(",")[:6])),
        ["metadata.csv", f"line {ROW + 2} has 4 fields, the header 14", "cut off"],
    ),
    "a last row that is cut off in a pick": (
        text(lambda t: t[: t.rindex("400.0") + 2]),
        ["metadata.csv", f"line {TRACES} has 5 fields, the header 14", "cut off"],
    ),
    "a pick column with a space behind": (
        table(lambda rows: rows.rename(columns={P: P + " "})),
        ["metadata.csv", f"'{P} '", f"if it is {P}, call it so"],
    ),
    "a pick column in capitals": (
        table(lambda rows: rows.rename(columns={P: "Trace_P_Arrival_Sample"})),
        ["metadata.csv", "'Trace_P_Arrival_Sample'", f"if it is {P}, call it so"],
    ),
    "a split with a capital": (
        table(lambda rows: rows.rename(columns={"split": "Split"})),
        ["metadata.csv", "'Split'", "if it is split, call it so"],
    ),
    "Latin-1": (text(lambda t: t.replace("ST4", "Zürich").encode("latin-1")), ["metadata.csv", "UTF-8", "0xfc"]),
    "UTF-16": (text(lambda t: t.encode("utf-16")), ["metadata.csv", "UTF-8"]),
    "nothing in the table": (text(lambda t: ""), ["metadata.csv", "not readable as a metadata table"]),
    "a trace without a name": (cell("trace_name", ""), ["metadata.csv", f"line {ROW + 2}", "trace_name"]),
    "a pick in words": (cell(P, "soon"), ["metadata.csv", NAME, P, "'soon'", PICK]),
    "a pick as a time": (cell(S, "2020-01-01T00:00:07Z"), ["metadata.csv", NAME, S, "'2020-01-01T00:00:07Z'", PICK]),
    "a pick with a decimal comma": (cell(P, "400,5"), ["metadata.csv", NAME, P, "'400,5'", PICK]),
    "several picks in a cell": (cell(P, "[400, 410]"), ["metadata.csv", NAME, P, "'[400, 410]'", PICK]),
    "an unknown split": (cell("split", "validation"), ["split is 'validation'", NAME, SPLITS, "by-event"]),
    "a split in capitals": (cell("split", "Train"), ["split is 'Train'", NAME, SPLITS]),
    "no split in a row": (cell("split", ""), ["split is ''", NAME, SPLITS]),
}
#: These stop as well, but at a file that the run has made of it.
STOPS_LATER = {
    "no rows": (
        text(lambda t: t.splitlines()[0] + "\n"),
        ["split train", "of 0 raw traces 0 are left"],
        ["of its 0 traces"],
    ),
    "no dev split": (
        table(lambda rows: rows.assign(split=rows["split"].replace("dev", "train"))),
        ["no trace is in split dev", "all three"],
        ["no usable trace is in split dev"],
    ),
    "no picks at all": (
        table(lambda rows: rows.drop(columns=[P, S])),
        ["no arrival column", "`arrival_columns` maps: none"],
        ["no arrival column", "metadata.csv"],
    ),
    "columns of picks without any": (
        table(lambda rows: rows.assign(**{P: "", S: ""})),
        ["no earthquake window"],
        [f"no usable trace has a pick in {P}, {S}"],
    ),
    "phases that are not mapped": (
        table(lambda rows: rows.rename(columns={P: "trace_PKP_arrival_sample", S: "trace_SKS_arrival_sample"})),
        ["no arrival column", "trace_PKP_arrival_sample, trace_SKS_arrival_sample"],
        ["no arrival column", "trace_PKP_arrival_sample, trace_SKS_arrival_sample"],
    ),
    "picks of longer traces": (
        table(lambda rows: rows.assign(**{P: "5000", S: "8000"})),
        ["split train", f"{TRACES} all_picks_outside", NAMES[0]],
        [f"none of its {TRACES} traces can be used", f"{TRACES} all_picks_outside", NAMES[0]],
    ),
    "sample intervals for rates": (
        cell(RATE, "0.01", EVERY),
        ["split train", f"left out: {TRACES} bad_sampling_rate", NAMES[0]],
        [f"none of its {TRACES} traces can be used", f"{TRACES} bad_sampling_rate", NAMES[0]],
    ),
}
#: What is odd, and what of it is left out and mended.
GOES_ON = {
    "nothing": (lambda raw: None, {}, {}),
    "a name twice": (cell("trace_name", NAMES[0]), {"duplicate_name": 1}, {}),
    "a pick beyond the trace": (cell(P, "1200"), {}, {"picks_outside": 1}),
    "a pick before the trace": (cell(P, "-3"), {}, {"picks_outside": 1}),
    "an infinite pick": (cell(S, "inf"), {}, {"picks_outside": 1}),
    "picks that are NaN": (cell(P, "nan"), {}, {}),
    "S before P": (cell(S, "399"), {"s_not_after_p": 1}, {}),
    "zeros for missing picks": (
        lambda raw: (cell(P, "0", [2, 5])(raw), cell(S, "0", [2, 5])(raw)),
        {"s_not_after_p": 2},
        {},
    ),
    "S without P": (cell(P, ""), {}, {}),
    "a rate of zero": (cell(RATE, "0"), {"bad_sampling_rate": 1}, {}),
    "a rate below zero": (cell(RATE, "-100"), {"bad_sampling_rate": 1}, {}),
    "an absurd rate": (cell(RATE, "1e9"), {"bad_sampling_rate": 1}, {}),
    "an infinite rate": (cell(RATE, "inf"), {"bad_sampling_rate": 1}, {}),
    "a rate with its unit": (cell(RATE, "100 Hz"), {"bad_sampling_rate": 1}, {}),
    "a rate with its unit, and another for the file": (
        lambda raw: (cell(RATE, "100 Hz")(raw), put("data_format/sampling_rate", 50.0)(raw)),
        {"bad_sampling_rate": 1},
        {},
    ),
    "no rate": (cell(RATE, ""), {"bad_sampling_rate": 1}, {}),
    "a sample interval for a rate": (cell(RATE, "0.01"), {"bad_sampling_rate": 1}, {}),
    "horizontals 1 and 2": (cell("trace_component_order", "Z12"), {}, {"horizontals_12_as_NE": 1}),
    "components in another order": (cell("trace_component_order", "ENZ"), {}, {}),
    "radial and transverse": (cell("trace_component_order", "ZRT"), {"unknown_components": 1}, {}),
    "two letters for three channels": (cell("trace_component_order", "ZN"), {"unknown_components": 1}, {}),
    "latitude and longitude exchanged": (
        table(
            lambda rows: rows.rename(
                columns={"source_latitude_deg": "source_longitude_deg", "source_longitude_deg": "source_latitude_deg"}
            )
        ),
        {},
        {"bad_coordinates": TRACES},
    ),
    "a latitude in words": (cell("station_latitude_deg", "35.5 N"), {}, {"bad_coordinates": 1}),
    "no coordinates": (cell("station_latitude_deg", ""), {}, {}),
    "a longitude from 0 to 360": (cell("station_longitude_deg", "260"), {}, {}),
    "a column of components with nothing in it": (
        table(lambda rows: rows.assign(trace_components_present="")),
        {},
        {},
    ),
    "polarities in any words": (cell("trace_P_polarity", "compression, emergent"), {}, {}),
    "times with another time zone": (cell("trace_start_time", "2020/01/01 09:00:00 JST"), {}, {}),
    "a byte-order mark": (text(lambda t: t.encode("utf-8-sig")), {}, {}),
    "line ends of Windows": (text(lambda t: t.replace("\n", "\r\n")), {}, {}),
    "samples that are NaN": (waveform(lambda w: w.__setitem__((1, 7), float("nan"))), {"non_finite": 1}, {}),
    "zeros": (waveform(lambda w: w.fill(0)), {"all_zero": 1}, {}),
    "a constant": (waveform(lambda w: w.fill(3)), {"constant": 1}, {}),
    "a dead channel": (waveform(lambda w: w.__setitem__(1, 0)), {}, {"missing_N": 1}),
}
#: What only waveforms tell.
FROM_WAVEFORMS = {"non_finite", "all_zero", "constant", "missing_N"}


@pytest.mark.parametrize("name", STOPS)
def test_a_table_that_cannot_be_used_is_one_line(name, tmp_path):
    spoil, words = STOPS[name]
    raw = write_good(tmp_path / "raw")
    spoil(raw)
    run(tmp_path, data_job(raw, tmp_path / "out")).said_one_line(*words)
    assert not (tmp_path / "out" / "metadata.csv").exists() and not list(tmp_path.rglob(".*"))
    (fault,) = faults(raw)
    assert str(raw) in fault and "\n" not in fault and not [word for word in words if word not in fault], fault


@pytest.mark.parametrize("name", STOPS_LATER)
def test_a_dataset_that_leaves_too_little_is_one_line(name, tmp_path):
    spoil, words, words_ahead = STOPS_LATER[name]
    raw = write_good(tmp_path / "raw")
    spoil(raw)
    run(tmp_path, data_job(raw, tmp_path / "out")).said_one_line(str(tmp_path / "out"), *words)
    assert not (tmp_path / "out" / "windows").exists()
    assert any(str(raw) in fault and all(word in fault for word in words_ahead) for fault in faults(raw)), faults(raw)


@pytest.mark.parametrize("name", GOES_ON)
def test_what_is_odd_is_counted_and_shown(name, tmp_path):
    spoil, dropped, mended = GOES_ON[name]
    raw, out = write_good(tmp_path / "raw"), tmp_path / "out"
    spoil(raw)
    ended = run(tmp_path, data_job(raw, out))
    left = TRACES - sum(dropped.values())
    assert ended.status == 0, ended.log
    account = read_json(out / "dropped.json")
    assert (account["dropped"], account["mended"]) == (dropped, mended)
    assert (account["traces_in"], account["traces_out"]) == (TRACES, left)
    shown = dropped_table([DatasetFiles("mine", out / "dropped.json", out / "split_report.json")])
    for part, counts in (("left out", dropped), ("mended", mended)):
        rows = shown[shown["part"] == part].set_index("name")["count"]
        assert rows.to_dict() == counts
    # Ahead of the run the same is said, but for what only waveforms tell.
    (said,) = looked_over(raw).remarks
    if not FROM_WAVEFORMS & {*dropped, *mended}:
        assert f"{left} of {TRACES} traces can be used" in said
        assert all(f"{count} {reason}" in said for reason, count in {**dropped, **mended}.items()), said


def test_an_s_without_a_p_has_no_noise_before_it(tmp_path):
    raw, out = write_good(tmp_path / "raw"), tmp_path / "out"
    cell(P, "")(raw)
    assert run(tmp_path, data_job(raw, out)).status == 0
    rows = pd.read_csv(out / "windows" / "task1.csv")
    # dev and test have four events and two traces of noise each; windows are as long as the traces.
    assert rows["trace_type"].value_counts().to_dict() == {"earthquake": 8, "noise": 4}


def test_an_event_with_two_origins_is_in_one_split(tmp_path):
    """Two agencies' times and places of one event: it is told by its id."""
    raw, out = write_good(tmp_path / "raw"), tmp_path / "out"
    table(
        lambda rows: rows.assign(
            source_id=[f"event{row // 3}" for row in range(TRACES)],
            source_origin_time=[f"2020-01-01T00:00:0{row % 3}" for row in range(TRACES)],
        )
    )(raw)
    assert run(tmp_path, data_job(raw, out, mode="by-event")).status == 0
    rows = pd.read_csv(out / "metadata.csv")
    assert (rows.groupby("source_id")["split"].nunique() == 1).all() and rows["split"].nunique() == 3


@pytest.mark.parametrize("events", [1, 2])
def test_too_few_events_for_three_splits_is_one_line(events, tmp_path):
    raw = write_good(tmp_path / "raw")
    table(lambda rows: rows.assign(source_id=[f"event{row % events}" for row in range(TRACES)]))(raw)
    ended = run(tmp_path, data_job(raw, tmp_path / "out", mode="by-event"))
    ended.said_one_line(tmp_path / "out", f"{events} groups", f"{TRACES} by event", "three splits need three")


def test_a_column_that_arrival_columns_names_has_to_be_there(tmp_path):
    raw, mapping = write_good(tmp_path / "raw"), {P: "P", "trace_Sg_arrival_sample": "S"}
    words = ["metadata.csv", "trace_Sg_arrival_sample", "arrival_columns"]
    run(tmp_path, data_job(raw, tmp_path / "out", mapping)).said_one_line(*words)
    (fault,) = faults(raw, arrival_columns=mapping)
    assert all(word in fault for word in words)


def test_a_column_of_picks_may_have_any_name_that_arrival_columns_says(tmp_path):
    raw, out, name = write_good(tmp_path / "raw"), tmp_path / "out", "Trace_P_Arrival_Sample"
    table(lambda rows: rows.rename(columns={P: name}))(raw)
    mapping = {name: "P", S: "S"}
    assert run(tmp_path, data_job(raw, out, mapping)).status == 0 and not faults(raw, arrival_columns=mapping)
    assert pd.read_csv(out / "metadata.csv")[name].notna().sum() == TRACES * 2 // 3


def test_faults_of_several_kinds_come_at_once(tmp_path):
    raw = write_good(tmp_path / "raw")
    for spoil in (cell(P, "soon"), cell(S, "late", [0]), cell("split", "validation", [1])):
        spoil(raw)
    found = faults(raw)
    assert len(found) == 3
    for word in ("'soon'", "'late'", "'validation'"):
        assert len([fault for fault in found if word in fault]) == 1
