"""Windows, published or drawn here: what does not fit its dataset is refused by file, line and value."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pickbench.files import read_json
from pickbench.models.base import save_weights
from pickbench.prediction import Picker, Target, predict_cells
from pickbench.tables.dropped import DatasetFiles, dropped_table
from pickbench.validation import validate
from pickbench.windows.published import adopt
from tests.badinput.job import run
from tests.registry import settings
from tests.unit.test_published_windows import prepared, publish, task1, task23

Spoil = Callable[[pd.DataFrame], pd.DataFrame | None]


def cell(column: str, value: object, row: int = 3) -> Spoil:
    """Write a value into a row; that of 3 is in line 5, of trace d."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.astype({column: object})
        rows.loc[row, column] = value
        return rows

    return change


def without(column: str) -> Spoil:
    return lambda rows: rows.drop(columns=column)


LINE, A_NUMBER = "line 5, trace d: ", "it has to be a number"
#: Of published windows: which file, what is wrong with it, the words about it, and whether its dataset has to be known.
PUBLISHED = {
    "a trace that is not there": ("task1", cell("trace_name", "q"), ["line 5, trace q", "no such raw name"], True),
    "no name": ("task1", cell("trace_name", ""), ["line 5", "no such raw name"], True),
    "beyond the trace": ("task1", cell("end_sample", 6100), [LINE, "end_sample is 6100", "only 6000 samples"], True),
    "before the trace": ("task1", cell("start_sample", -5), [LINE, "start_sample is -5", "before its trace"], True),
    "of another rate": ("task1", cell("sampling_rate", 20), [LINE, "only 6000 samples at 100 Hz"], True),
    "of another split": ("task1", cell("trace_split", "dev"), [LINE, "trace_split is dev", "elsewhere"], True),
    "of an unknown split": (
        "task1",
        cell("trace_split", "eval"),
        [LINE, "trace_split is eval", "train or dev or test"],
        False,
    ),
    "empty": ("task1", cell("end_sample", 300), [LINE, "start_sample is 300", "ends before it starts"], False),
    "a start in words": ("task1", cell("start_sample", "first"), [LINE, "start_sample is first", A_NUMBER], False),
    "no end": ("task1", cell("end_sample", ""), [LINE, "end_sample is", A_NUMBER], False),
    "an infinite end": ("task1", cell("end_sample", "inf"), [LINE, "end_sample is inf", A_NUMBER], False),
    "a rate of zero": ("task1", cell("sampling_rate", 0), [LINE, "sampling_rate is 0", "above 0 Hz"], False),
    "an end beyond any trace": ("task1", cell("end_sample", "1e300"), [LINE, "end_sample is 1e+300", "at most"], False),
    "a rate beyond any": ("task1", cell("sampling_rate", "1e308"), [LINE, "sampling_rate is 1e+308", "at most"], False),
    "a name with a command for the terminal": (
        "task1",
        cell("trace_name", "\x1b[31mq"),
        ["line 5, trace \\x1b[31mq", "no such raw name"],
        True,
    ),
    "none in dev": (
        "task1",
        lambda rows: rows[rows["trace_split"] != "dev"],
        ["no window for task 1 in dev"],
        False,
    ),
    "no rows": ("task23", lambda rows: rows.iloc[:0], ["no window for task 2 and 3 in dev"], False),
    "another kind": ("task1", cell("trace_type", "blast"), [LINE, "trace_type is blast", "earthquake or noise"], False),
    "no column of ends": ("task1", without("end_sample"), ["no column end_sample"], False),
    "no column of names": ("task1", without("trace_name"), ["no column trace_name"], False),
    "no column of onsets": ("task23", without("phase_onset"), ["no column phase_onset"], False),
    "a phase's full name": ("task23", cell("phase_label", "Sg"), [LINE, "phase_label is Sg", "P or S"], False),
    "an onset outside": ("task23", cell("phase_onset", 5), [LINE, "phase_onset is 5", "outside its window"], False),
    "an onset in seconds, as a time": (
        "task23",
        cell("phase_onset", "00:08"),
        [LINE, "phase_onset is 00:08", A_NUMBER],
        False,
    ),
    "an onset that is NaN": ("task23", cell("phase_onset", "nan"), [LINE, "phase_onset is nan", A_NUMBER], False),
}
FILES = {
    "nothing in it": lambda path: path.write_bytes(b""),
    "Latin-1": lambda path: path.write_bytes(path.read_bytes().replace(b"earthquake", b"s\xe9isme")),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a comma too many": lambda path: path.write_text(path.read_text().replace("dev,", "dev,,", 1)),
}


def faults(path: Path) -> list[str]:
    about = {"source": {"simulate": {}}, "windows": [str(path)], "tasks": [1, 2, 3]}
    return validate({}, {"mine": about}, [], {}).faults


def taking_over(folder: Path) -> Callable[[], None]:
    out = folder / "out"
    return lambda: adopt(folder / "published", folder / "data", [1, 2, 3], out / "task1.csv", out / "task23.csv")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_windows_that_do_not_fit_are_one_line(name, tmp_path):
    kind, spoil, words, needs_dataset = PUBLISHED[name]
    prepared(tmp_path / "data")
    tables = {"task1": task1(), "task23": task23()}
    tables[kind] = spoil(tables[kind])
    path = publish(tmp_path / "published", *tables.values()) / f"{kind}.csv"
    run(tmp_path, taking_over(tmp_path)).said_one_line(path, *words)
    assert not (tmp_path / "out").exists()
    found = faults(path)
    assert len(found) == (not needs_dataset) and all(word in fault for fault in found for word in words), found


@pytest.mark.parametrize("name", FILES)
def test_files_of_published_windows_that_are_none_are_one_line(name, tmp_path):
    prepared(tmp_path / "data")
    path = publish(tmp_path / "published", task1(), task23()) / "task1.csv"
    FILES[name](path)
    run(tmp_path, taking_over(tmp_path)).said_one_line(path)
    (fault,) = faults(path)
    assert str(path) in fault and "\n" not in fault


def test_published_windows_that_stand_there_twice_are_used_once_and_counted(tmp_path):
    data = prepared(tmp_path / "data")
    first, second = task1(), task23()
    publish(tmp_path / "published", pd.concat([first, first.iloc[[0, 4]].assign(trace_idx=99)]), second)
    assert run(tmp_path, taking_over(tmp_path)).status == 0
    report = read_json(tmp_path / "out" / "task1_report.json")
    assert report["rows_in"] == 8 and report["rows_out"] == 6 and report["left_out"] == {"repeated": 2}
    assert len(pd.read_csv(tmp_path / "out" / "task1.csv")) == 6
    (data / "dropped.json").write_text(json.dumps({"traces_in": 8, "traces_out": 8, "dropped": {}, "mended": {}}))
    (data / "split_report.json").write_text(json.dumps({"mode": "own", "splits": {}, "shared": {}}))
    files = DatasetFiles("mine", data / "dropped.json", data / "split_report.json", [tmp_path / "out" / "task1.csv"])
    shown = dropped_table([files])
    assert shown.loc[shown["name"] == "task1: repeated", "count"].tolist() == [2]


#: Of windows that a picker is applied to: what is wrong, and the words about it.
OURS = {
    "a trace that is not there": (
        cell("trace_name", "bucket9$0,:3,:6000"),
        ["bucket9$0,:3,:6000", "does not lie in this"],
    ),
    "an index beyond the table": (cell("trace_idx", 5000), ["bucket0$83", "does not lie in this dataset"]),
    "beyond the trace": (cell("end_sample", 6001), ["..6001 of trace bucket0$83", "does not lie in this dataset"]),
    "before the trace": (cell("start_sample", -1), ["-1..", "does not lie in this dataset"]),
    "no column of starts": (without("start_sample"), ["task23.csv", "no column start_sample"]),
    "no column of splits": (without("trace_split"), ["task23.csv", "no column trace_split"]),
    "no column of phases": (without("phase_label"), ["task23.csv", "no column phase_label"]),
    "a start in words": (cell("start_sample", "first"), ["task23.csv", "line 5", "start_sample is 'first'"]),
    "no onset": (cell("phase_onset", ""), ["task23.csv", "line 5", "phase_onset is"]),
}


@pytest.mark.parametrize("name", OURS)
def test_windows_of_another_dataset_are_one_line(name, easy_dataset, tmp_path):
    spoil, words = OURS[name]
    # Traces 80 to 95 are those of test; the trace of line 5 is the fourth of them.
    idx = np.arange(80, 96)
    rows = {
        "trace_name": [f"bucket0${i},:3,:6000" for i in idx],
        "trace_idx": idx,
        "trace_chunk": "",
        "trace_split": "test",
        "sampling_rate": 100.0,
        "start_sample": 2000,
        "end_sample": 3000,
        "phase_label": ["P", "S"] * 8,
        "full_phase_label": ["Pg", "Sg"] * 8,
        "phase_onset": 2500.0,
    }
    spoil(pd.DataFrame(rows)).to_csv(tmp_path / "task23.csv", index=False)
    save_weights(tmp_path / "weights.npz", {})
    picker = Picker(settings("oracle"), {"p_sample_pred": tmp_path / "weights.npz"}, 42, 8)
    target = Target(easy_dataset, {"task23": tmp_path / "task23.csv"})
    run(tmp_path, lambda: predict_cells(picker, {"easy": target}, tmp_path / "out")).said_one_line(*words)
    assert not list((tmp_path / "out").rglob("cell.json"))
