"""A training run writes whole files, and trains again only when what it follows from has changed."""

import dataclasses
import json

import pandas as pd
import pytest

from pickbench import candidate
from pickbench.candidate import CandidateFiles, train_candidate
from pickbench.data.prepared import PreparedDataset
from pickbench.models import network
from pickbench.models.base import Fit, load_weights
from tests.contract.test_models import columns, plan, settings, windows

COLUMNS = {name: columns("phasenetlight", name) for name in ("task1", "task23")}


@pytest.fixture(scope="module")
def window_files(easy_dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("windows")
    for name in COLUMNS:
        table = windows(PreparedDataset(easy_dataset), name).assign(trace_split="dev")
        table.to_csv(folder / f"{name}.csv", index=False)
    return {name: folder / f"{name}.csv" for name in COLUMNS}


@pytest.fixture
def trained(monkeypatch):
    """How often a network was trained."""
    count, fit = [], network.Network.fit

    def counted(self, dataset, chosen):
        count.append(chosen)
        return fit(self, dataset, chosen)

    monkeypatch.setattr(network.Network, "fit", counted)
    return count


def run(dataset, window_files, folder, readout="corrected", **changes):
    """Train into a folder; give the bytes of what it writes, by name."""
    dev = {name: folder / f"dev_{name}.parquet" for name in COLUMNS}
    files = CandidateFiles(folder / "weights.npz", folder / "history.csv", folder / "run.json", dev)
    model = {**settings("phasenetlight"), "readout": readout}
    train_candidate(model, dataset, window_files, COLUMNS, plan(folder, **changes), 8, files)
    written = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for path in folder.iterdir():  # as Snakemake does before it runs a job again
        if path.is_file():
            path.unlink()
    return written


def test_another_readout_answers_again_and_does_not_train(easy_dataset, window_files, tmp_path, trained, monkeypatch):
    answered, answer = [], candidate.answer_windows

    def watched(adapter, *rest):
        answered.append(adapter.readout)
        return answer(adapter, *rest)

    monkeypatch.setattr(candidate, "answer_windows", watched)
    first = run(easy_dataset, window_files, tmp_path)
    again = run(easy_dataset, window_files, tmp_path, threads=2)
    assert again == first
    read_otherwise = run(easy_dataset, window_files, tmp_path, readout="paper")
    assert len(trained) == 1
    for name in ("weights.npz", "history.csv", "run.json"):
        assert read_otherwise[name] == first[name]
    assert answered == ["corrected"] * 4 + ["paper"] * 2


def test_what_training_follows_from_trains_again(easy_dataset, window_files, tmp_path, trained):
    for changes in ({}, {"seed": 7}, {"precision": "bf16-mixed"}, {"max_epochs": 2}):
        written = run(easy_dataset, window_files, tmp_path, **changes)
    assert len(trained) == 4
    # Of the others nothing is kept, and of this one no checkpoint.
    (folder,) = (tmp_path / "checkpoints").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["fit.json", "history.csv", "weights.npz"]
    record = json.loads(written["run.json"])
    assert record["epochs"] == 2 and record["ended"] == "epochs"
    assert record["seconds"] == pytest.approx(pd.read_csv(folder / "history.csv")["seconds"].sum(), abs=1e-3)


def test_a_job_that_ends_while_it_answers_does_not_train_again(
    easy_dataset, window_files, tmp_path, trained, monkeypatch
):
    def end(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(candidate, "answer_windows", end)
        run(easy_dataset, window_files, tmp_path)
    assert not (tmp_path / "weights.npz").exists()
    run(easy_dataset, window_files, tmp_path)
    assert len(trained) == 1


def test_a_diverged_training_is_recorded_and_is_no_result(easy_dataset, window_files, tmp_path, monkeypatch):
    def diverge(adapter, dataset, chosen):
        history = pd.DataFrame({"epoch": [1], "train_loss": [float("nan")], "dev_loss": [float("nan")], "seconds": 1.5})
        return Fit({}, history, unlearned=dict.fromkeys(adapter.GIVES, "diverged"), facts={"ended": "diverged"})

    monkeypatch.setattr(network.Network, "fit", diverge)
    first = run(easy_dataset, window_files, tmp_path)
    assert run(easy_dataset, window_files, tmp_path) == first
    record = json.loads(first["run.json"])
    assert set(record["unlearned"].values()) == {"diverged"} and record["ended"] == "diverged"
    (tmp_path / "weights.npz").write_bytes(first["weights.npz"])
    assert load_weights(tmp_path / "weights.npz") == {}
    (tmp_path / "answers").write_bytes(first["dev_task1.parquet"])
    answers = pd.read_parquet(tmp_path / "answers")
    assert len(answers) == 32 and answers[COLUMNS["task1"]].isna().all(None)


def test_every_setting_of_a_plan_is_in_the_key(tmp_path):
    """What is added to the plan trains anew, unless it is named here."""
    chosen = plan(tmp_path)
    keys = {candidate._key({}, chosen, "")}
    for field in dataclasses.fields(chosen):
        keys.add(candidate._key({}, dataclasses.replace(chosen, **{field.name: "another"}), ""))
    assert len(keys) == 1 + len(dataclasses.fields(chosen)) - len({"checkpoints", "threads"})
    assert candidate._key({"readout": "paper"}, chosen, "") in keys
    assert candidate._key({"settings": {}}, chosen, "") not in keys and candidate._key({}, chosen, "1") not in keys
