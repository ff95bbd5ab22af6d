"""What a disk or a killed process may do to a file is found when the file is read, and named: it is never used.

Every file is written as the product does, then a bit is turned in it or its end cut off, at places drawn at random.
"""

import random
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pickbench.candidate import _keep_fit, _read_fit
from pickbench.data.checksums import row_checksums, write_checksums
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.files import read_json, write_json
from pickbench.metrics.cells import read_columns
from pickbench.metrics.table import COLUMNS, as_table, read_metrics, write_metrics
from pickbench.models.base import HISTORY_COLUMNS, Fit, load_weights, save_weights
from pickbench.prediction import write_answers
from pickbench.training.progress import load_checkpoint, save_checkpoint
from pickbench.windows.tables import read_metadata, read_windows, write_table
from tests.unit.conftest import run_prepare, run_split, write_raw

TIMES = 60
WINDOWS = pd.DataFrame(
    {
        "trace_name": ["a", "b"],
        "trace_chunk": "",
        "trace_split": "dev",
        "trace_type": ["earthquake", "noise"],
        "trace_idx": [0, 1],
        "sampling_rate": 100.0,
        "start_sample": [1, 2],
        "end_sample": [3001, 3002],
    }
)
RESULTS = as_table([{**dict.fromkeys(COLUMNS, 1), "model": "a", "value": 0.1 + 0.2}])
ANSWERS = pd.DataFrame({"p_sample_pred": [10.5, 20.25]})
WEIGHTS = {"layer.weight": np.arange(12.0).reshape(3, 4), "layer.bias": np.zeros(3)}
# How the product writes and reads a file of each kind.
KINDS = {
    "task1.csv": (lambda path: write_table(WINDOWS, path), lambda path: read_windows(path, "dev")),
    "seed42.csv": (lambda path: write_metrics(RESULTS, path), read_metrics),
    "metrics.parquet": (lambda path: write_metrics(RESULTS, path), read_metrics),
    "dev_task23.parquet": (
        lambda path: write_answers(path, WINDOWS, ANSWERS),
        lambda path: read_columns(path, ["p_sample_pred"]),
    ),
    "selected.json": (lambda path: write_json(path, {"lr": "0.001"}, sealed=True), read_json),
    "weights.npz": (lambda path: save_weights(path, WEIGHTS, sealed=True), load_weights),
}


def damages(path: Path, times: int = TIMES):
    """Do one thing after the other to a file, and put it right at the end."""
    whole, drawn = path.read_bytes(), random.Random(path.name)
    for cut in (0, 1, len(whole) // 2, -1):
        path.write_bytes(whole[:cut])
        yield f"cut at {cut}"
    for _ in range(times):
        place = drawn.randrange(8 * len(whole))
        torn = bytearray(whole)
        torn[place // 8] ^= 1 << place % 8
        path.write_bytes(torn)
        yield f"bit {place}"
    path.write_bytes(whole)


# Some of them are copied without what they were made from.
COPIED = "(, or copy it again where results were copied without data)?"


@pytest.mark.parametrize("name", KINDS)
def test_damaged_files_are_named_in_one_line(name, tmp_path):
    path = tmp_path / name
    write, read = KINDS[name]
    write(path)
    read(path)
    # Predictions are made again by a job that goes by its own notes.
    made_with = r"\S+/cells\.json" if name == "dev_task23.parquet" else "it"
    for what in damages(path):
        with pytest.raises(InputError, match=rf"{name}.*delete {made_with} to have it made again{COPIED}$") as caught:
            pytest.fail(f"{what}: {read(path)}")
        assert "\n" not in str(caught.value)
    # Written again, it is as good as new.
    path.unlink()
    write(path)
    read(path)


def test_checksums_beside_files_are_those_of_sha256sum(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1}, sealed=True)
    done = subprocess.run(
        ["sha256sum", "-c", "a.json.sha256"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "a.json: OK\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.json.sha256"]


def test_a_file_from_elsewhere_needs_no_checksum(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    assert read_json(tmp_path / "a.json") == {}


def test_rows_are_summed_up():
    # 1.0 is 0x3f800000, 2.0 is 0x40000000 (IEEE 754); a sum of three does not fit into 32 bits.
    rows = np.array([[[1.0], [1.0], [2.0]], [[0.0], [0.0], [0.0]]], dtype="<f4")
    assert row_checksums(rows).tolist() == [2 * 0x3F800000 + 0x40000000, 0]


@pytest.fixture
def prepared(tmp_path, noise) -> Path:
    """A prepared dataset of traces in several blocks."""
    table = {"split": ["train", "dev", "test", "test"]}
    outputs = run_prepare(write_raw(tmp_path / "raw", [noise(n) for n in (300, 311, 40, 500)], table), into=tmp_path)
    folder = run_split([outputs], tmp_path)
    write_checksums([folder / "metadata.csv", folder / "waveforms.hdf5"], folder / "checksums.json")
    return folder


def test_damaged_tables_of_prepared_data_are_named(prepared):
    for reader in (PreparedDataset, lambda folder: read_metadata(folder, [])):
        reader(prepared)
        for what in damages(prepared / "metadata.csv", times=20):
            with pytest.raises(InputError, match=r"metadata.csv: not as it was written, checksums.json says"):
                pytest.fail(f"{what}: {reader(prepared)}")


def test_damage_between_prepare_and_split_is_named(prepared):
    outputs = {"metadata": prepared / "prepared.csv", "dropped": prepared / "dropped.part.json"}
    for _ in damages(prepared / "prepared.csv", times=5):
        with pytest.raises(InputError, match=r"prepared.csv: not as it was written, prepared.csv.sha256 says"):
            run_split([outputs], prepared)


def test_damaged_waveforms_are_never_used(prepared):
    """A file in HDF5 has places that hold nothing: what is read there is as it was, or is refused."""
    traces, starts = np.arange(4), np.zeros(4, int)

    def read() -> list[bytes]:
        dataset = PreparedDataset(prepared)
        pieces, _ = dataset.crop(traces, starts, 600)
        return [pieces.tobytes(), *(dataset.waveform(number).tobytes() for number in traces)]

    whole, refused = read(), 0
    for _ in damages(prepared / "waveforms.hdf5", times=400):
        try:
            assert read() == whole
        except InputError as error:
            refused += 1
            assert "waveforms.hdf5" in str(error) and "\n" not in str(error)
    assert refused > 100


def test_a_changed_sample_is_found_by_its_trace_and_others_are_read(prepared):
    path, dataset = prepared / "waveforms.hdf5", PreparedDataset(prepared)
    sample = dataset.waveform(3)[1, 250]
    content = path.read_bytes()
    place = content.index(sample.tobytes())
    path.write_bytes(content[:place] + np.nextafter(sample, 2 * sample).tobytes() + content[place + 4 :])
    torn, name = PreparedDataset(prepared), dataset.metadata["trace_name"][3].replace("$", r"\$")
    for _ in range(2):
        with pytest.raises(InputError, match=rf"waveforms.hdf5: not as it was written, its checksum of trace {name}"):
            torn.crop(np.array([0, 3]), np.array([0, 0]), 10)
    np.testing.assert_array_equal(torn.waveform(2), dataset.waveform(2))


def test_damaged_checkpoints_start_a_training_again(tmp_path):
    path = tmp_path / "a.ckpt"
    save_checkpoint(path, {"network": torch.arange(5.0), "progress": {"history": [{"epoch": 1}]}})
    assert load_checkpoint(path)["network"].tolist() == [0, 1, 2, 3, 4]
    for what in damages(path, times=200):
        assert load_checkpoint(path) is None, what
    assert load_checkpoint(path)["progress"] == {"history": [{"epoch": 1}]}


@pytest.mark.parametrize("name", ["weights.npz", "history.csv", "fit.json"])
def test_a_damaged_fit_is_trained_again(name, tmp_path, caplog):
    history = pd.DataFrame([["A", 1, 0.5, 0.25, 1.0, 1.5, 0.5]], columns=HISTORY_COLUMNS)
    _keep_fit(tmp_path, Fit(WEIGHTS, history, {"p_sample_pred": 0.25}, facts={"ended": "epochs"}))
    np.testing.assert_array_equal(_read_fit(tmp_path).weights["layer.weight"], WEIGHTS["layer.weight"])
    again = 0
    for what in damages(tmp_path / name):
        caplog.clear()
        kept = _read_fit(tmp_path)
        if kept is None:
            again += 1
            assert "not as it was written: training starts again" in caplog.text
        else:  # blanks between the words of JSON say nothing
            assert name == "fit.json", what
            assert kept.dev_loss == {"p_sample_pred": 0.25} and kept.facts == {"ended": "epochs"}
    assert again > TIMES / 2
