"""The long table: its files read back to the last digit, and are the same bytes in any order."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pickbench.errors import InputError
from pickbench.metrics.table import COLUMNS, as_table, collect, read_metrics, write_metrics


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


def test_metrics_need_neither_torch_nor_matplotlib():
    modules = "pickbench.metrics.cells, pickbench.selection, pickbench.metrics.table, pickbench.tables.content"
    heavy = "{'torch', 'seisbench', 'obspy', 'matplotlib', 'sklearn'}"
    code = f"import sys, {modules}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
