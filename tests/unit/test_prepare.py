"""Prepare: what goes in by hand comes out as counted by hand, and what SeisBench reads is what was put in."""

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pickbench.data.components import assign_channels
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.files import read_json, sha256
from tests.unit.conftest import run_prepare, run_split, write_raw

LABELS = {"split": ["train", "dev", "test"]}


def prepared_table(outputs) -> pd.DataFrame:
    return pd.read_csv(outputs["metadata"], dtype={"trace_raw_chunk": str, "station_network_code": str})


def waveforms_of(outputs) -> list[np.ndarray]:
    """Waveforms in the order of the table, read with h5py alone."""
    with h5py.File(outputs["waveforms"]) as file:
        found = []
        for name in prepared_table(outputs)["trace_name"]:
            block, position = name.split("$")
            row, _, npts = position.split(",")
            found.append(file["data"][block][int(row), :, : int(npts[1:])])
        return found


@pytest.mark.parametrize("storage", ["block", "gzip", "single"])
@pytest.mark.parametrize("dimensions", ["CW", "WC"])
def test_traces_at_the_final_rate_come_out_bit_for_bit(tmp_path, noise, storage, dimensions):
    waveforms = [noise(npts) for npts in (600, 600, 555, 90, 600, 600, 601)]
    stored = [waveform.T if dimensions == "WC" else waveform for waveform in waveforms]
    raw = write_raw(tmp_path / "raw", stored, storage=storage, data_format={"dimension_order": dimensions})
    if storage == "single":
        table = pd.read_csv(raw / "metadata.csv")
        assert not table["trace_name"].str.contains("$", regex=False).any()
    outputs = run_prepare(raw, into=tmp_path / "out")
    for waveform, expected in zip(waveforms_of(outputs), waveforms, strict=True):
        assert waveform.dtype == np.float32
        np.testing.assert_array_equal(waveform, expected)
    assert prepared_table(outputs)["trace_npts"].tolist() == [600, 600, 555, 90, 600, 600, 601]
    assert read_json(outputs["dropped"])["dropped"] == {}


def test_positions_in_a_block_may_be_any_slices_that_seisbench_reads(tmp_path, noise):
    raw = write_raw(tmp_path / "raw", [noise(600, 5) for _ in range(4)], data_format={"component_order": "ZNE"})
    with h5py.File(raw / "waveforms.hdf5") as file:
        block = file["data/bucket0"][()]
    names = ["bucket0$3,:3,:600", "bucket0$1,1:4,100:300", "bucket0$0, 2:5, :500:2", "bucket0$2,:-2,:"]
    expected = [block[3, :3], block[1, 1:4, 100:300], block[0, 2:5, :500:2], block[2, :3]]
    pd.DataFrame({"trace_name": names, "trace_sampling_rate_hz": 100.0}).to_csv(raw / "metadata.csv", index=False)
    for waveform, wanted in zip(waveforms_of(run_prepare(raw, into=tmp_path / "out")), expected, strict=True):
        np.testing.assert_array_equal(waveform, wanted)


def test_waveforms_and_positions_go_to_100_hz_together(tmp_path):
    """A spike at the pick stays at the pick, whatever the native rate."""
    rates, npts = [20.0, 40.0, 100.0, 125.0, 200.0, 500.0], [600, 1200, 3000, 3750, 6000, 15_000]
    waveforms, picks = [], []
    for rate, samples in zip(rates, npts, strict=True):
        waveform = np.zeros((3, samples), np.float32)
        picks.append(round(7.6 * rate))
        waveform[:, picks[-1]] = [1, 2, 3]
        waveforms.append(waveform)
    table = {
        "trace_sampling_rate_hz": rates,
        "trace_Pg_arrival_sample": picks,
        "trace_PmP_arrival_sample": [np.nan, 10.25, np.nan, np.nan, 10.25, np.nan],
        "trace_coda_end_sample": ["400.5", "[[400.]]", "[[400.]]", "", "400.5", ""],
        "trace_dt_s": [1 / rate for rate in rates],
    }
    outputs = run_prepare(write_raw(tmp_path / "raw", waveforms, table), into=tmp_path / "out")
    found = prepared_table(outputs)
    assert found["trace_Pg_arrival_sample"].tolist() == [760.0] * 6
    np.testing.assert_array_equal(found["trace_PmP_arrival_sample"], [np.nan, 25.625, np.nan, np.nan, 5.125, np.nan])
    # A position that is no number stays only where the waveform stayed.
    assert found["trace_coda_end_sample"].fillna("").tolist() == ["2002.5", "", "[[400.]]", "", "200.25", ""]
    assert found["trace_raw_sampling_rate_hz"].tolist() == rates
    assert (found["trace_sampling_rate_hz"] == 100).all() and (found["trace_dt_s"] == 0.01).all()
    assert (found["trace_npts"] == 3000).all()
    for waveform in waveforms_of(outputs):
        assert np.argmax(waveform, axis=1).tolist() == [760, 760, 760]
        np.testing.assert_allclose(waveform[:, 760] / waveform[0, 760], [1, 2, 3], rtol=1e-5)


def test_the_sampling_rate_is_found_where_seisbench_finds_it(tmp_path, noise):
    table = {"trace_sampling_rate_hz": [50.0, np.nan, np.nan], "trace_dt_s": [0.01, 0.02, np.nan]}
    raw = write_raw(tmp_path / "raw", [noise(100)] * 3, table, data_format={"sampling_rate": 25})
    found = prepared_table(run_prepare(raw, into=tmp_path / "out"))
    assert found["trace_raw_sampling_rate_hz"].tolist() == [50, 50, 25]
    assert found["trace_npts"].tolist() == [200, 200, 400]


def test_every_reason_to_drop_a_trace_is_counted(tmp_path, noise):
    good, broken, infinite, huge, zero, flat = (noise() for _ in range(6))
    broken[1, 17] = np.nan
    infinite[2, 0] = np.inf
    huge = huge.astype(np.float64) * 1e300
    zero[:] = 0
    flat[:] = [[3], [0], [-2]]
    waveforms = [good, broken, infinite, huge, zero, flat, good, good, good, good, good[:, :1], good]
    rates = [100.0] * 6 + [np.nan, -100, 1e6] + [100.0] * 3
    raw = write_raw(
        tmp_path / "raw",
        [waveform.astype(np.float64) for waveform in waveforms],
        {
            "trace_sampling_rate_hz": rates,
            "trace_component_order": ["ZNE"] * 9 + ["UVW"] + ["ZNE"] * 2,
            "trace_p_arrival_sample": [5.0] * 10 + [np.nan, 600],
        },
        storage="single",
    )
    table = pd.read_csv(raw / "metadata.csv")
    pd.concat([table, table.iloc[[0, 1]]]).to_csv(raw / "metadata.csv", index=False)
    account = read_json(run_prepare(raw, into=tmp_path / "out")["dropped"])
    assert account["traces_in"] == 14
    assert account["traces_out"] == 1
    assert account["dropped"] == {
        "duplicate_name": 2,
        "bad_sampling_rate": 3,
        "unknown_components": 1,
        "empty": 1,
        "all_picks_outside": 1,
        "non_finite": 3,
        "all_zero": 1,
        "constant": 1,
    }
    assert account["names"]["bad_sampling_rate"] == [["raw", "", f"trace{number}"] for number in (6, 7, 8)]
    assert account["examples"]["non_finite"] == ["trace1", "trace2", "trace3"]


def test_every_mend_is_counted_and_what_is_missing_is_zero(tmp_path, noise):
    dead = noise()
    dead[1] = 42  # The N channel hangs at an offset.
    waveforms = [noise(), dead, noise(channels=1), noise(channels=2), noise(), noise(), noise(channels=4), noise()]
    orders = ["ENZ", "ZNE", "Z", "NE", "Z12", "32Z", "Z21H", "ZNE"]
    table = {
        "trace_component_order": orders,
        "trace_Pg_arrival_sample": [1, 1, 1, 1, 1, 1, 1, 599.5],
        "trace_Sg_arrival_sample": [600, -1, 2, 2, 2, 2, np.nan, np.inf],
        "trace_PmP_arrival_sample": [-0.5, 3, 3, 3, 3, 3, 3, 3],
    }
    outputs = run_prepare(write_raw(tmp_path / "raw", waveforms, table, storage="single"), into=tmp_path / "out")
    account = read_json(outputs["dropped"])
    assert account["mended"] == {
        "picks_outside": 3,
        "missing_N": 1,
        "missing_NE": 1,
        "missing_Z": 1,
        "horizontals_12_as_NE": 2,
        "horizontals_23_as_NE": 1,
        "other_components_left_out": 1,
    }
    found = prepared_table(outputs)
    assert found["trace_components_present"].tolist() == ["ZNE", "ZE", "Z", "NE", "ZNE", "ZNE", "ZNE", "ZNE"]
    assert (found["trace_component_order"] == "ZNE").all()
    assert found["trace_picks_outside"].tolist() == [2, 1, 0, 0, 0, 0, 0, 1]
    assert found["trace_Sg_arrival_sample"].notna().tolist() == [False, False, True, True, True, True, False, False]
    expected = [(2, 1, 0), (0, None, 2), (0, None, None), (None, 0, 1), (0, 1, 2), (2, 1, 0), (0, 2, 1), (0, 1, 2)]
    for waveform, raw, rows in zip(waveforms_of(outputs), waveforms, expected, strict=True):
        for component, row in zip(waveform, rows, strict=True):
            np.testing.assert_array_equal(component, 0 if row is None else raw[row])


@pytest.mark.parametrize("order", ["123", "Z3", "Z1", "ZZE", "ZRT", "ABC", "ZNE12", "H", "13", "23", "ZN", ""])
def test_ambiguous_components_are_not_guessed(order):
    assert assign_channels(order, 3 if order == "ZN" else len(order)) is None


def test_two_parts_with_the_same_names_and_different_columns_stay_apart(tmp_path, noise):
    events = write_raw(
        tmp_path / "Events",
        [noise() for _ in range(3)],
        {"trace_P_arrival_sample": [100, 200, 300], "station_network_code": ["NA", "01", "1e5"]},
        data_format={"unit": "counts"},
    )
    quiet = write_raw(
        tmp_path / "Noise",
        [noise() for _ in range(2)],
        {"trace_category": ["noise"] * 2},
        data_format={"unit": "m/s", "measurement": "velocity"},
    )
    outputs = run_prepare(events, quiet, into=tmp_path / "out")
    found = pd.read_csv(outputs["metadata"], dtype=str, keep_default_na=False)
    assert found["trace_raw_dataset"].tolist() == ["Events"] * 3 + ["Noise"] * 2
    assert found["trace_raw_name"].tolist()[0] == found["trace_raw_name"].tolist()[3] == "bucket0$0,:3,:600"
    assert found["trace_P_arrival_sample"].tolist() == ["100.0", "200.0", "300.0", "", ""]
    assert found["trace_category"].tolist() == ["", "", "", "noise", "noise"]
    assert found["station_network_code"].tolist() == ["NA", "01", "1e5", "", ""]  # Text stays text.
    assert not found["trace_name"].duplicated().any()
    with h5py.File(outputs["waveforms"]) as file:
        described = {key: value[()] for key, value in file["data_format"].items()}
    assert described == {
        "dimension_order": b"CW",
        "component_order": b"ZNE",
        "sampling_rate": 100.0,
        "unit": b"mixed",
        "measurement": b"velocity",
    }


@pytest.mark.parametrize("chunks", [1, 2, 5, 11])
def test_shares_of_a_chunked_dataset_add_up_to_the_whole(tmp_path, noise, chunks):
    waveforms = [noise(100 + number) for number in range(9)]
    splits = ["train", "dev", "test"] * 3
    for name, first, last in (("_b", 4, 9), ("_a", 0, 4)):
        write_raw(tmp_path / "raw", waveforms[first:last], {"split": splits[first:last]}, chunk=name)
    (tmp_path / "raw" / "chunks").write_text("_b\n_a\n")
    # A quoted line break and a blank line are no rows.
    path = tmp_path / "raw" / "metadata_b.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0] + ",note", lines[1] + ',"two\nlines"', "", *(x + "," for x in lines[2:])]))
    outputs = [
        run_prepare(tmp_path / "raw", into=tmp_path / "out", chunk=chunk, chunks=chunks) for chunk in range(chunks)
    ]
    assert [read_json(output["dropped"])["dropped"] for output in outputs] == [{}] * chunks
    found = pd.concat([prepared_table(output) for output in outputs])
    assert found["trace_npts"].tolist() == list(range(100, 109))
    assert found["trace_raw_chunk"].tolist() == ["_a"] * 4 + ["_b"] * 5
    together = [waveform for output in outputs for waveform in waveforms_of(output)]
    for waveform, expected in zip(together, waveforms, strict=True):
        np.testing.assert_array_equal(waveform, expected)
    dataset = PreparedDataset(run_split(outputs, tmp_path / "out"))
    assert len(dataset) == 9
    for number, expected in enumerate(waveforms):
        np.testing.assert_array_equal(dataset.waveform(number), expected)


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_repeated_name_is_dropped_in_whichever_share_it_comes_again(tmp_path, noise, chunks):
    raw = write_raw(tmp_path / "raw", [noise() for _ in range(5)])
    table = pd.read_csv(raw / "metadata.csv")
    pd.concat([table, table.iloc[[1]]]).to_csv(raw / "metadata.csv", index=False)
    outputs = [run_prepare(raw, into=tmp_path / "out", chunk=chunk, chunks=chunks) for chunk in range(chunks)]
    dropped = [read_json(output["dropped"])["names"] for output in outputs]
    assert dropped == [{}] * (chunks - 1) + [{"duplicate_name": [["raw", "", "bucket0$1,:3,:600"]]}]


def test_blocks_are_contiguous_and_aligned_for_the_memory_map(tmp_path, noise):
    raw = write_raw(tmp_path / "raw", [noise(npts) for npts in (7, 50, 333)], data_format={"unit": "m/s"})
    with h5py.File(run_prepare(raw, into=tmp_path / "out")["waveforms"]) as file:
        assert len(file["data"]) == 3
        assert all(block.chunks is None and block.id.get_offset() % 64 == 0 for block in file["data"].values())


def test_seisbench_opens_the_result(tmp_path, noise):
    import seisbench.data as sbd

    waveforms = [noise(npts) for npts in (600, 900, 640)]
    table = {**LABELS, "trace_sampling_rate_hz": [50.0, 100.0, 200.0], "trace_p_arrival_sample": [10, 20, 30]}
    raw = write_raw(tmp_path / "raw", waveforms, table)
    folder = tmp_path / "out"
    outputs = [run_prepare(raw, into=folder, chunk=chunk, chunks=2) for chunk in range(2)]
    ours = PreparedDataset(run_split(outputs, folder))
    theirs = sbd.WaveformDataset(folder)
    assert theirs.metadata["trace_p_arrival_sample"].tolist() == [20, 20, 15]
    for number in range(3):
        waveform, metadata = theirs.get_sample(number)
        np.testing.assert_array_equal(waveform, ours.waveform(number))
        assert metadata["trace_sampling_rate_hz"] == ours.sampling_rate_hz == 100
    assert len(theirs.train()) == len(theirs.dev()) == len(theirs.test()) == 1


def test_the_same_input_gives_the_same_bytes(tmp_path, noise):
    raw = write_raw(tmp_path / "raw", [noise(npts) for npts in (600, 30, 640)], {"trace_sampling_rate_hz": 40.0})
    first, second = (run_prepare(raw, into=tmp_path / name) for name in ("one", "two"))
    for name, path in first.items():
        assert sha256(path) == sha256(second[name]), name


@settings(max_examples=20)
@given(
    npts=st.lists(st.integers(2, 3000), min_size=1, max_size=20),
    rate=st.sampled_from([20.0, 100.0, 200.0]),
    budget=st.sampled_from([1, 40_000, 2**25]),
    data=st.data(),
)
def test_any_lengths_in_any_batches_keep_their_order(tmp_path_factory, npts, rate, budget, data):
    """Each trace holds its own number, so that a swapped one shows."""
    folder = tmp_path_factory.mktemp("batches")
    waveforms = []
    for number, samples in enumerate(npts):
        waveforms.append(np.full((3, samples), number + 1.0, np.float32))
        waveforms[-1][:, 0] -= 0.5  # So that no trace is constant.
    raw = write_raw(folder / "raw", waveforms, {"trace_sampling_rate_hz": rate})
    rows = data.draw(st.permutations(range(len(npts))))
    pd.read_csv(raw / "metadata.csv").iloc[rows].to_csv(raw / "metadata.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pickbench.data.prepare.BATCH_BYTES", budget)
        patch.setattr("pickbench.data.prepare.BATCH_TRACES", 7)
        outputs = run_prepare(raw, into=folder / "out")
    found = [float(np.round(np.median(waveform))) for waveform in waveforms_of(outputs) if waveform.shape[1] > 20]
    assert found == [row + 1 for row in rows if -(-npts[row] * 100 // rate) > 20]


def damaged(kind, raw):
    table, waveforms = raw / "metadata.csv", raw / "waveforms.hdf5"
    text = table.read_text()
    if kind == "missing block":
        table.write_text(text.replace("bucket0$1", "bucket7$1"))
    elif kind == "row outside":
        table.write_text(text.replace("bucket0$1", "bucket0$99"))
    elif kind == "no position":
        table.write_text(text.replace("bucket0$1", "bucket0$x"))
    elif kind == "no name":
        table.write_text(text.replace("trace_name", "name"))
    elif kind == "latin-1":
        table.write_bytes(text.replace("5.0", "\xe9").encode("latin-1"))
    elif kind == "pick":
        table.write_text(text.replace("5.0", "soon"))
    elif kind == "truncated":
        waveforms.write_bytes(waveforms.read_bytes()[:-2000])
    elif kind == "no data":
        with h5py.File(waveforms, "a") as file:
            del file["data"]
    elif kind == "three dimensions":
        table.write_text(text.replace("bucket0$1,:3,:600", "bucket0"))
    elif kind == "dimension order":
        with h5py.File(waveforms, "a") as file:
            file["data_format/dimension_order"][()] = "HW"
    elif kind == "no waveforms":
        waveforms.unlink()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing block", ["waveforms.hdf5", "bucket7$1,:3,:600", "block bucket7"]),
        ("row outside", ["waveforms.hdf5", "bucket0$99,:3,:600", "row 99"]),
        ("no position", ["waveforms.hdf5", "bucket0$x,:3,:600"]),
        ("no name", ["metadata.csv", "trace_name"]),
        ("latin-1", ["metadata.csv", "UTF-8", "0xe9"]),
        ("pick", ["metadata.csv", "bucket0$0,:3,:600", "trace_p_arrival_sample", "'soon'"]),
        ("truncated", ["waveforms.hdf5", "truncated"]),
        ("no data", ["waveforms.hdf5", "no group 'data'"]),
        ("three dimensions", ["waveforms.hdf5", "trace bucket0", "(2, 3, 600)"]),
        ("dimension order", ["waveforms.hdf5", "'HW'"]),
        ("no waveforms", ["waveforms.hdf5", "missing"]),
    ],
)
def test_damaged_input_is_named_in_one_line_and_leaves_no_file(tmp_path, noise, kind, words):
    raw = write_raw(tmp_path / "raw", [noise(), noise()], {"trace_p_arrival_sample": 5.0})
    outputs = run_prepare(raw, into=tmp_path / "out")
    for path in [*outputs.values(), tmp_path / "out" / "prepared.csv.sha256"]:
        path.unlink()
    damaged(kind, raw)
    from pickbench.data.prepare import prepare

    with pytest.raises(InputError) as caught:
        prepare(tmp_path / "out" / "raw.json", *outputs.values())
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["raw.json"]


def test_an_arrival_column_that_is_not_there_is_an_error(tmp_path, noise):
    raw = write_raw(tmp_path / "raw", [noise()], {"p_pick": [600.0]})
    with pytest.raises(InputError, match="p_pik"):
        run_prepare(raw, into=tmp_path / "out", arrival_columns={"p_pik": "P"})
    outputs = run_prepare(raw, into=tmp_path / "out", arrival_columns={"p_pick": "P"})
    assert read_json(outputs["dropped"])["dropped"] == {"all_picks_outside": 1}


@pytest.mark.parametrize("name", ["ncedc-phasenet", "ncedc-easyquake", "obs-obstransformer", "stead-ta109c"])
def test_real_traces_at_100_hz_come_out_unchanged(tmp_path, shared, name):
    raw = shared / "data" / name
    outputs = run_prepare(raw, into=tmp_path)
    before, after = pd.read_csv(raw / "metadata.csv"), prepared_table(outputs)
    assert after["trace_raw_name"].tolist() == before["trace_name"].tolist()
    kept = [column for column in before if column not in ("trace_name", "trace_components_present")]
    pd.testing.assert_frame_equal(after[kept], before[kept], check_dtype=False, check_exact=True)
    theirs, ours = PreparedDataset(raw), PreparedDataset(run_split([outputs], tmp_path))
    for number in range(len(theirs)):
        np.testing.assert_array_equal(ours.waveform(number), theirs.waveform(number))
    z_only = (after["trace_components_present"] == "Z").sum()
    assert z_only == {"ncedc-phasenet": 39, "ncedc-easyquake": 30}.get(name, 0)
