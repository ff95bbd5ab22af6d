"""What was left out of datasets is counted by reason, and names from metadata are text, whatever they hold."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from pickbench.data.account import Account
from pickbench.data.raw import RawFile
from pickbench.tables.dropped import DatasetFiles, dropped_table, write_dropped

HOSTILE = "<script>alert('x')</script>"
SPLITS = {"train": {"traces": 6}, "dev": {"traces": 1}, "test": {"traces": 2}}
SHARED = {"train/test": {"test_traces_with_train_event": 1, "test_share_with_train_event": 0.5}}


def write_dataset(folder, name, dropped, expected=None, **examples):
    folder = folder / name
    folder.mkdir()
    left_out = sum(dropped.values())
    account = {"traces_expected": expected, "traces_in": 9 + left_out, "traces_out": 9, "dropped": dropped}
    account |= {"mended": {"missing_NE": 2}, "examples": {"missing_NE": ["a", "b"], **examples}, "names": {}}
    (folder / "dropped.json").write_text(json.dumps(account))
    (folder / "split_report.json").write_text(json.dumps({"mode": "own", "splits": SPLITS, "shared": SHARED}))
    (folder / "task1.csv").touch()
    return DatasetFiles(name, folder / "dropped.json", folder / "split_report.json", [folder / "task1.csv"])


@pytest.fixture
def datasets(tmp_path):
    """A dataset with traces left out, one of a hostile name, and one that is whole, with published windows."""
    files = [
        write_dataset(tmp_path, "ethz", {"all_zero": 1, "non_finite": 10}, 21, all_zero=[HOSTILE]),
        write_dataset(tmp_path, "stead", {}),
    ]
    (tmp_path / "stead" / "task1_report.json").write_text(json.dumps({"left_out": {"in train": 3}}))
    return files


def test_every_number_is_there(datasets):
    table = dropped_table(datasets).set_index(["dataset", "part", "name"]).sort_index()
    assert table["count"]["ethz", "traces"].to_dict() == {"expected": 21, "read": 20, "used": 9}
    assert table["count"]["ethz", "left out"].to_dict() == {"all_zero": 1, "non_finite": 10}
    assert table["share"]["ethz", "left out", "non_finite"] == 0.5
    assert pd.isna(table["count"]["stead", "traces", "expected"])
    assert table["count"]["stead", "split"].to_dict() == {"train": 6, "dev": 1, "test": 2}
    assert table["share"]["stead", "shared", "event"] == 0.5 and pd.isna(table["share"]["stead", "shared", "station"])
    assert table["count"]["stead", "windows left out"].to_dict() == {"task1: in train": 3}


def test_the_page_says_so_in_words_and_runs_nothing(datasets, tmp_path):
    write_dropped(datasets, {"ethz": "ETHZ", "stead": HOSTILE}, tmp_path / "dropped")
    page = (tmp_path / "dropped.html").read_text()
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append(tag)
    parser.feed(page)
    assert "table" in tags and "script" not in tags
    assert page.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") > 2
    assert "all samples are zero" in page and "10 (50.0%)" in page and "N, E missing or constant" in page
    assert "Nothing was left out of &lt;script&gt;" in page
    read = pd.read_csv(tmp_path / "dropped.csv")
    assert read.loc[read["name"] == "all_zero", "examples"].item() == HOSTILE


def test_a_reason_without_words_cannot_be_counted():
    account, file = Account(), RawFile("net", "", Path("metadata.csv"), Path("waveforms.hdf5"))
    for reason in ("duplicate_name", "all_zero", "constant"):
        account.drop(reason, file, ["a"])
    for reason in ("picks_outside", "horizontals_12_as_NE", "missing_NE"):
        account.mend(reason, ["a"])
    with pytest.raises(ValueError, match="'odd' is no reason to leave out or to mend a trace"):
        account.drop("odd", file, ["a"])
    with pytest.raises(ValueError, match="'odd' is no reason"):
        account.mend("odd", ["a"])
