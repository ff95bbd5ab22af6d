"""Prediction files: refused for foreign windows, left alone when finished, made again when anything changed."""

import json
import platform

import pandas as pd
import pytest

from pickbench import prediction
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.models.base import save_weights
from pickbench.prediction import Picker, Target, finished_cells, predict_cells
from tests.registry import settings, windows


@pytest.fixture
def target(easy_dataset, tmp_path) -> Target:
    dataset = PreparedDataset(easy_dataset)
    files = {}
    for name in ("task1", "task23"):
        test = windows(dataset, name)
        files[name] = tmp_path / f"{name}.csv"
        pd.concat([test.assign(trace_split="dev"), test]).to_csv(files[name], index=False)
    return Target(easy_dataset, files)


@pytest.fixture
def selected(tmp_path):
    save_weights(tmp_path / "weights.npz", {})
    columns = ("score_detection", "score_p_or_s", "p_sample_pred", "s_sample_pred")
    answers = {column: {"lr": "0", "weights": str(tmp_path / "weights.npz")} for column in columns}
    path = tmp_path / "selected.json"
    path.write_text(json.dumps({"seed": 42, "answers": answers}))
    return path


def predict(selected, target, folder):
    picker = Picker.from_selection(settings("oracle"), selected, batch_size=8)
    cells = predict_cells(picker, {"easy": target}, folder)
    (folder / "cells.json").write_text(json.dumps({"cells": cells}))
    return {path.name: path.stat().st_mtime_ns for path in (folder / "easy").glob("*.parquet")}


def test_four_files_with_every_row_and_only_asked_answers(selected, target, tmp_path):
    assert len(predict(selected, target, tmp_path / "out")) == 4
    for name in ("task1", "task23"):
        for split in ("dev", "test"):
            table = pd.read_parquet(tmp_path / "out" / "easy" / f"{split}_{name}.parquet")
            rows = pd.read_csv(target.windows[name])
            assert len(table) == (rows["trace_split"] == split).sum()
            assert table["score_detection"].notna().all() == (name == "task1")
            assert table["p_sample_pred"].notna().all() == (name == "task23")


def test_finished_cells_are_left_alone(selected, target, tmp_path):
    first = predict(selected, target, tmp_path / "out")
    assert predict(selected, target, tmp_path / "out") == first
    rows = pd.read_csv(target.windows["task1"])
    rows.iloc[:-1].to_csv(target.windows["task1"], index=False)
    assert predict(selected, target, tmp_path / "out") != first


def test_a_cell_that_is_left_alone_keeps_what_is_said_of_its_making(selected, target, tmp_path, monkeypatch):
    picker = Picker.from_selection(settings("oracle"), selected, batch_size=8)
    monkeypatch.setattr(platform, "node", lambda: "gpu1")
    first = predict_cells(picker, {"a": target}, tmp_path / "out")
    monkeypatch.setattr(platform, "node", lambda: "gpu2")
    both = predict_cells(picker, {"a": target, "b": target}, tmp_path / "out")
    assert both[0] == first[0] and [cell["host"] for cell in both] == ["gpu1", "gpu2"]
    assert {cell["device"] for cell in both} == {"cpu"} and all(cell["finished"] for cell in both)


def test_another_version_of_a_package_makes_cells_anew(selected, target, tmp_path, monkeypatch):
    first = predict(selected, target, tmp_path / "out")
    monkeypatch.setattr(prediction, "versions", lambda: {"torch": "3.0"})
    assert predict(selected, target, tmp_path / "out") != first


def test_a_damaged_cell_is_named_and_made_again(selected, target, tmp_path):
    first = predict(selected, target, tmp_path / "out")
    assert finished_cells(tmp_path / "out" / "cells.json") == {"easy": tmp_path / "out" / "easy"}
    file = tmp_path / "out" / "easy" / "test_task1.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match="out/easy"):
        finished_cells(tmp_path / "out" / "cells.json")
    assert predict(selected, target, tmp_path / "out") != first
    finished_cells(tmp_path / "out" / "cells.json")
