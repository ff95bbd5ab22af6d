"""What a run was made with is written down for machines and for people."""

import json

import pandas as pd
import pytest

from pickbench.files import sha256
from pickbench.provenance import versions
from pickbench.tables.provenance import RunFiles, write_provenance

SETTINGS = {
    "config": {"seeds": [1, 2], "data_seed": 7, "datasets": ["ethz"], "note": "<script>"},
    "datasets": {"ethz": {"title": "ETHZ & <co>", "source": {"seisbench": "ETHZ"}}},
    "models": {"net": {"title": "Net"}, "oracle": {"title": "Oracle"}},
}
MADE = {"host": "gpu1", "finished": "2022-01-02 03:04:05 UTC", "git": {"commit": "abc", "dirty": True}, "seconds": 12.5}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def written(tmp_path):
    """A training on a GPU elsewhere with another torch, a control, and published weights."""
    trainings = []
    for model, run in {
        "net": {
            "host": "gpu1",
            "networks": {"A": {"device": "cuda", "ended": "time"}},
            "versions": {"torch": "1.0"},
            **MADE,
        },
        "oracle": {"host": "here", "versions": versions()},
    }.items():
        write(tmp_path / model / "run.json", run)
        write(tmp_path / model / "weights.npz", model)
        trainings.append(
            {"model": model, "source": "ethz", "learning_rate": "0.1", "seed": 1, "folder": tmp_path / model}
        )
    cells = write(tmp_path / "c.json", {"cells": [{"target": "neic", "device": "cuda", "host": "gpu2"}]})
    files = RunFiles(
        metrics=write(tmp_path / "metrics.csv", "metric\n"),
        trainings=trainings,
        published=[{"model": "net", "source": "pre-x", "weights": write(tmp_path / "p.npz", "p")}],
        predictions=[{"model": "net", "source": "ethz", "seed": 1, "cells": cells}],
        datasets={
            "ethz": {
                "raw": write(tmp_path / "raw.json", {"parts": [{"name": "ethz", "path": "/data"}]}),
                "checksums": write(tmp_path / "sums.json", {"metadata.csv": "f" * 64}),
            }
        },
    )
    write_provenance(files, SETTINGS, tmp_path / "run.json", tmp_path / "provenance")
    return tmp_path


def test_run_json_has_versions_data_weights_and_settings(written):
    run = json.loads((written / "run.json").read_text())
    assert run["versions"]["pickbench"] and run["versions"]["snakemake"] != "absent"
    assert run["data"]["ethz"] == {"raw": [{"name": "ethz", "path": "/data"}], "sha256": {"metadata.csv": "f" * 64}}
    assert [weights["sha256"] for weights in run["trainings"]] == [
        sha256(written / name / "weights.npz") for name in ("net", "oracle")
    ]
    assert run["trainings"][0]["devices"] == ["cuda"] and run["trainings"][1]["devices"] == []
    assert {key: run["trainings"][0][key] for key in MADE} == MADE
    cell = {"model": "net", "source": "ethz", "seed": 1, "target": "neic", "device": "cuda", "host": "gpu2"}
    assert run["predictions"] == [{**cell, "finished": None, "git": None}]
    assert run["published_weights"] == [{"model": "net", "source": "pre-x", "sha256": sha256(written / "p.npz")}]
    assert run["settings"] == SETTINGS


def test_the_table_has_them_in_full_and_the_page_escaped(written):
    table = pd.read_csv(written / "provenance.csv", keep_default_na=False).set_index(["part", "name"])["value"]
    assert table["data", "ethz/metadata.csv"] == "f" * 64
    assert table["weights", "net/ethz/0.1/1"] == sha256(written / "net" / "weights.npz")
    assert "1.0" in table["version in trainings", "torch"]
    assert table["run", "trainings on"] == "cuda of gpu1: 1, nothing to train: 1"
    assert table["run", "predictions on"] == "cuda of gpu2: 1"
    assert "data_seed: 7" in table["configuration", ""]
    page = (written / "provenance.html").read_text()
    assert "ETHZ &amp; &lt;co&gt;" in page and "&lt;script&gt;" in page and "<script" not in page
    assert "<pre>" in page and "data_seed: 7\n" in page
    assert r"\texttt{data\_seed: 7}" in (written / "provenance.tex").read_text()
