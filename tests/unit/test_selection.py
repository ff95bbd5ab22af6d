"""The candidate of each answer is chosen on dev alone, by the answer's own metric."""

import json
import shutil

import numpy as np
import pandas as pd

from pickbench.selection import select, selected_dev_answers, selection_to_judge

COLUMNS = ["score_detection", "score_p_or_s", "p_sample_pred", "s_sample_pred"]


def write_candidate(folder, detection, residual_p, *, diverged=False, dev_loss=1.0):
    """A training run whose detection scores and P residuals are given; S is always 20 samples late."""
    folder.mkdir(parents=True)
    n = len(detection)
    task1 = pd.DataFrame({"trace_name": [f"t{i}" for i in range(n)], "trace_type": ["earthquake", "noise"] * (n // 2)})
    task1[COLUMNS] = np.nan
    task1["score_detection"] = detection
    task23 = pd.DataFrame({"trace_name": ["a", "b"], "phase_label": ["P", "S"], "phase_onset": 500.0})
    task23["sampling_rate"] = 100.0
    task23[COLUMNS] = np.nan
    task23["score_p_or_s"] = [3.0, 0.2]
    task23["p_sample_pred"], task23["s_sample_pred"] = 500.0 + residual_p, 520.0
    task1.to_parquet(folder / "dev_task1.parquet")
    task23.to_parquet(folder / "dev_task23.parquet")
    unlearned = dict.fromkeys(COLUMNS, "diverged") if diverged else {}
    run = {"unlearned": unlearned, "dev_loss": {} if diverged else dict.fromkeys(COLUMNS, dev_loss)}
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def test_each_answer_has_its_own_best(tmp_path):
    folders = {
        "0.01": write_candidate(tmp_path / "a", [0.9, 0.1, 0.8, 0.2], residual_p=50),
        "0.001": write_candidate(tmp_path / "b", [0.9, 0.1, 0.2, 0.8], residual_p=-10),
    }
    select(folders, COLUMNS, 42, tmp_path / "selected.json")
    chosen = json.loads((tmp_path / "selected.json").read_text())
    answers = chosen["answers"]
    # Of the four pairs of event and noise the second candidate ranks three right.
    assert answers["score_detection"]["lr"] == "0.01"
    assert answers["score_detection"]["scores"] == {"0.01": 1.0, "0.001": 0.75}
    assert answers["p_sample_pred"]["lr"] == "0.001"
    assert answers["p_sample_pred"]["scores"] == {"0.01": 0.5, "0.001": 0.1}
    # Equally good: the first one, so that the choice does not depend on chance.
    assert answers["s_sample_pred"]["lr"] == "0.01"
    own = selected_dev_answers(chosen, "task23")
    assert own["p_sample_pred"].iloc[0] == 490 and own["s_sample_pred"].iloc[0] == 520
    judged = selection_to_judge(tmp_path / "selected.json")
    assert judged["lrs"] == {column: answer["lr"] for column, answer in answers.items()}
    pd.testing.assert_frame_equal(judged["source_dev"]["task23"], own)


def test_what_a_search_has_found_is_noted(tmp_path):
    folder = write_candidate(tmp_path / "a", [0.9, 0.1], 0)
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**run, "found": {"threshold1": 10.0}}))
    select({"0": folder}, ["p_sample_pred"], 42, tmp_path / "selected.json")
    chosen = json.loads((tmp_path / "selected.json").read_text())
    assert chosen["answers"]["p_sample_pred"]["found"] == {"threshold1": 10.0}


def test_without_dev_windows_the_loss_decides(tmp_path):
    folders = {
        "0.01": write_candidate(tmp_path / "a", [], 50, dev_loss=0.2),
        "0.001": write_candidate(tmp_path / "b", [], -10, dev_loss=0.1),
    }
    select(folders, COLUMNS, 42, tmp_path / "selected.json")
    answer = json.loads((tmp_path / "selected.json").read_text())["answers"]["score_detection"]
    assert (answer["lr"], answer["metric"]) == ("0.001", "dev_loss")


def test_diverged_runs_are_no_candidates(tmp_path):
    folders = {
        "0.01": write_candidate(tmp_path / "a", [0.9, 0.1], 0, diverged=True),
        "0.001": write_candidate(tmp_path / "b", [0.1, 0.9], 30),
    }
    select(folders, COLUMNS, 42, tmp_path / "selected.json")
    chosen = json.loads((tmp_path / "selected.json").read_text())
    assert {answer["lr"] for answer in chosen["answers"].values()} == {"0.001"}
    assert chosen["unlearned"] == {"0.01": dict.fromkeys(COLUMNS, "diverged")}
    shutil.copy(folders["0.01"] / "run.json", folders["0.001"] / "run.json")
    # Nothing is left to answer with: the picker's cells stay empty, and the rest of the grid goes on.
    select(folders, COLUMNS, 42, tmp_path / "selected.json")
    assert json.loads((tmp_path / "selected.json").read_text())["answers"] == {}


def test_a_collapsed_answer_stands_back_and_the_others_do_not(tmp_path, caplog):
    """The constant scores of the first are an AUC of 0.5, more than the second has."""
    folders = {
        "1": write_candidate(tmp_path / "a", [0.5, 0.5], 0),
        "0.001": write_candidate(tmp_path / "b", [0.1, 0.9], 30),
    }
    run = json.loads((folders["1"] / "run.json").read_text())
    run["unlearned"] = {"score_detection": "collapsed"}
    (folders["1"] / "run.json").write_text(json.dumps(run))
    select(folders, COLUMNS, 42, tmp_path / "selected.json")
    chosen = json.loads((tmp_path / "selected.json").read_text())
    assert chosen["answers"]["score_detection"]["lr"] == "0.001" and chosen["answers"]["p_sample_pred"]["lr"] == "1"
    assert chosen["unlearned"] == {"1": {"score_detection": "collapsed"}}
    assert "event detection: learning rate 1 stands back (collapsed)" in caplog.text
    select({"1": folders["1"]}, COLUMNS, 42, tmp_path / "selected.json")
    assert "score_detection" not in json.loads((tmp_path / "selected.json").read_text())["answers"]
    assert "event detection: there is no learning rate to select, and no answer" in caplog.text


def test_a_source_without_task_files_of_its_own(tmp_path):
    """LenDB has P labels and no tasks 2 and 3: its trainings leave an empty table there."""
    for name, loss in (("a", 0.2), ("b", 0.1)):
        folder = write_candidate(tmp_path / name, [0.9, 0.1], 0, dev_loss=loss)
        pd.DataFrame(columns=COLUMNS).to_parquet(folder / "dev_task23.parquet")
    folders = {"0.01": tmp_path / "a", "0.001": tmp_path / "b"}
    select(folders, ["score_detection", "p_sample_pred"], 42, tmp_path / "selected.json")
    answers = json.loads((tmp_path / "selected.json").read_text())["answers"]
    assert (answers["p_sample_pred"]["lr"], answers["p_sample_pred"]["metric"]) == ("0.001", "dev_loss")
