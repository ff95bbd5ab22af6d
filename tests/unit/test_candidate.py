"""A training run goes on only from a checkpoint of the very same training."""

import json

import pandas as pd
import pytest

from pickbench import candidate
from pickbench.candidate import CandidateFiles, train_candidate
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.models.base import Tuning
from tests.contract.test_models import plan, settings


def files(folder) -> CandidateFiles:
    dev = {name: folder / f"dev_{name}.parquet" for name in ("task1", "task23")}
    return CandidateFiles(folder / "weights.npz", folder / "history.csv", folder / "run.json", dev)


def test_a_searched_candidate_is_written(easy_dataset, tmp_path):
    chosen = plan(tmp_path / "in", PreparedDataset(easy_dataset), learning_rate=0.0)
    columns = {"task1": [], "task23": ["p_sample_pred"]}
    train_candidate(settings("baer-kradolfer"), easy_dataset, columns, chosen, 8, files(tmp_path / "out"))
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    history = pd.read_csv(tmp_path / "out" / "history.csv", float_precision="round_trip")
    assert not run["unlearned"] and run["epochs"] == 8
    assert run["dev_loss"] == {"p_sample_pred": history["dev_loss"].min()}
    assert sorted(run["found"]) == ["highpass_hz", "lowpass_hz", "tdownmax_s", "threshold1", "tupevent_s"]
    dev = pd.read_parquet(tmp_path / "out" / "dev_task23.parquet")
    assert dev["p_sample_pred"].notna().all() and dev["s_sample_pred"].isna().all()


def test_the_key_follows_from_content_not_from_place(easy_dataset, tmp_path):
    dataset, model = PreparedDataset(easy_dataset), settings("baer-kradolfer")
    one, two = (plan(tmp_path / name, dataset) for name in ("a", "b"))
    key = candidate._key(model, one, "data")
    assert candidate._key(model, two, "data") == key
    assert candidate._key(model, plan(tmp_path / "a", dataset, threads=3), "data") == key
    assert candidate._key(model, plan(tmp_path / "a", dataset, tuning=Tuning(3, 2, 13)), "data") != key
    two.windows["task23"].write_text(two.windows["task23"].read_text().replace(",P,P,", ",P,Pg,", 1))
    assert candidate._key(model, two, "data") != key


def test_windows_of_another_dataset_are_refused_before_training(easy_dataset, tmp_path):
    chosen = plan(tmp_path / "in", PreparedDataset(easy_dataset))
    table = pd.read_csv(chosen.windows["task23"])
    table.assign(end_sample=6001).to_csv(chosen.windows["task23"], index=False)
    with pytest.raises(InputError, match=r"6001 of trace .* does not lie in this dataset"):
        train_candidate(settings("phasenetlight"), easy_dataset, {}, chosen, 8, files(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
