"""A training run writes whole files, and trains again only when what it follows from has changed."""

import dataclasses
import io
import json
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from pickbench import candidate
from pickbench.candidate import CandidateFiles, read_history, train_candidate
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.files import sha256
from pickbench.metrics.registry import ANSWERS
from pickbench.models import network
from pickbench.models.base import HISTORY_COLUMNS, Fit, Tuning, load_weights
from tests.registry import columns, plan, settings, windows

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


def files(folder) -> CandidateFiles:
    dev = {name: folder / f"dev_{name}.parquet" for name in COLUMNS}
    return CandidateFiles(folder / "weights.npz", folder / "history.csv", folder / "run.json", dev)


def run(dataset, window_files, folder, readout="corrected", **changes):
    """Train into a folder; give the bytes of what it writes, by name."""
    model = {**settings("phasenetlight"), "readout": readout}
    chosen = plan(folder, windows=window_files, **changes)
    train_candidate(model, dataset, COLUMNS, chosen, 8, files(folder))
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
    assert record["device"] in ("cpu", "cuda") and record["host"] and set(record["git"] or ()) <= {"commit", "dirty"}
    assert datetime.strptime(record["finished"], "%Y-%m-%d %H:%M:%S UTC")
    assert record["source"] == easy_dataset.name
    assert record["data"] == {name: sha256(easy_dataset / name) for name in ("metadata.csv", "waveforms.hdf5")}
    assert (record["seed"], record["learning_rate"]) == (42, 0.01)
    asked = {"max_epochs": 2, "batch_size": 32, "precision": 32, "architecture": "PhaseNetLight"}
    assert {key: record["settings"][key] for key in asked} == asked
    assert record["settings"]["settings"] == settings("phasenetlight")["settings"]
    assert not {"tuning", "checkpoints", "threads", "readout"} & set(record["settings"])
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


def test_of_two_jobs_that_train_the_same_the_first_to_end_counts(easy_dataset, window_files, tmp_path, monkeypatch):
    fit = network.Network.fit

    def meanwhile_fitted_elsewhere(self, dataset, chosen):
        own = fit(self, dataset, chosen)
        faster = dataclasses.replace(own, weights={name: array + 1 for name, array in own.weights.items()})
        candidate._keep_fit(chosen.checkpoints, faster)
        return own

    expected = run(easy_dataset, window_files, tmp_path / "alone")["weights.npz"]
    monkeypatch.setattr(network.Network, "fit", meanwhile_fitted_elsewhere)
    given = run(easy_dataset, window_files, tmp_path / "slower")["weights.npz"]
    first, second = (dict(np.load(io.BytesIO(weights))) for weights in (expected, given))
    assert all((second[name] == array + 1).all() for name, array in first.items())


def test_a_diverged_training_is_recorded_and_is_no_result(easy_dataset, window_files, tmp_path, monkeypatch):
    def diverge(adapter, dataset, chosen):
        history = pd.DataFrame([["NA", 1, float("nan"), float("nan"), 1.0, 1.5, 0.5]], columns=HISTORY_COLUMNS)
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


def test_a_collapsed_training_is_recorded_and_answers_nothing(easy_dataset, window_files, tmp_path, caplog):
    """Adam at a learning rate of 1 ends in a network whose output does not depend on its input."""
    written = run(easy_dataset, window_files, tmp_path, learning_rate=1.0, batch_size=16, max_epochs=3)
    record = json.loads(written["run.json"])
    assert record["ended"] == "epochs" and record["unlearned"] == dict.fromkeys(ANSWERS, "collapsed")
    for name, wanted in COLUMNS.items():
        (tmp_path / "answers").write_bytes(written[f"dev_{name}.parquet"])
        answers = pd.read_parquet(tmp_path / "answers")
        assert len(answers) == 32 and answers[wanted].isna().all(None)
    assert "one answer to all dev windows" in caplog.text and "event detection, phase identification" in caplog.text
    assert json.loads(run(easy_dataset, window_files, tmp_path)["run.json"])["unlearned"] == {}


def test_a_network_that_collapsed_is_named_among_others(easy_dataset, window_files, tmp_path, monkeypatch):
    """DPP's picker of P gives the middle of all windows, so only the onset of P is not learned."""
    model = settings("dpp")
    answer = candidate.answer_windows

    def middle(adapter, question, weights):
        answers = answer(adapter, question, weights)
        if "p_sample_pred" in answers:
            answers["p_sample_pred"] = question.windows["start_sample"] + 350.0
        return answers

    monkeypatch.setattr(candidate, "answer_windows", middle)
    chosen = plan(tmp_path, windows=window_files)
    train_candidate(model, easy_dataset, COLUMNS, chosen, 8, files(tmp_path))
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["unlearned"]["p_sample_pred"] == "collapsed"
    assert record["networks"]["DPPPickerP"]["unlearned"] == {"p_sample_pred": "collapsed"}
    assert "score_detection" not in record["networks"]["DPPPickerS"]["unlearned"]
    dev = pd.read_parquet(tmp_path / "dev_task23.parquet")
    assert dev["p_sample_pred"].isna().all() and dev["score_p_or_s"].notna().all()


def test_a_control_may_answer_as_it_likes(easy_dataset, window_files, tmp_path, monkeypatch):
    def constant(adapter, question, weights):
        return pd.DataFrame(0.5, question.windows.index, question.columns)

    monkeypatch.setattr(candidate, "answer_windows", constant)
    chosen = plan(tmp_path, windows=window_files)
    train_candidate(settings("random"), easy_dataset, COLUMNS, chosen, 8, files(tmp_path))
    assert json.loads((tmp_path / "run.json").read_text())["unlearned"] == {}


def test_a_history_is_read_as_it_was_written(tmp_path):
    losses = {"train_loss": [0.1 + 0.2, float("nan")], "dev_loss": [1 / 3, float("nan")]}
    others = dict.fromkeys(("samples_per_s", "seconds", "input_seconds"), 1.5)
    history = pd.DataFrame({"network": ["NA", "NA"], "epoch": [1, 2], **losses, **others})
    candidate._write_history(tmp_path / "history.csv", history)
    pd.testing.assert_frame_equal(read_history(tmp_path / "history.csv"), history, check_exact=True)
    for text in ("", "torn", "network,epoch,dev_loss\nA,1,2\n"):
        (tmp_path / "history.csv").write_text(text)
        with pytest.raises(InputError, match=r"history.csv: not a readable history .* delete it to have it made again"):
            read_history(tmp_path / "history.csv")


def test_every_setting_of_a_plan_is_in_the_key(tmp_path):
    """What is added to the plan trains anew, unless it is named here."""
    chosen = plan(tmp_path)
    keys = {candidate._key({}, (), chosen, "")}
    # Windows are files, and count by what is in them, for a search alone (below).
    names = {field.name for field in dataclasses.fields(chosen)} - {"windows"}
    for name in names:
        keys.add(candidate._key({}, (), dataclasses.replace(chosen, **{name: "another"}), ""))
    assert len(keys) == 1 + len(names - {"checkpoints", "threads"})
    assert candidate._key({"readout": "paper"}, (), chosen, "") in keys
    model = {"settings": {"stride_samples": 5}}
    assert candidate._key(model, (), chosen, "") not in keys and candidate._key({}, (), chosen, "1") not in keys
    assert candidate._key(model, {"stride_samples"}, chosen, "") in keys


def test_a_searched_candidate_is_written(easy_dataset, tmp_path):
    chosen = plan(tmp_path / "in", PreparedDataset(easy_dataset), learning_rate=0.0)
    columns = {"task1": [], "task23": ["p_sample_pred"]}
    train_candidate(settings("baer-kradolfer"), easy_dataset, columns, chosen, 8, files(tmp_path / "out"))
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    history = pd.read_csv(tmp_path / "out" / "history.csv", float_precision="round_trip")
    assert not run["unlearned"] and run["epochs"] == 8
    assert run["settings"]["tuning"] == {"initial_points": 3, "points": 2, "picks": 12}
    assert run["settings"]["answers"] and "batch_size" not in run["settings"]
    assert run["dev_loss"] == {"p_sample_pred": history["dev_loss"].min()}
    assert sorted(run["found"]) == ["highpass_hz", "lowpass_hz", "tdownmax_s", "threshold1", "tupevent_s"]
    dev = pd.read_parquet(tmp_path / "out" / "dev_task23.parquet")
    assert dev["p_sample_pred"].notna().all() and dev["s_sample_pred"].isna().all()


def test_the_key_follows_from_content_not_from_place(easy_dataset, tmp_path):
    dataset, model = PreparedDataset(easy_dataset), settings("baer-kradolfer")
    one, two = (plan(tmp_path / name, dataset) for name in ("a", "b"))
    key = candidate._key(model, (), one, "data")
    assert candidate._key(model, (), two, "data") == key
    assert candidate._key(model, (), plan(tmp_path / "a", dataset, threads=3), "data") == key
    assert candidate._key(model, (), plan(tmp_path / "a", dataset, tuning=Tuning(3, 2, 13)), "data") != key
    two.windows["task23"].write_text(two.windows["task23"].read_text().replace(",P,P,", ",P,Pg,", 1))
    assert candidate._key(model, (), two, "data") != key


def test_windows_of_another_dataset_are_refused_before_training(easy_dataset, tmp_path):
    chosen = plan(tmp_path / "in", PreparedDataset(easy_dataset))
    table = pd.read_csv(chosen.windows["task23"])
    table.assign(end_sample=6001).to_csv(chosen.windows["task23"], index=False)
    with pytest.raises(InputError, match=r"6001 of trace .* does not lie in this dataset"):
        train_candidate(settings("phasenetlight"), easy_dataset, {}, chosen, 8, files(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
