"""Published windows: joined by raw name, brought to 100 Hz, refused where they do not fit, counted where left out."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pickbench.errors import InputError
from pickbench.windows.published import adopt

COLUMNS = ["trace_name", "trace_idx", "trace_split", "sampling_rate", "start_sample", "end_sample"]


def prepared(folder, **changes):
    """Eight prepared traces of 60 s, of which a to f are dev and test; trace_idx is not what was published."""
    columns = {
        "trace_name": [f"bucket0${i},:3,:6000" for i in range(8)],
        "trace_raw_name": list("zabycdef"),
        "trace_raw_chunk": "",
        "trace_raw_dataset": "net",
        "trace_npts": 6000,
        "trace_picks_outside": 0,
        "split": ["train", "dev", "dev", "train", "dev", "test", "test", "test"],
    }
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns | changes).to_csv(folder / "metadata.csv", index=False)
    (folder / "waveforms.hdf5").touch()
    return folder


def task1(**changes):
    """Published windows of task 1 on traces a to f, at 100 Hz."""
    columns = {
        "trace_name": list("abcdef"),
        "trace_idx": range(6),
        "trace_split": ["dev"] * 3 + ["test"] * 3,
        "sampling_rate": 100.0,
        "start_sample": [0, 100, 200, 300, 400, 3000],
        "end_sample": [3000, 3100, 3200, 3300, 3400, 6000],
        "trace_type": ["earthquake", "noise"] * 3,
    }
    return pd.DataFrame(columns | changes)


def task23(**changes):
    """Published windows of tasks 2 and 3 on traces a to f, at 100 Hz; one short, as some of the published are."""
    columns = task1(end_sample=[1000, 1100, 1200, 1300, 857, 4000]).drop(columns="trace_type").to_dict("list")
    columns |= {
        "phase_label": ["P", "S"] * 3,
        "full_phase_label": ["Pg", "Sn", "P", "S", "pP", "Sg"],
        "phase_onset": [500.25, 600, 700, 800, 410, 3900],
    }
    return pd.DataFrame(columns | changes)


def drop(folder, dataset="net", **names):
    """Write the account of dropped traces as prepare does: dataset, chunk and name by reason."""
    content = {"names": {reason: [[dataset, "", name] for name in group] for reason, group in names.items()}}
    (folder / "dropped.json").write_text(json.dumps(content))


def publish(folder, first=None, second=None):
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in (("task1", first), ("task23", second)):
        if table is not None:
            table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def run(tmp_path, tasks=(1, 2, 3)):
    """Adopt what lies in `published` for the dataset in `data`: tables and reports by file name."""
    out = tmp_path / "out"
    adopt(tmp_path / "published", tmp_path / "data", tasks, out / "task1.csv", out / "task23.csv")
    tables = {path.name: pd.read_csv(path, keep_default_na=False) for path in out.glob("task*.csv")}
    reports = {path.name: json.loads(path.read_text()) for path in out.glob("*_report.json")}
    return tables, reports


def refusal(tmp_path, tasks=(1,)):
    """Message of the InputError; nothing may have been written."""
    with pytest.raises(InputError) as error:
        run(tmp_path, tasks)
    assert not (tmp_path / "out").exists()
    return str(error.value)


def test_published_windows_become_ours(tmp_path):
    prepared(tmp_path / "data")
    publish(tmp_path / "published", task1(), task23())
    tables, reports = run(tmp_path)
    first, second = tables["task1.csv"], tables["task23.csv"]
    common = ["trace_name", "trace_idx", "trace_chunk", "trace_split", "sampling_rate", "start_sample", "end_sample"]
    assert list(first) == [*common, "trace_type"]
    assert list(second) == [*common, "phase_label", "full_phase_label", "phase_onset"]
    # Rows of the prepared dataset, not of its dev and test.
    assert first["trace_idx"].tolist() == second["trace_idx"].tolist() == [1, 2, 4, 5, 6, 7]
    assert first["trace_name"].tolist() == [f"bucket0${i},:3,:6000" for i in (1, 2, 4, 5, 6, 7)]
    kept = ["trace_split", "sampling_rate", "start_sample", "end_sample"]
    pd.testing.assert_frame_equal(first[[*kept, "trace_type"]], task1()[[*kept, "trace_type"]])
    answers = [*kept, "phase_label", "full_phase_label", "phase_onset"]
    pd.testing.assert_frame_equal(second[answers], task23()[answers])
    counts = {"rows_in": 6, "rows_out": 6, "trimmed_by_one_sample": 0, "left_out": {}}
    assert reports == {"task1_report.json": counts, "task23_report.json": counts}


@settings(max_examples=25)
@given(st.permutations(range(6)), st.lists(st.integers(0, 10**6), min_size=6, max_size=6))
def test_neither_the_published_order_nor_trace_idx_matter(tmp_path_factory, order, trace_idx):
    tmp_path = tmp_path_factory.mktemp("order")
    prepared(tmp_path / "data")
    publish(tmp_path / "published", task1().iloc[order].assign(trace_idx=trace_idx))
    found = run(tmp_path, [1])[0]["task1.csv"]
    assert found["start_sample"].tolist() == task1()["start_sample"].tolist()
    assert found["trace_idx"].tolist() == [1, 2, 4, 5, 6, 7]


def test_samples_are_brought_to_100_hz(tmp_path):
    # 20 and 40 Hz; 333 samples at 40 Hz are 832.5 at 100 Hz.
    prepared(tmp_path / "data")
    published = task23(
        sampling_rate=[20, 40, 100, 20, 40, 250],
        start_sample=[0, 133, 0, 1000, 401, 2500],
        end_sample=[200, 533, 1000, 1200, 801, 5000],
        phase_onset=[100.05, 333, 500, 1010, 601.5, 3777],
    )
    publish(tmp_path / "published", None, published)
    found = run(tmp_path, [2, 3])[0]["task23.csv"]
    assert set(found["sampling_rate"]) == {100.0}
    assert found["start_sample"].tolist() == [0, 332, 0, 5000, 1002, 1000]
    assert found["end_sample"].tolist() == [1000, 1332, 1000, 6000, 2002, 2000]
    np.testing.assert_allclose(found["phase_onset"], [500.25, 832.5, 500, 5050, 1503.75, 1510.8], rtol=1e-12)


def test_an_end_one_sample_beyond_the_trace_is_cut_and_counted(tmp_path):
    prepared(tmp_path / "data", trace_npts=5999)
    publish(tmp_path / "published", task1())
    tables, reports = run(tmp_path, [1])
    found, report = tables["task1.csv"], reports["task1_report.json"]
    assert found["end_sample"].max() == 5999
    assert report["trimmed_by_one_sample"] == 1


def test_dropped_traces_and_train_are_left_out_and_counted(tmp_path):
    data = prepared(tmp_path / "data")
    drop(data, nan=["gone1", "gone2"], zero_length=["gone3"], unused=["other"])
    more = task1(trace_name=["gone1", "gone2", "gone3", "z", "y", "gone1"])
    more["trace_split"] = ["dev", "test", "test", "train", "train", "dev"]
    publish(tmp_path / "published", pd.concat([more, task1()]))
    tables, reports = run(tmp_path, [1])
    found, report = tables["task1.csv"], reports["task1_report.json"]
    assert found["trace_idx"].tolist() == [1, 2, 4, 5, 6, 7]
    assert report == {
        "rows_in": 12,
        "rows_out": 6,
        "trimmed_by_one_sample": 0,
        "left_out": {"in train": 2, "dropped: nan": 3, "dropped: zero_length": 1},
    }


SHARED_NAMES = {
    "trace_raw_name": list("zabcabcy"),
    "split": ["train", "dev", "dev", "test", "dev", "dev", "test", "train"],
    "trace_raw_dataset": ["instancecounts"] * 4 + ["instancenoise"] * 4,
}


def instance(**changes):
    """Published windows of events and noise that share names."""
    return task1(
        trace_name=list("abcabc"),
        trace_split=["dev", "dev", "test"] * 2,
        trace_type=["earthquake"] * 3 + ["noise"] * 3,
        **changes,
    )


def test_events_and_noise_of_one_name_are_told_apart_by_dataset(tmp_path):
    prepared(tmp_path / "data", **SHARED_NAMES)
    publish(tmp_path / "published", instance(trace_dataset=["InstanceCounts"] * 3 + ["InstanceNoise"] * 3))
    found = run(tmp_path, [1])[0]["task1.csv"]
    assert found[["trace_idx", "trace_type"]].to_numpy().tolist() == [
        *([i, "earthquake"] for i in (1, 2, 3)),
        *([i, "noise"] for i in (4, 5, 6)),
    ]
    assert found["trace_dataset"].tolist() == ["instancecounts"] * 3 + ["instancenoise"] * 3


def test_names_that_repeat_between_chunks_are_told_apart_by_chunk(tmp_path):
    chunks = {"trace_raw_chunk": ["_01"] * 4 + ["_02"] * 4, "trace_raw_dataset": "net"}
    prepared(tmp_path / "data", **SHARED_NAMES | chunks)
    publish(tmp_path / "published", instance(trace_chunk=["_01"] * 3 + ["_02"] * 3))
    assert run(tmp_path, [1])[0]["task1.csv"]["trace_idx"].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_chunk_that_is_not_needed_is_not_compared(tmp_path):
    prepared(tmp_path / "data", trace_raw_chunk="_7")
    publish(tmp_path / "published", task1(trace_chunk="_elsewhere"))
    assert len(run(tmp_path, [1])[0]["task1.csv"]) == 6


def test_names_that_repeat_need_a_column_that_tells_them_apart(tmp_path):
    prepared(tmp_path / "data", **SHARED_NAMES)
    publish(tmp_path / "published", instance())
    message = refusal(tmp_path)
    assert "task1.csv, line 2, trace a: trace_name is a; several traces had this name" in message
    publish(tmp_path / "published", instance(trace_chunk=""))
    assert "several traces had this name" in refusal(tmp_path)


def test_a_dropped_noise_trace_does_not_leave_its_window_to_the_event_of_its_name(tmp_path):
    names = SHARED_NAMES | {"trace_raw_name": list("zabcaBcy")}
    drop(prepared(tmp_path / "data", **names), "instancenoise", nan=["b"])
    datasets = ["InstanceCounts"] * 3 + ["InstanceNoise"] * 3
    publish(tmp_path / "published", instance(trace_dataset=datasets))
    tables, reports = run(tmp_path, [1])
    assert tables["task1.csv"].query("trace_idx == 2")["trace_type"].tolist() == ["earthquake"]
    assert reports["task1_report.json"]["left_out"] == {"dropped: nan": 1}


def test_a_name_that_a_dropped_trace_had_too_is_not_enough(tmp_path):
    drop(prepared(tmp_path / "data"), "noise", nan=["b"])
    publish(tmp_path / "published", task1())
    assert "line 3, trace b: trace_name is b; several traces had this name" in refusal(tmp_path)


def test_of_a_trace_that_was_there_twice_the_prepared_one_is_meant(tmp_path):
    drop(prepared(tmp_path / "data"), "net", duplicate_name=["b", "b"])
    publish(tmp_path / "published", task1())
    assert run(tmp_path, [1])[0]["task1.csv"]["trace_idx"].tolist() == [1, 2, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"trace_name": list("abcdeq")}, "line 7, trace q: trace_name is q; the dataset has no such raw name"),
        ({"trace_split": ["test"] * 6}, "line 2, trace a: trace_split is test; the split of the dataset has it"),
        ({"trace_split": ["dev"] * 5 + [""]}, "line 7, trace f: trace_split is ; it has to be train or dev or test"),
        ({"trace_type": ["noise"] * 5 + ["quake"]}, "line 7, trace f: trace_type is quake; it has to be earthquake or"),
        ({"end_sample": [6002] * 6}, "end_sample is 6002.0; its trace has only 6000 samples at 100 Hz (6 such rows)"),
        ({"start_sample": [-1, 0, 0, 0, 0, 0]}, "line 2, trace a: start_sample is -1.0; the window begins before"),
        ({"start_sample": 3000}, "line 2, trace a: start_sample is 3000.0; the window ends before it starts"),
        ({"start_sample": "x"}, "line 2, trace a: start_sample is x; it has to be a number (6 such rows)"),
        ({"end_sample": ["", 3100, 3200, 3300, 3400, 6000]}, "line 2, trace a: end_sample is ; it has to be a number"),
        ({"sampling_rate": 0}, "line 2, trace a: sampling_rate is 0.0; it has to be above 0 Hz"),
        ({"sampling_rate": 20}, "its trace has only 6000 samples at 100 Hz"),
        ({"trace_type": ["noise"] * 6}, "task1.csv: no earthquake window for task 1 in dev; take 1 out of"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path, changes, message):
    prepared(tmp_path / "data")
    publish(tmp_path / "published", task1(**changes))
    assert f"{tmp_path / 'published' / 'task1.csv'}" in refusal(tmp_path)
    assert message in refusal(tmp_path)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"phase_label": ["P"] * 5 + ["Pg"]}, "line 7, trace f: phase_label is Pg; it has to be P or S"),
        ({"phase_onset": [500] * 6}, "line 7, trace f: phase_onset is 500.0; it lies outside its window"),
        ({"phase_onset": [1000, 600, 700, 800, 410, 3900]}, "line 2, trace a: phase_onset is 1000.0; it lies outside"),
        ({"phase_onset": ["nan"] * 6}, "phase_onset is nan; it has to be a number (6 such rows)"),
        ({"trace_split": "train"}, "task23.csv: no window for task 2 and 3 in dev; take 2 and 3 out of"),
    ],
)
def test_picks_that_do_not_fit_are_refused(tmp_path, changes, message):
    prepared(tmp_path / "data")
    publish(tmp_path / "published", None, task23(**changes))
    assert message in refusal(tmp_path, [2, 3])


def test_missing_files_and_columns_are_named(tmp_path):
    prepared(tmp_path / "data")
    publish(tmp_path / "published", task1().drop(columns=["trace_split", "end_sample"]))
    assert "task1.csv: no column trace_split, end_sample" in refusal(tmp_path)
    assert f"{tmp_path / 'published' / 'task23.csv'}: missing" in refusal(tmp_path, [3])
    (tmp_path / "published" / "task1.csv").write_text("")
    assert "task1.csv: not readable as a table" in refusal(tmp_path)


def test_one_bad_file_leaves_nothing_written(tmp_path):
    prepared(tmp_path / "data")
    publish(tmp_path / "published", task1(), task23(phase_label="L"))
    assert "phase_label is L" in refusal(tmp_path, [1, 2, 3])
