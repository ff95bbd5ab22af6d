"""Files of evaluation windows: written whole from prepared metadata or not at all, and right for real labels."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pickbench.errors import InputError
from pickbench.phases import arrivals
from pickbench.windows.rules import detection_windows, phase_windows, write_windows
from tests.unit.prepared_tables import RULES, table

SHARED = Path(__file__).parents[3] / "shared" / "data"


def dataset(folder, metadata, chunks=("",)):
    """Write prepared metadata, in parts of equal size; the waveforms are empty files that nobody could open."""
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-len(metadata) // len(chunks))
    for number, chunk in enumerate(chunks):
        metadata.iloc[number * size : (number + 1) * size].to_csv(folder / f"metadata{chunk}.csv", index=False)
        (folder / f"waveforms{chunk}.hdf5").touch()
    if len(chunks) > 1:
        (folder / "chunks").write_text("\n".join(chunks) + "\n")
    return folder


def full_metadata():
    """Six splits' worth of traces, with all that tasks 1, 2 and 3 need."""
    metadata = table([18000] * 12, split=["train", "dev", "test"] * 4, P=6000.0, S=9000.5)
    metadata["station_code"] = "NA"
    metadata.loc[3:5, ["trace_P_arrival_sample", "trace_S_arrival_sample"]] = np.nan
    metadata.loc[4, "trace_raw_name"] = "NA"
    return metadata


def write(folder, tasks=(1, 2, 3), mapping=None, rules=RULES):
    task1, task23 = folder / "out" / "task1.csv", folder / "out" / "task23.csv"
    write_windows(folder, tasks, rules, mapping, task1, task23)
    return task1, task23


def test_written_windows_are_those_of_the_metadata_in_any_chunking(tmp_path):
    metadata = full_metadata()
    for chunks in ([""], ["_0000", "_0001"], ["_0000", "_0001", "_0002", "_0003", "_0004"]):
        folder = dataset(tmp_path / str(len(chunks)), metadata, chunks)
        for path, make in zip(write(folder), (detection_windows, phase_windows), strict=True):
            text = {"trace_chunk": str}
            found = pd.read_csv(path, keep_default_na=False, dtype=text).astype({"trace_name": "str"})
            expected = make(metadata, RULES)
            size = -(-12 // len(chunks))
            expected["trace_chunk"] = [chunks[i // size] for i in expected["trace_idx"]]
            pd.testing.assert_frame_equal(found, expected, check_dtype=False, check_exact=True)


def test_only_the_tasks_that_are_declared_are_written(tmp_path):
    folder = dataset(tmp_path, full_metadata())
    write_windows(folder, [1], RULES, None, tmp_path / "a" / "task1.csv", None)
    write_windows(folder, [3], RULES, None, None, tmp_path / "b" / "task23.csv")
    assert {path.name for path in tmp_path.glob("?/*")} == {"task1.csv", "task23.csv"}


def refusal(folder, **arguments):
    """Message of an InputError; nothing may have been written."""
    with pytest.raises(InputError) as error:
        write(folder, **arguments)
    assert not (folder / "out").exists()
    return str(error.value)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_task_without_windows_is_refused(tmp_path, split):
    metadata = full_metadata()
    here = metadata["split"] == split
    no_noise = dataset(tmp_path / "n", metadata.assign(trace_picks_outside=here.astype(int)))
    message = refusal(no_noise)
    assert f"metadata of {no_noise}: no noise window for task 1 in {split}; take 1 out of" in message
    noise_only = dataset(tmp_path / "e", metadata[~here | metadata["trace_P_arrival_sample"].isna()])
    assert f"no earthquake window for task 1 in {split}" in refusal(noise_only)
    assert f"no window for task 2 and 3 in {split}; take 2 and 3 out of the dataset's `tasks`" in refusal(
        noise_only, tasks=[2, 3]
    )
    assert f"no window for task 1 in {split}" in refusal(dataset(tmp_path / "0", metadata[~here]))
    s_columns = [name for name in metadata if name.startswith("trace_S") and name.endswith("_arrival_sample")]
    only_p = dataset(tmp_path / "p", metadata.assign(**{name: metadata[name].mask(here) for name in s_columns}))
    assert f"no S window for task 2 in {split}; take 2 out" in refusal(only_p, tasks=[2, 3])


def test_unusable_metadata_is_refused(tmp_path):
    good = full_metadata()
    assert f"{tmp_path / 'metadata.csv'}: missing" in refusal(tmp_path)
    folder = dataset(tmp_path / "raw", good.drop(columns=["trace_raw_name", "split"]))
    assert "metadata.csv: no column trace_raw_name, split" in refusal(folder)
    folder = dataset(tmp_path / "text", good.astype({"trace_P_arrival_sample": object}).replace(6000.0, "six"))
    assert "metadata.csv: not readable" in refusal(folder)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "metadata.csv").touch()
    (tmp_path / "empty" / "waveforms.hdf5").touch()
    assert "not readable" in refusal(tmp_path / "empty")
    assert "no window for task 1" in refusal(dataset(tmp_path / "header", good[:0]))


def test_a_mapping_that_misses_the_table_is_refused(tmp_path):
    folder = dataset(tmp_path / "a", full_metadata())
    message = refusal(folder, mapping={"trace_P_arrival_sample": "P", "trace_s_arrival_sample": "S"})
    assert "no arrival column trace_s_arrival_sample" in message and "trace_S_arrival_sample" in message
    folder = dataset(tmp_path / "b", full_metadata().rename(columns=lambda name: name.replace("_arrival_", "_pick_")))
    assert "no arrival column with a phase of the default mapping" in refusal(folder)


def test_a_mapped_column_of_any_name_is_read(tmp_path):
    metadata = full_metadata().rename(columns={"trace_P_arrival_sample": "first_break"})
    folder = dataset(tmp_path, metadata)
    _, task23 = write(folder, mapping={"first_break": "P", "trace_S_arrival_sample": "S"})
    assert set(pd.read_csv(task23)["full_phase_label"]) == {"first_break", "S"}


@pytest.mark.parametrize("name", ["ncedc-phasenet", "ncedc-easyquake", "obs-obstransformer", "stead-ta109c"])
def test_windows_of_real_labels(name):
    path = SHARED / name / "metadata.csv"
    if not path.exists():
        pytest.skip(f"no real labelled data at {path.parent}")
    metadata = pd.read_csv(path).assign(split="test", trace_raw_dataset=name, trace_raw_chunk="", trace_picks_outside=0)
    metadata["trace_raw_name"] = metadata["trace_name"]
    picks = arrivals(metadata)
    first = picks.groupby("trace_idx")["sample"].min()
    task1, task23 = detection_windows(metadata, RULES), phase_windows(metadata, RULES)

    events = task1[task1["trace_type"] == "earthquake"].set_index("trace_idx")
    # All of these first arrivals lie more than 1 s inside, so each trace with picks has its window.
    assert set(events.index) == set(first.index)
    assert (first - events["start_sample"] >= 100).all() and (events["end_sample"] - first >= 100).all()
    noise = task1[task1["trace_type"] == "noise"].set_index("trace_idx")
    assert set(metadata.index) - set(first.index) <= set(noise.index)
    before = noise.join(first, how="inner")
    assert (before["end_sample"] + 100 <= before["sample"]).all()
    assert set(before.index) == set(first.index[first >= 3100])

    assert ((task23["end_sample"] - task23["start_sample"]) == 1000).all() and len(task23) > 0
    crossed = task23.merge(picks, on="trace_idx")
    held = crossed[crossed["sample"].between(crossed["start_sample"] - 49.99, crossed["end_sample"] + 49.99)]
    assert len(held) == len(task23) and (held["sample"] == held["phase_onset"]).all()
