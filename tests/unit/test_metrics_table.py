"""The long table: its files read back to the last digit, and are the same bytes in any order."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pickbench.errors import InputError
from pickbench.metrics.table import COLUMNS, as_table, collect, read_collected, read_metrics, write_metrics


def rows(target="there", seed=42):
    shared = {"model": "phasenet", "source": "here", "target": target, "seed": seed, "lr": "0.010", "n": 7}
    return [
        shared
        | {"task": 3, "phase": "P", "split": split, "metric": metric, "threshold_from": ""}
        | {"value": value, "ci_low": -1 / 3, "ci_high": np.nan, "threshold": np.nan}
        for split in ("test", "dev")
        for metric, value in (("rmse_s", 0.1 + 0.2), ("mean_s", 1e-17))
    ] + [
        shared
        | {"task": 2, "phase": "", "split": "dev", "metric": "mcc", "threshold_from": origin, "lr": ""}
        | {"value": 1 / 7, "ci_low": 0.0, "ci_high": 1.0, "threshold": np.inf}
        for origin in ("target", "source")
    ]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_read_back_exactly(tmp_path, suffix):
    table = as_table(rows())
    write_metrics(table, tmp_path / f"metrics.{suffix}")
    back = read_metrics(tmp_path / f"metrics.{suffix}")
    pd.testing.assert_frame_equal(back, table, check_exact=True)
    assert list(back.columns) == list(COLUMNS)


def test_collecting_gives_the_same_bytes_in_any_order(tmp_path):
    for target in "abc":
        write_metrics(as_table(rows(target)), tmp_path / f"{target}.parquet")
    files = [tmp_path / f"{target}.parquet" for target in "abc"]
    first = collect(files, tmp_path / "1.csv", tmp_path / "1.parquet")
    collect(files[::-1], tmp_path / "2.csv", tmp_path / "2.parquet")
    for suffix in ("csv", "parquet"):
        assert (tmp_path / f"1.{suffix}").read_bytes() == (tmp_path / f"2.{suffix}").read_bytes()
        pd.testing.assert_frame_equal(read_metrics(tmp_path / f"1.{suffix}"), first, check_exact=True)
    assert len(first) == 18
    # mean_s stands before rmse_s in the registry.
    assert first.query("target == 'b' and task == 3")["metric"].tolist() == ["mean_s", "rmse_s"] * 2


def test_a_result_given_twice_is_refused(tmp_path):
    for name in "ab":
        write_metrics(as_table(rows()), tmp_path / f"{name}.csv")
    with pytest.raises(InputError, match=r"b\.csv: mcc \(dev\) of phasenet/here/seed42 on there is in .*a\.csv"):
        collect([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "m.csv", tmp_path / "m.parquet")
    assert not (tmp_path / "m.csv").exists()


def test_nothing_to_collect_is_an_empty_table(tmp_path):
    assert len(collect([], tmp_path / "m.csv", tmp_path / "m.parquet")) == 0
    assert (tmp_path / "m.csv").read_text() == ",".join(COLUMNS) + "\n"
    assert len(read_metrics(tmp_path / "m.csv")) == 0
    assert read_metrics(tmp_path / "m.parquet").dtypes.astype(str).tolist() == list(COLUMNS.values())


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n"])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "other.csv"
    path.write_text(content)
    with pytest.raises(InputError, match="other.csv: "):
        read_metrics(path)


@pytest.fixture
def collected(tmp_path):
    """A collected table and its copy, six rows; the threshold of mcc is infinite, ci_high is empty for onsets."""
    write_metrics(as_table(rows()), tmp_path / "part.csv")
    collect([tmp_path / "part.csv"], tmp_path / "metrics.csv", tmp_path / "metrics.parquet")
    return tmp_path / "metrics.csv", tmp_path / "metrics.parquet"


def test_what_was_collected_reads_back(collected):
    pd.testing.assert_frame_equal(read_collected(*collected), read_metrics(collected[1]), check_exact=True)


def without_line(lines, number):
    return [*lines[:number], *lines[number + 1 :]]


def with_value(lines, number, column, text):
    """`number` counts from 0, the head; in the file that is line `number` + 1."""
    cells = lines[number].split(",")
    cells[list(COLUMNS).index(column)] = text
    return [*lines[:number], ",".join(cells), *lines[number + 1 :]]


MCC = r"mcc (dev, threshold from the source) of phasenet/here/seed42 on there"
RMSE = "rmse_s P (dev) of phasenet/here/seed42 on there"
TAMPERED = {
    "a row less": (lambda lines: without_line(lines, 1), f"{MCC} is missing"),
    "the last row less": (lambda lines: lines[:-1], "rmse_s P (test) of phasenet/here/seed42 on there is missing"),
    "no rows": (lambda lines: lines[:1], f"{MCC} is missing"),
    "an empty value": (
        lambda lines: with_value(lines, 4, "value", ""),
        f"line 5, column value is empty, but 0.30000000000000004 was collected for {RMSE}",
    ),
    "an empty interval": (
        lambda lines: with_value(lines, 4, "ci_low", ""),
        "line 5, column ci_low is empty, but -0.3333333333333333 was collected",
    ),
    "a value where there was none": (
        lambda lines: with_value(lines, 4, "ci_high", "0.5"),
        "line 5, column ci_high is 0.5, but empty was collected",
    ),
    "another learning rate": (
        lambda lines: with_value(lines, 4, "lr", "0.01"),
        "line 5, column lr is '0.01', but '0.010' was collected",
    ),
    "a row again": (lambda lines: [*lines, lines[1]], f"line 8 has {MCC} again"),
    "a row of another": (
        lambda lines: with_value(lines, 1, "model", "gpd"),
        f"line 2 has {MCC.replace('phasenet', 'gpd')}, which was not collected",
    ),
    "another order": (lambda lines: [lines[0], *lines[:0:-1]], "its rows have another order"),
    "text for a number": (
        lambda lines: with_value(lines, 4, "value", "abc"),
        "line 5, column value is 'abc', expected a number",
    ),
    "half a window": (
        lambda lines: with_value(lines, 2, "n", "12.5"),
        "line 3, column n is '12.5', expected a whole number",
    ),
    "no number of windows": (
        lambda lines: with_value(lines, 2, "n", ""),
        "line 3, column n is empty, expected a whole number",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_is_not_as_it_was_collected_is_named(collected, name):
    change, message = TAMPERED[name]
    csv, parquet = collected
    lines = csv.read_text().splitlines()
    csv.write_text("\n".join(change(lines)) + "\n")
    with pytest.raises(InputError) as refusal:
        read_collected(csv, parquet)
    said = str(refusal.value).splitlines()
    assert all(line.startswith(f"{csv}: ") for line in said) and message in "\n".join(said)


def test_deleting_is_advised_only_where_there_is_something_to_collect_from(collected):
    csv, parquet = collected
    csv.write_text(csv.read_text().splitlines()[0] + "\n")
    for advised in (False, True):
        with pytest.raises(InputError) as refusal:
            read_collected(csv, parquet)
        assert "copy both again" in str(refusal.value)
        assert (f"delete {csv}" in str(refusal.value)) == advised
        csv.with_name("metrics").mkdir(exist_ok=True)


def test_no_more_than_a_few_faults_are_named(collected):
    csv, parquet = collected
    csv.write_text(csv.read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError) as refusal:
        read_collected(csv, parquet)
    lines = str(refusal.value).splitlines()
    assert len(lines) == 6 and lines[-1] == f"{csv}: 1 more rows or values differ"


def test_metrics_need_neither_torch_nor_matplotlib():
    modules = "pickbench.metrics.cells, pickbench.selection, pickbench.metrics.table, pickbench.tables.content"
    heavy = "{'torch', 'seisbench', 'obspy', 'matplotlib', 'sklearn'}"
    code = f"import sys, {modules}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
