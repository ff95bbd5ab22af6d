"""Weights that SeisBench published are read as SeisBench reads them; what cannot be used is refused in one line."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import seisbench
import torch

from pickbench.adoption import adopt
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.metrics.registry import ANSWERS
from pickbench.models import load_adapter
from pickbench.models.base import Question, load_weights
from pickbench.models.network import MODEL_ARGS
from pickbench.prediction import Picker
from pickbench.weightfiles import seisbench_files
from tests.contract.seisbench_picks import picks_by_seisbench, picks_here
from tests.registry import settings, windows

PUBLISHED = {"phasenet": "volpick", "phasenetlight": "ethz", "eqtransformer": "volpick"}


@pytest.fixture
def pair(shared, tmp_path):
    """A function that copies a pair of published files, with changes of its arrays and of its metadata."""

    def copy(model: str, change=lambda state, metadata: None) -> dict[str, Path]:
        (weights,) = (shared / "weights" / model).glob(f"{PUBLISHED[model]}.pt.*")
        metadata = weights.with_name(weights.name.replace(".pt.", ".json."))
        state, content = torch.load(weights, weights_only=True), json.loads(metadata.read_text())
        change(state, content)
        files = {"weights": tmp_path / weights.name, "metadata": tmp_path / metadata.name}
        torch.save(state, files["weights"])
        files["metadata"].write_text(json.dumps(content))
        return files

    return copy


def adopted(model: str, published, folder: Path) -> dict:
    adopt(settings(model), published, list(ANSWERS), 42, folder / "weights.npz", folder / "selected.json")
    return load_weights(folder / "weights.npz")


def as_it_is(state, metadata):
    pass


def noise_first(state, metadata):
    metadata["model_args"]["phases"] = "NPS"
    for key in ("out.weight", "out.bias"):
        axis = 1 if state[key].ndim == 3 and state[key].shape[1] == 3 else 0
        state[key] = state[key].index_select(axis, torch.tensor([2, 0, 1]))


def horizontal_first(state, metadata):
    metadata["model_args"]["component_order"] = "ENZ"
    state["inc.weight"] = state["inc.weight"].flip(1)


def by_deviation(state, metadata):
    metadata["model_args"]["norm"] = "std"


def per_component_and_detrended(state, metadata):
    metadata["model_args"] |= {"norm": "std", "norm_amp_per_comp": True, "norm_detrend": True}


@pytest.mark.parametrize("change", [as_it_is, noise_first, horizontal_first, by_deviation, per_component_and_detrended])
@pytest.mark.parametrize("model", ["phasenet", "phasenetlight"])
def test_published_weights_pick_as_in_seisbench(model, change, pair, tmp_path, easy_dataset):
    files = pair(model, change)
    adapter, dataset = load_adapter(settings(model)), PreparedDataset(easy_dataset)
    path, version = str(files["weights"]).split(".pt.v")
    network = type(adapter.network()).load(path, version_str=version)
    rows = windows(dataset, "task23").assign(trace_split="test")
    # A trend that matters to the normalisation.
    dataset_waveform, dataset_crop = dataset.waveform, dataset.crop
    dataset.waveform = lambda i: dataset_waveform(i) + np.linspace(0, 20, 6000, dtype="f4")

    def crop(trace, first, length):
        waveforms, valid = dataset_crop(trace, first, length)
        times = (first[:, None] + np.arange(length))[:, None, :]
        return (waveforms + 20 * times / 5999).astype("f4"), valid

    dataset.crop = crop
    late = picks_by_seisbench(adapter, network, dataset, rows) - picks_here(
        adapter, adopted(model, files, tmp_path), dataset, rows
    )
    assert late.abs().max() <= 1, late.tolist()


def test_a_reordered_network_answers_the_same(pair, tmp_path, easy_dataset):
    dataset, adapter = PreparedDataset(easy_dataset), load_adapter(settings("phasenet"))
    question = Question(dataset, windows(dataset, "task1"), ["score_detection"], seed=1, batch_size=8)
    given = [
        adapter.answer(question, adopted("phasenet", pair("phasenet", c), tmp_path))
        for c in (as_it_is, noise_first, horizontal_first)
    ]
    for other in given[1:]:
        np.testing.assert_allclose(other, given[0], atol=1e-5)


def test_weights_of_another_architecture_are_refused(pair, tmp_path):
    with pytest.raises(InputError, match=r"ethz.pt.v2: "):
        adopted("phasenet", pair("phasenetlight"), tmp_path)


@pytest.fixture
def cache(shared, tmp_path, monkeypatch):
    """SeisBench with nothing but the shared weights in its cache, and no network."""
    monkeypatch.setattr(seisbench, "cache_model_root", tmp_path / "cache")
    monkeypatch.setattr(seisbench, "remote_model_root", "http://127.0.0.1:9/models/")
    for model in ("phasenet", "phasenetlight"):
        shutil.copytree(shared / "weights" / model, tmp_path / "cache" / model)
    return tmp_path / "cache"


def test_names_are_looked_up_in_seisbench_s_cache(cache, tmp_path):
    weights = adopted("phasenet", "volpick", tmp_path)
    assert json.loads(str(weights[MODEL_ARGS])) == {"component_order": "ZNE", "norm": "peak", "phases": "PSN"}
    assert adopted("phasenetlight", "ethz@2", tmp_path)
    selected = json.loads((tmp_path / "selected.json").read_text())
    assert selected["published"]["version"] == "2" and "ethz.pt.v2" in selected["published"]["files"]
    # What its authors found by F1 is kept, and decides nothing.
    assert selected["published"]["default_args"]["P_threshold"] == pytest.approx(0.4439, abs=1e-4)
    picker = Picker.from_selection(settings("phasenetlight"), tmp_path / "selected.json", 8)
    assert set(picker.weights_files.values()) == {tmp_path / "weights.npz"}


def test_of_several_versions_in_the_cache_the_newest_is_taken(cache):
    for kind in ("pt", "json"):
        shutil.copy(cache / "phasenet" / f"volpick.{kind}.v1", cache / "phasenet" / f"volpick.{kind}.v10")
    architecture = type(load_adapter(settings("phasenet")).network())
    assert seisbench_files(architecture, "volpick").weights.name == "volpick.pt.v10"
    assert seisbench_files(architecture, "volpick@1").weights.name == "volpick.pt.v1"


@pytest.mark.parametrize("name", ["stead", "volpick@7"])
def test_names_that_cannot_be_had_are_one_line(name, cache, tmp_path):
    with pytest.raises(
        InputError, match=f"'{name.split('@')[0]}.*of PhaseNet could not be had .*SEISBENCH_CACHE_ROOT"
    ) as caught:
        adopted("phasenet", name, tmp_path)
    assert "\n" not in str(caught.value)
