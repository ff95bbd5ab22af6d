"""Facts of a dataset: ratios of known amplitudes, distances known from elsewhere, and the join by trace."""

import numpy as np
import pandas as pd
import pytest

from pickbench.data.facts import (
    distances_km,
    facts,
    first_numbers,
    great_circle_km,
    join_picks,
    measure_snr_db,
    read_facts,
    write_facts,
)
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from tests.conftest import write_prepared
from tests.unit.conftest import run_prepare, run_split, write_raw


def alternating(npts, onset, before, after, offset=0.0):
    """Plus and minus one amplitude before the onset and another from it on: its RMS is the amplitude."""
    vertical = np.where(np.arange(npts) < onset, before, after) * np.where(np.arange(npts) % 2, 1.0, -1.0) + offset
    return np.stack([vertical, np.full(npts, 7.0), np.full(npts, 9.0)]).astype("<f4")


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    # Signal ten times the noise is 20 dB whatever the offset, equal amplitudes are 0 dB, half is 6.02 dB less.
    waveforms = [
        alternating(1200, 600, 1, 10),
        alternating(1200, 600, 2, 2, offset=1000),
        alternating(1200, 600, 4, 2),
        alternating(1200, 600, 0, 5),  # no noise at all
        alternating(1200, 600, 1, 100),
        alternating(1200, 1150, 1, 100),  # half a second of signal
        alternating(1200, 200, 1, 1000),  # the trace begins 2 s before the pick, which leaves 1.5 s of noise
        alternating(1200, 600, 1, 0),  # no signal, yet RMS 0 is no ratio either
    ]
    sample = [600, 600, 600, 600, np.nan, 1150, 200, 600]
    columns = {"split": "test", "trace_p_arrival_sample": sample, "trace_picks_outside": 0}
    return write_prepared(tmp_path_factory.mktemp("known") / "data", waveforms, columns)


def test_ratios_of_known_amplitudes(known):
    _, picks = facts(known)
    assert picks.attrs["snr"] == "measured" and len(picks) == 7
    expected = [20, 0, 20 * np.log10(0.5), np.nan, np.nan, 60, np.nan]
    np.testing.assert_allclose(picks["snr_db"], expected, atol=0.02)


def test_a_late_label_is_measured_where_it_is(known):
    # The noise window of a label 1 s late is half a second signal: power (2.5 * 1 + 0.5 * 100) / 3.
    late = measure_snr_db(PreparedDataset(known, []), np.array([0]), np.array([700.0]))
    assert late[0] == pytest.approx(10 * np.log10(100 / ((2.5 + 0.5 * 100) / 3)), abs=0.02)


def test_the_metadata_s_ratio_goes_first(tmp_path):
    waveforms = [alternating(1200, 600, 1, 10)] * 3
    columns = {
        "split": "test",
        "trace_snr_db": ["[31.5 20.0 10.0]", "", "[nan 4.0 5.0]"],
        "trace_p_arrival_sample": [600.0, 600, 600],
        "trace_s_arrival_sample": [900.0, np.nan, np.nan],
    }
    _, picks = facts(write_prepared(tmp_path / "data", waveforms, columns))
    assert picks.attrs["snr"] == "trace_snr_db"
    assert picks["phase"].tolist() == ["P", "S", "P", "P"]
    np.testing.assert_array_equal(picks["snr_db"], [31.5, 31.5, np.nan, np.nan])


@pytest.mark.parametrize(
    ("text", "number"),
    [("[-3.5e1, 2]", -35), (" 12 ", 12), ("(.5 1)", 0.5), ("none", np.nan), ("[]", np.nan), (None, np.nan)],
)
def test_first_numbers(text, number):
    np.testing.assert_array_equal(first_numbers(pd.Series([text], dtype=object)), [number])
    np.testing.assert_array_equal(first_numbers(pd.Series([4.0, np.nan])), [4, np.nan])


def test_distances():
    # A quarter of the Earth and its half, 40,030 km around a mean sphere; London to Paris.
    found = great_circle_km(*np.array([[0, 0, 0, 90.0], [0, 0, 0, 180.0], [51.507, -0.128, 48.857, 2.351]]).T)
    np.testing.assert_allclose(found, [10007.5, 20015.1, 344], rtol=0.002)
    coordinates = {"station_latitude_deg": 0.0, "station_longitude_deg": 0.0}
    coordinates |= {"source_latitude_deg": 0.0, "source_longitude_deg": [1.0, np.nan]}
    table = pd.DataFrame(coordinates | {"path_hyp_distance_km": 200.0})
    values, kind = distances_km(table)
    np.testing.assert_allclose(values, [111.19, np.nan], atol=0.01)
    assert kind == "epicentral"
    values, kind = distances_km(table.assign(path_ep_distance_deg=2.0))
    assert kind == "epicentral" and values[0] == pytest.approx(222.39, abs=0.01)
    assert distances_km(table.assign(path_ep_distance_km=[3, ""]))[0][0] == 3
    assert distances_km(table.drop(columns="source_latitude_deg"))[1] == "hypocentral"
    assert distances_km(table[["station_latitude_deg"]])[1] == ""


def test_a_dataset_that_says_nothing(tmp_path):
    waveforms = [alternating(1200, 600, 1, 10)] * 2
    folder = write_prepared(tmp_path / "data", waveforms, {"split": ["train", "dev"]})
    write_facts(folder, None, tmp_path / "traces.parquet", tmp_path / "picks.parquet")
    traces, picks = read_facts(tmp_path / "traces.parquet"), read_facts(tmp_path / "picks.parquet")
    assert len(traces) == 2 and len(picks) == 0 and traces.attrs["distance"] == ""
    assert traces[["distance_km", "magnitude", "rate_hz", "station_latitude_deg"]].isna().all(None)
    (tmp_path / "picks.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="picks.parquet: not as it was written, picks.parquet.sha256 says; delete it"):
        read_facts(tmp_path / "picks.parquet")
    (tmp_path / "picks.parquet.sha256").unlink()
    with pytest.raises(InputError, match="picks.parquet: not a whole table of facts"):
        read_facts(tmp_path / "picks.parquet")


@pytest.fixture(scope="module")
def two_chunks(tmp_path_factory):
    """Two chunks, prepared from 50 Hz, whose traces have the same names and other distances."""
    folder = tmp_path_factory.mktemp("chunks")
    waveforms = [alternating(900, 300, 1, 10)] * 6
    table = {
        "trace_sampling_rate_hz": [50.0] * 6,
        "split": ["train", "dev", "test"] * 2,
        "path_ep_distance_km": [1.0, 2, 3, 4, 5, np.nan],
        "trace_snr_db": [10.0, 20, 30, 40, np.nan, 60],
        "trace_Pn_arrival_sample": [300.0] * 6,
        "trace_Pg_arrival_sample": [350.0] * 6,
    }
    raw = write_raw(folder / "raw", waveforms, table)
    return run_split([run_prepare(raw, into=folder, chunk=chunk, chunks=2) for chunk in range(2)], folder)


def test_the_join_is_by_trace_in_any_order(two_chunks):
    traces, picks = facts(two_chunks)
    assert traces["trace_name"].duplicated().any() and not traces.duplicated(["trace_name", "trace_chunk"]).any()
    assert (traces["rate_hz"] == 50).all() and len(picks) == 12
    rows = traces[["trace_name", "trace_chunk"]].assign(phase_label="P", phase_onset=600.0, number=range(6))
    mixed = rows.iloc[[3, 0, 5, 2, 4, 1]]
    joined = join_picks(mixed, traces.sample(frac=1, random_state=1), picks.sample(frac=1, random_state=2))
    assert joined["number"].tolist() == [3, 0, 5, 2, 4, 1]
    np.testing.assert_array_equal(joined["distance_km"], [4, 1, np.nan, 3, 5, 2])
    np.testing.assert_array_equal(joined["snr_db"], [40, 10, 60, 30, np.nan, 20])


def test_a_row_has_the_facts_of_its_own_pick(two_chunks):
    traces, picks = facts(two_chunks)
    picks = picks.assign(snr_db=picks["sample"])
    rows = traces[["trace_name", "trace_chunk"]].iloc[[0, 0, 0]]
    rows = rows.assign(phase_label=["P", "P", "S"], phase_onset=[690.0, 610.0, 610.0])
    np.testing.assert_array_equal(join_picks(rows, traces, picks)["snr_db"], [700, 600, np.nan])


def test_predictions_of_another_dataset_are_refused(two_chunks):
    traces, picks = facts(two_chunks)
    rows = pd.DataFrame({"trace_name": ["x"], "trace_chunk": "", "phase_label": "P", "phase_onset": 1.0})
    with pytest.raises(InputError, match="trace x of the predictions"):
        join_picks(rows, traces, picks)
