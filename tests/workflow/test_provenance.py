"""A run, and each picker that was trained in it, say what they were made with and from."""

import platform
from datetime import UTC, datetime, timedelta

import pandas as pd
import torch

from pickbench.files import read_json, sha256
from pickbench.provenance import checkout
from tests.workflow.tiny import RATE_STUDY

DATASETS = {"tiny-local": ("_0000", "_0001"), "tiny-far": ("",), "tiny-p": ("",)}
NOW = datetime.now(UTC)


def checksums(run, dataset: str) -> dict[str, str]:
    """Of the prepared files themselves."""
    names = [name for chunk in DATASETS[dataset] for name in (f"metadata{chunk}.csv", f"waveforms{chunk}.hdf5")]
    return {name: sha256(run / "results" / "data" / dataset / name) for name in names}


def is_recent(text: str) -> bool:
    when = datetime.strptime(text, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    return abs(when - NOW) < timedelta(days=1)


def test_every_trained_picker_says_what_made_it(run):
    folders = sorted((run / "results" / "train" / "phasenetlight").glob("*/lr*"))
    assert [folder.parent.name for folder in folders] == sorted(DATASETS)
    for folder in folders:
        record, source = read_json(folder / "run.json"), folder.parent.name
        assert (record["model"], record["source"], record["seed"]) == ("phasenetlight", source, 42)
        assert record["settings"]["architecture"] == "PhaseNetLight" and record["settings"]["max_epochs"] == 1
        assert record["data"] == checksums(run, source)
        assert record["versions"]["torch"] == torch.__version__ and record["versions"]["pandas"] == pd.__version__
        assert record["host"] == platform.node() and record["device"] in ("cpu", "cuda")
        assert record["git"].keys() == {"commit", "dirty"} and is_recent(record["finished"]) and record["seconds"] > 0


def test_the_run_says_what_made_it(run):
    record = read_json(run / "results" / "run.json")
    assert record["repository"]["commit"] == checkout()["commit"]
    assert record["versions"]["python"] == platform.python_version()
    assert record["host"] == platform.node()
    assert all(is_recent(record[key]) for key in ("first_file", "metrics_file", "written"))
    assert record["metrics_sha256"] == sha256(run / "results" / "metrics.csv")
    config = record["settings"]["config"]
    assert config["seeds"] == [42] and config["data_seed"] == 42 and config["rate_study"] == RATE_STUDY
    assert {name: data["sha256"] for name, data in record["data"].items()} == {
        name: checksums(run, name) for name in DATASETS
    }
    trained = [entry for entry in record["trainings"] if entry["model"] == "phasenetlight"]
    assert {entry["source"] for entry in trained} == set(DATASETS)
    for entry in trained:
        weights = run / f"results/train/phasenetlight/{entry['source']}/lr0.01-seed42/weights.npz"
        assert entry["sha256"] == sha256(weights) and entry["devices"] and entry["git"]
    for entry in [*trained, *record["predictions"]]:
        assert entry["host"] == platform.node() and is_recent(entry["finished"])
    assert {entry["device"] for entry in record["predictions"]} <= {"cpu", "cuda"}
    assert len(record["predictions"]) == 2 * len(DATASETS) ** 2
