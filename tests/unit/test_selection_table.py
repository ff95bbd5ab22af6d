"""The table of what was selected says by how much, and what was not learned."""

import json

import pandas as pd
import pytest

from pickbench.tables.selection import selection_table, write_selection


@pytest.fixture
def selected(tmp_path):
    diverged = {"0.1": dict.fromkeys(("score_detection", "p_sample_pred", "s_sample_pred"), "diverged")}
    answers = {
        "score_detection": {"lr": "0.01", "metric": "auc", "scores": {"0.01": 0.9, "0.001": 0.75}},
        "score_p_or_s": {"lr": "0.01", "metric": "dev_loss", "scores": {"0.1": 3.0, "0.01": 0.5, "0.001": 0.75}},
        "p_sample_pred": {"lr": "0.001", "metric": "rmse_s", "scores": {"0.01": 0.5, "0.001": 0.25}},
    }
    only = {"score_detection": {"lr": "0.01", "metric": "auc", "scores": {"0.01": 0.9}}}
    files = []
    for name, content in (
        ("a", {"seed": 42, "answers": answers, "unlearned": diverged}),
        ("b", {"seed": 43, "answers": only, "unlearned": {}}),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(content))
        files.append(("phasenet", "ethz", path))
    return files


def test_margins_have_the_metric_s_direction(selected):
    table = selection_table(selected)
    first = table[table["seed"] == 42].set_index("answer")
    assert list(first.index) == ["event detection", "phase identification", "P onset", "S onset"]
    assert first["learning_rate"].fillna("").tolist() == ["0.01", "0.01", "0.001", ""]
    assert first["runner_up"].fillna("").tolist() == ["0.001", "0.001", "0.01", ""]
    assert first["margin"].tolist()[:3] == pytest.approx([0.15, 0.25, 0.25])
    assert first["dev_value"].tolist()[:3] == [0.9, 0.5, 0.25]
    assert first.at["S onset", "unlearned"] == "0.1 (diverged)" and first.at["phase identification", "unlearned"] == ""


def test_all_seeds_and_lone_candidates_are_shown(selected, tmp_path):
    models, datasets = {"phasenet": {"title": "Phase & Net"}}, {"ethz": {"title": "ETHZ"}}
    write_selection(selected, models, datasets, tmp_path / "selection")
    table = pd.read_csv(tmp_path / "selection.csv")
    assert set(table["seed"]) == {42, 43} and table["runner_up"].isna().sum() == 2
    page = (tmp_path / "selection.html").read_text()
    assert "ETHZ, seed 43: event detection" in page and "<td>0.1500</td>" in page and "<td>0.2500 s</td>" in page
    tex = (tmp_path / "selection.tex").read_text()
    assert r"ETHZ, seed 42: S onset & -- & -- & -- & -- & -- & 0.1 (diverged) \\" in tex


def test_a_search_is_there_with_what_it_found(tmp_path):
    found = {"highpass_hz": 2.34567, "threshold1": 10.0}
    answer = {"lr": "0", "metric": "rmse_s", "scores": {"0": 0.25}, "found": found}
    for name, answers, unlearned in (
        ("a", {"p_sample_pred": answer}, {}),
        ("b", {}, {"0": {"p_sample_pred": "collapsed"}}),
    ):
        content = {"seed": 42, "answers": answers, "unlearned": unlearned}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    files = [("baer", source, tmp_path / f"{source}.json") for source in "ab"]
    table = selection_table(files)
    assert table["parameters"].fillna("").tolist() == ["highpass_hz 2.346, threshold1 10", ""]
    assert table["learning_rate"].isna().all() and table["unlearned"].tolist() == ["", "collapsed"]
    titles = {name: {"title": name} for name in ("baer", "a", "b")}
    write_selection(files, titles, titles, tmp_path / "selection")
    page = (tmp_path / "selection.html").read_text()
    assert "Parameters" in page and "highpass_hz 2.346, threshold1 10" in page and "0.2500 s" in page
    write_selection(files[1:], titles, titles, tmp_path / "selection")
    assert "Parameters" not in (tmp_path / "selection.html").read_text()


def test_without_trained_pickers_there_is_an_empty_table(tmp_path):
    write_selection([], {}, {}, tmp_path / "selection")
    assert (tmp_path / "selection.csv").read_text().startswith("model,source,seed,answer")
    assert "No results" in (tmp_path / "selection.html").read_text()
