"""The reader of prepared datasets, against plain indexing of the same arrays."""

import pickle
from multiprocessing import get_context

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from tests.unit.conftest import run_prepare, run_split, write_raw

LENGTHS = [500, 700, 320, 900, 2, 333]


@pytest.fixture(scope="module")
def dataset_and_waveforms(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    rng = np.random.default_rng(3)
    waveforms = [rng.standard_normal((3, npts)).astype(np.float32) for npts in LENGTHS]
    table = {
        "split": ["train", "dev", "test"] * 2,
        "trace_p_arrival_sample": [10.5, np.nan, 20, 30, 1, np.nan],
        "station_network_code": ["NA", "CH", "", "1", "02", "1e3"],
        "source_id": ["1", "007", "", "x", "NA", "2"],
    }
    raw = write_raw(folder / "raw", waveforms, table)
    outputs = [run_prepare(raw, into=folder, chunk=chunk, chunks=2) for chunk in range(2)]
    return PreparedDataset(run_split(outputs, folder)), waveforms


def padded(waveform, start, length):
    """The crop done the plain way: pad by more than enough, then slice."""
    wide = np.pad(waveform, ((0, 0), (2000, 2000)))
    return wide[:, 2000 + start : 2000 + start + length]


@settings(max_examples=60)
@given(data=st.data(), length=st.integers(1, 1000))
def test_crop_equals_padding_and_slicing(dataset_and_waveforms, data, length):
    dataset, waveforms = dataset_and_waveforms
    batch = data.draw(
        st.lists(st.tuples(st.integers(0, len(LENGTHS) - 1), st.integers(-1500, 950)), min_size=1, max_size=8)
    )
    trace_idx, start = np.array(batch).T
    pieces, valid = dataset.crop(trace_idx, start, length)
    assert pieces.dtype == np.float32 and pieces.shape == (len(batch), 3, length)
    for (number, first), piece, (low, high) in zip(batch, pieces, valid, strict=True):
        np.testing.assert_array_equal(piece, padded(waveforms[number], first, length))
        inside = (np.arange(first, first + length) >= 0) & (np.arange(first, first + length) < LENGTHS[number])
        np.testing.assert_array_equal(np.flatnonzero(inside), np.arange(low, high))


def test_waveforms_are_views_that_cannot_be_written(dataset_and_waveforms):
    dataset, waveforms = dataset_and_waveforms
    for number, waveform in enumerate(waveforms):
        np.testing.assert_array_equal(dataset.waveform(number), waveform)
    with pytest.raises(ValueError, match="read-only"):
        dataset.waveform(0)[0, 0] = 1


def test_metadata_has_its_order_and_its_text(dataset_and_waveforms):
    dataset, _ = dataset_and_waveforms
    metadata = dataset.metadata
    assert metadata.index.tolist() == list(range(6))
    assert metadata["trace_npts"].tolist() == LENGTHS
    assert metadata["trace_chunk"].tolist() == ["_0000"] * 3 + ["_0001"] * 3
    assert metadata["station_network_code"].fillna("").tolist() == ["NA", "CH", "", "1", "02", "1e3"]
    assert metadata["source_id"].fillna("").tolist() == ["1", "007", "", "x", "NA", "2"]
    np.testing.assert_array_equal(metadata["trace_p_arrival_sample"], [10.5, np.nan, 20, 30, 1, np.nan])
    few = PreparedDataset(dataset.path, columns=["trace_p_arrival_sample", "not_there"])
    assert set(few.metadata) == {"trace_name", "split", "trace_npts", "trace_chunk", "trace_p_arrival_sample"}
    assert len(few) == 6 and few.sampling_rate_hz == 100


def _sum_of(dataset, number):
    return float(dataset.waveform(number).sum())


def test_it_goes_to_other_processes_small(dataset_and_waveforms):
    dataset, waveforms = dataset_and_waveforms
    dataset.waveform(0)
    assert len(pickle.dumps(dataset)) < 20_000
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(_sum_of, (dataset, 3)) == pytest.approx(waveforms[3].sum(), rel=1e-5)


def damaged(kind, folder):
    table, waveforms = folder / "metadata.csv", folder / "waveforms.hdf5"
    text = table.read_text()
    if kind == "missing block":
        table.write_text(text.replace("bucket0$1", "bucket5$1"))
    elif kind == "row outside":
        table.write_text(text.replace("bucket0$1", "bucket0$9"))
    elif kind == "raw name":
        table.write_text(text.replace("bucket0$1,:3,:600", "trace1"))
    elif kind == "truncated":
        waveforms.write_bytes(waveforms.read_bytes()[:-3000])
    elif kind == "no HDF5":
        waveforms.write_bytes(b"waves")
    elif kind == "compressed":
        with h5py.File(waveforms, "a") as file:
            block = file["data/bucket0"][()]
            del file["data/bucket0"]
            file["data"].create_dataset("bucket0", data=block, compression="gzip")
    elif kind == "not split":
        pd.read_csv(table).drop(columns="split").to_csv(table, index=False)
    elif kind == "empty table":
        table.write_text("")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing block", ["waveforms.hdf5", "bucket5$1,:3,:600"]),
        ("row outside", ["waveforms.hdf5", "bucket0$9,:3,:600"]),
        ("raw name", ["waveforms.hdf5", "trace1"]),
        ("truncated", ["waveforms.hdf5", "truncated", "delete it to have it made again"]),
        ("no HDF5", ["waveforms.hdf5", "delete it to have it made again"]),
        ("compressed", ["waveforms.hdf5", "bucket0", "contiguous"]),
        ("not split", ["metadata.csv", "split"]),
        ("empty table", ["metadata.csv"]),
    ],
)
def test_damage_is_named_in_one_line(tmp_path, noise, kind, words):
    raw = write_raw(tmp_path / "raw", [noise() for _ in range(3)], {"split": ["train", "dev", "test"]})
    folder = tmp_path / "out"
    run_split([run_prepare(raw, into=folder)], folder)
    PreparedDataset(folder).waveform(1)
    damaged(kind, folder)
    with pytest.raises(InputError) as caught:
        PreparedDataset(folder).waveform(1)
    assert all(word in str(caught.value) for word in words), caught.value
