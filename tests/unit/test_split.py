"""Splits: events stay whole, shares come out, and the report counts what hand counting gives."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pickbench.data.split import SPLITS, split
from pickbench.errors import InputError
from pickbench.files import read_json, write_json


def run(folder, *tables, **options):
    """Split tables, one a chunk; give the column `split` of each row and the report."""
    prepared, dropped, outputs = [], [], []
    for number, table in enumerate(tables):
        frame = pd.DataFrame(table)
        frame.insert(0, "trace_name", [f"bucket0${row},:3,:100" for row in range(len(frame))])
        frame["trace_raw_name"] = [f"raw{row}" for row in range(len(frame))]
        prepared.append(folder / f"prepared_{number:04d}.csv")
        frame.to_csv(prepared[-1], index=False)
        dropped.append(folder / f"dropped_{number:04d}.part.json")
        write_json(
            dropped[-1],
            {
                "traces_in": len(frame) + 1,
                "traces_out": len(frame),
                "dropped": {"empty": 1},
                "mended": {"missing_N": 2},
                "examples": {"empty": [f"lost{number}"], "missing_N": ["raw0", "raw1"]},
                "names": {"empty": [["part", "", f"lost{number}"]]},
            },
        )
        outputs.append(folder / f"metadata_{number:04d}.csv")
    split(
        prepared,
        dropped,
        outputs,
        folder / "dropped.json",
        folder / "split_report.json",
        folder / "chunks" if len(tables) > 1 else None,
        **options,
    )
    given = pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False) for path in outputs], ignore_index=True)
    return given["split"], read_json(folder / "split_report.json")


def test_its_own_split_is_kept_and_what_it_shares_is_counted(tmp_path):
    first = {
        "source_id": ["a", "a", "b", "c", "c", ""],
        "station_network_code": ["X"] * 6,
        "station_code": ["1", "2", "1", "3", "1", ""],
        "split": ["train", "test", "dev", "train", "train", "test"],
    }
    second = {
        "source_id": ["a", "d", "b", "c"],
        "station_network_code": ["X", "Y", "X", "X"],
        "station_code": ["2", "1", "4", "3"],
        "split": ["test", "test", "train", "dev"],
    }
    given_split, report = run(tmp_path, first, second)
    assert given_split.tolist() == first["split"] + second["split"]
    assert report["mode"] == "own" and "seed" not in report
    assert report["splits"] == {
        "train": {"traces": 4, "events": 3, "stations": 3, "traces_without_event": 0, "traces_without_station": 0},
        "dev": {"traces": 2, "events": 2, "stations": 2, "traces_without_event": 0, "traces_without_station": 0},
        "test": {"traces": 4, "events": 2, "stations": 2, "traces_without_event": 1, "traces_without_station": 1},
    }
    # Train has events a, b, c and stations X.1, X.3, X.4; dev b at X.1 and c at X.3; test a twice at X.2 and d at Y.1.
    assert report["shared"]["train/dev"] == {
        "events": 2,
        "dev_traces_with_train_event": 2,
        "dev_share_with_train_event": 1.0,
        "stations": 2,
        "dev_traces_with_train_station": 2,
        "dev_share_with_train_station": 1.0,
    }
    assert report["shared"]["train/test"]["events"] == 1
    assert report["shared"]["train/test"]["test_traces_with_train_event"] == 2
    assert report["shared"]["train/test"]["test_share_with_train_event"] == 0.5
    assert report["shared"]["train/test"]["stations"] == 0
    assert report["shared"]["dev/test"]["events"] == 0
    assert (tmp_path / "chunks").read_text() == "_0000\n_0001\n"


def test_what_killed_jobs_have_left_half_written_is_removed(tmp_path):
    left = [".waveforms_0000.gpu-1.site.org-77.hdf5", ".prepared.gpu1-12345.csv"]
    other = [".notes-1", ".keep"]
    for name in [*left, *other]:
        (tmp_path / name).write_text("")
    run(tmp_path, {"split": ["train", "dev", "test"]}, mode="own")
    assert not any((tmp_path / name).exists() for name in left)
    assert all((tmp_path / name).exists() for name in other)


def test_accounts_of_the_chunks_are_added_up(tmp_path):
    table = {"split": ["train", "dev", "test", "test"]}
    run(tmp_path, table, table, table)
    assert read_json(tmp_path / "dropped.json") == {
        "traces_expected": None,
        "traces_in": 15,
        "traces_out": 12,
        "dropped": {"empty": 3},
        "mended": {"missing_N": 6},
        "examples": {"empty": ["lost0", "lost1", "lost2"], "missing_N": ["raw0", "raw1", "raw0", "raw1", "raw0"]},
        "names": {"empty": [["part", "", f"lost{number}"] for number in range(3)]},
    }


def test_a_split_by_event_tears_no_event_apart_and_meets_the_shares(tmp_path):
    rng = np.random.default_rng(0)
    events = rng.integers(0, 400, 5000)
    table = {"source_id": events, "split": ["train"] * 5000}
    given_split, report = run(tmp_path, table, mode="by-event", seed=1)
    assert pd.Series(given_split.to_numpy()).groupby(events).nunique().max() == 1
    shares = given_split.value_counts(normalize=True)
    assert abs(shares[list(SPLITS)] - [0.6, 0.1, 0.3]).max() < 0.01
    assert report["grouped_by"] == {"event": 5000, "station_day": 0, "station": 0, "rows": 0}
    assert all(entry["events"] == 0 for entry in report["shared"].values())


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), order=st.permutations(range(30)))
def test_a_trace_keeps_its_split_in_another_order_but_not_with_another_seed(tmp_path_factory, seed, order):
    folder = tmp_path_factory.mktemp("split")
    events = np.repeat(np.arange(30) * 7, 4)
    shuffled = np.concatenate([np.flatnonzero(events == 7 * number) for number in order])
    straight, _ = run(folder, {"source_id": events}, mode="by-event", seed=seed)
    mixed, _ = run(folder, {"source_id": events[shuffled]}, mode="by-event", seed=seed)
    assert mixed.tolist() == straight.to_numpy()[shuffled].tolist()
    other, _ = run(folder, {"source_id": events}, mode="by-event", seed=seed + 1)
    assert other.tolist() != straight.tolist()


def test_traces_without_an_event_are_grouped_by_what_they_have(tmp_path):
    """Two traces of one station and day, or of one station without a time, never part."""
    stations, days = [f"S{number}" for number in range(20)], [f"2020-01-{day:02d}" for day in (1, 2, 3)]
    rows = [("", s, f"{day}T0{hour}:00:00Z") for s in stations for day in days for hour in range(4)]
    rows += [("", f"T{number}", "") for number in range(20) for _ in range(5)]
    rows += [(f"event{number}", "S1", "2020-01-01T00:00:00Z") for number in range(20) for _ in range(5)]
    source_id, station, start = zip(*rows, strict=True)
    table = {"source_id": source_id, "station_code": station, "trace_start_time": start}
    given_split, report = run(tmp_path, table)
    assert report["mode"] == "by-event"  # There is no split column to keep.
    assert report["grouped_by"] == {"event": 100, "station_day": 240, "station": 100, "rows": 0}
    keys = pd.Series([event or f"{code} {day[:10]}" for event, code, day in rows])
    assert pd.Series(given_split.to_numpy()).groupby(keys).nunique().max() == 1
    # Days of one station may part, and do.
    of_station = pd.Series(given_split.to_numpy()[:240]).groupby(np.repeat(np.arange(20), 12)).nunique()
    assert of_station.max() > 1


def test_rows_that_have_nothing_are_grouped_with_their_neighbours(tmp_path):
    given_split, report = run(tmp_path, {"other": range(4000)}, mode="by-event")
    assert report["grouped_by"]["rows"] == 4000
    changes = (given_split.to_numpy()[1:] != given_split.to_numpy()[:-1]).sum()
    assert 2 <= changes < 40
    assert set(given_split) == set(SPLITS)


@settings(max_examples=40)
@given(sizes=st.lists(st.integers(1, 60), min_size=3, max_size=6), seed=st.integers(0, 1000))
def test_three_groups_are_enough_for_three_splits(tmp_path_factory, sizes, seed):
    events = np.repeat(np.arange(len(sizes)), sizes)
    given_split, _ = run(tmp_path_factory.mktemp("split"), {"source_id": events}, mode="by-event", seed=seed)
    assert set(given_split) == set(SPLITS)


@pytest.mark.parametrize(
    ("table", "mode", "words"),
    [
        ({"split": ["train", "dev", "Test"]}, "own", ["prepared_0000.csv", "raw2", "'Test'", "by-event"]),
        ({"split": ["train", "", "test"]}, "own", ["prepared_0000.csv", "raw1", "''"]),
        ({"split": ["dev", "dev", "test"]}, "own", ["prepared_0000.csv", "train", "empty"]),
        ({"split": ["train", "dev", "dev"]}, "own", ["test"]),
        ({"source_id": ["a", "a", "b"]}, "by-event", ["2 groups", "three"]),
        ({"split": []}, "own", ["train", "1 empty", "lost0"]),
        ({"split": ["train", "dev", "test"]}, "by-events", ["by-events", "own"]),
    ],
)
def test_a_split_that_cannot_be_is_named_in_one_line(tmp_path, table, mode, words):
    with pytest.raises(InputError) as caught:
        run(tmp_path, table, mode=mode)
    assert all(word in str(caught.value) for word in words), caught.value
    assert not (tmp_path / "metadata_0000.csv").exists()


def test_text_and_numbers_of_the_table_stay_as_they_are(tmp_path):
    table = {
        "source_id": ["007", "1e3", "NA", "x"],
        "value": ["0.1000", "nan", "", "1e-300"],
        "split": ["train"] * 4,
    }
    run(tmp_path, table, mode="by-event")
    found = pd.read_csv(tmp_path / "metadata_0000.csv", dtype=str, keep_default_na=False)
    assert found["source_id"].tolist() == table["source_id"]
    assert found["value"].tolist() == table["value"]
