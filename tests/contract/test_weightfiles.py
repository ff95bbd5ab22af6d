"""Weights that SeisBench published are read as SeisBench reads them, and those exported here are opened by it."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
import seisbench
import torch

from pickbench import export as exporting
from pickbench.adoption import adopt
from pickbench.candidate import CandidateFiles, train_candidate
from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.metrics.registry import ANSWERS
from pickbench.models import load_adapter
from pickbench.models.base import Question, load_weights
from pickbench.models.network import MODEL_ARGS
from pickbench.prediction import Picker
from pickbench.selection import select
from pickbench.weightfiles import read_state, seisbench_files
from tests.contract.test_models import FILES, columns, plan, settings, windows

NETWORKS = [name for name in FILES if load_adapter(settings(name)).networks()]
SINGLE = [name for name in NETWORKS if len(load_adapter(settings(name)).networks()) == 1]
# The one that learns to pick; for the others, some weights of their own will do.
LEARNED, LONGER = "phasenetlight", {"max_epochs": 6, "batch_size": 8}
# In samples, where `annotate` differs by design: EQTransformer tapers the ends of its input; GPD answers every 10
# samples there and every 5 here, and filters the stream instead of each window.
TOLERANCE = {"EQTransformer": 10, "GPD": 25}


def stream(waveform: np.ndarray, components: str = "ZNE") -> obspy.Stream:
    header = {"network": "XX", "station": "A", "sampling_rate": 100.0}
    return obspy.Stream(
        [obspy.Trace(row.copy(), {**header, "channel": f"HH{c}"}) for c, row in zip(components, waveform, strict=True)]
    )


def annotated_pick(network, waveform: np.ndarray, phase: str, start: int, end: int) -> int:
    """Where SeisBench's own curve of a phase is largest from sample `start` to `end` of the waveform."""
    curve = network.annotate(stream(waveform)).select(channel=f"*_{phase}")[0]
    times = np.round(curve.times("timestamp") * 100).astype(int)
    inside = (times >= start) & (times < end) & np.isfinite(curve.data)
    return int(times[inside][np.argmax(curve.data[inside])])


def picks_by_seisbench(adapter, network, dataset, rows) -> pd.Series:
    """SeisBench's picks in evaluation windows, from a stream of just what the adapter looks at."""
    start, end = rows["start_sample"].to_numpy(), rows["end_sample"].to_numpy()
    npts = dataset.metadata["trace_npts"].to_numpy()[rows["trace_idx"]]
    first, length = adapter.frame(start, end, npts)
    found = []
    for row, begin in zip(rows.itertuples(), first, strict=True):
        low, high = max(begin, 0), min(begin + length, 6000)
        waveform = dataset.waveform(row.trace_idx)[:, low:high]
        found.append(
            low + annotated_pick(network, waveform, row.phase_label, row.start_sample - low, row.end_sample - low)
        )
    return pd.Series(found, rows.index)


def picks_here(adapter, weights, dataset, rows) -> pd.Series:
    question = Question(dataset, rows, ["p_sample_pred", "s_sample_pred"], seed=1, batch_size=8)
    given = adapter.answer(question, weights)
    return given["p_sample_pred"].where(rows["phase_label"] == "P", given["s_sample_pred"])


@pytest.fixture(scope="module")
def trained(easy_dataset, tmp_path_factory):
    """A function that trains a model on the easy dataset and exports it: its folder, adapter and weights by answer."""
    done = {}

    def train(name: str):
        if name not in done:
            done[name] = train_and_export(name, easy_dataset, tmp_path_factory.mktemp(name))
        return done[name]

    return train


def train_and_export(name: str, easy_dataset: Path, folder: Path) -> tuple[Path, dict]:
    files, wanted = {}, {}
    for task_file in ("task1", "task23"):
        wanted[task_file] = columns(name, task_file)
        rows = windows(PreparedDataset(easy_dataset), task_file)
        if wanted[task_file]:
            files[task_file] = folder / f"{task_file}.csv"
            rows.assign(trace_split="dev").to_csv(files[task_file], index=False)
    candidate = folder / "lr0.01-seed42"
    dev = {task_file: candidate / f"dev_{task_file}.parquet" for task_file in wanted}
    paths = CandidateFiles(candidate / "weights.npz", candidate / "history.csv", candidate / "run.json", dev)
    how = plan(folder, **LONGER) if name == LEARNED else plan(folder)
    train_candidate(settings(name), easy_dataset, wanted, replace(how, windows=files), 8, paths)
    # One epoch may teach a network to say the same of every window; that it is exported all the same is wanted here.
    paths.run.write_text(json.dumps({**json.loads(paths.run.read_text()), "unlearned": {}}))
    answers = [column for task_file in wanted for column in wanted[task_file]]
    select({"0.01": candidate}, answers, 42, folder / "selected.json")
    source = {"id": "easy", "title": "Easy"}
    written = exporting.export(settings(name), source, folder / "selected.json", folder / "export")
    assert written and all(path.is_file() for path in written)
    return folder, load_weights(candidate / "weights.npz")


def loaded(folder: Path, adapter, stem: str):
    return type(adapter.network()).load(folder / "export" / stem, version_str="1")


@pytest.mark.parametrize("name", NETWORKS)
def test_exported_weights_are_the_trained_ones(name, trained):
    folder, weights = trained(name)
    networks = load_adapter(settings(name)).networks()
    for part, adapter in networks.items():
        stem, prefix = ("lr0.01", "") if len(networks) == 1 else (f"lr0.01-{part}", f"{part}/")
        network = loaded(folder, adapter, stem)
        for key, tensor in network.state_dict().items():
            np.testing.assert_array_equal(tensor.numpy(), weights[prefix + key])
        metadata = json.loads((folder / "export" / f"{stem}.json.v1").read_text())
        assert network.weights_version == "1" and "trained on Easy" in network.weights_docstring
        assert metadata["pickbench"]["source"] == "easy" and metadata["pickbench"]["learning_rate"] == 0.01
        assert all(0 < value < 1 for value in metadata["default_args"].values())


@pytest.mark.parametrize("name", SINGLE)
def test_exported_weights_pick_the_same_in_seisbench(name, trained, easy_dataset):
    folder, weights = trained(name)
    adapter, dataset = load_adapter(settings(name)), PreparedDataset(easy_dataset)
    if "p_sample_pred" not in adapter.GIVES:
        pytest.skip("gives no picks")
    rows = windows(dataset, "task23")
    network = loaded(folder, adapter, "lr0.01")
    if network.output_type == "array" and network.in_samples < adapter.input_samples:
        pytest.skip("covers a window by other pieces than annotate does")
    late = picks_by_seisbench(adapter, network, dataset, rows) - picks_here(adapter, weights, dataset, rows)
    assert (late.abs() <= TOLERANCE.get(adapter.name, 1)).mean() >= 0.9, late.tolist()


@pytest.mark.parametrize("name", SINGLE)
def test_exported_weights_have_the_same_curves_for_one_input(name, trained, easy_dataset):
    folder, weights = trained(name)
    adapter, dataset = load_adapter(settings(name)), PreparedDataset(easy_dataset)
    theirs, ours = loaded(folder, adapter, "lr0.01"), adapter.load(weights).eval()
    if theirs.output_type != "array" or "N" not in theirs.labels:
        pytest.skip("gives no curves of P, S and noise")
    for trace in range(80, 96):
        waveform = dataset.waveform(trace)[:, 1500 : 1500 + theirs.in_samples]
        annotated = theirs.annotate(stream(waveform))
        inputs = torch.from_numpy(waveform.copy())[None]
        with torch.inference_mode():
            given = ours(adapter.prepare(ours, inputs, torch.tensor([[0, theirs.in_samples]])))[0]
        for label in "PS":
            # Some classes leave out the ends of their input.
            for curve in annotated.select(channel=f"*_{label}"):
                sample = np.round(curve.times("timestamp") * 100).astype(int)[np.isfinite(curve.data)]
                expected = given[ours.labels.index(label)][sample]
                np.testing.assert_allclose(curve.data[np.isfinite(curve.data)], expected, atol=1e-3)


@pytest.mark.parametrize("name", SINGLE)
def test_exported_weights_detect_the_same_in_seisbench(name, trained, easy_dataset):
    adapter, dataset = load_adapter(settings(name)), PreparedDataset(easy_dataset)
    if adapter.GIVES != ("score_detection",):
        pytest.skip("gives more than detections")
    folder, weights = trained(name)
    theirs, ours = loaded(folder, adapter, "lr0.01"), adapter.load(weights).eval()
    rows = windows(dataset, "task1").query("end_sample - start_sample == @theirs.in_samples")
    question = Question(dataset, rows, ["score_detection"], seed=1, batch_size=8)
    scores = adapter.answer(question, weights)["score_detection"]
    # From longer streams `annotate` takes the largest of overlapping windows, and it spreads outputs evenly over each,
    # where CRED's are 160 samples apart; so it is asked of one window at a time, and values alone are compared.
    for row, score in zip(rows.itertuples(), scores, strict=True):
        waveform = dataset.waveform(row.trace_idx)[:, row.start_sample : row.end_sample]
        (curve,) = theirs.annotate(stream(waveform))
        whole = torch.tensor([[0, theirs.in_samples]])
        with torch.inference_mode():
            inputs = adapter.inputs_of(ours, torch.from_numpy(waveform.copy())[None], whole)
            given = adapter.apply(ours, inputs, whole, whole).flatten()
        # SeisBench divides by n - 1 samples for the standard deviation.
        np.testing.assert_allclose(given, curve.data, atol=2e-5)
        assert score == pytest.approx(curve.data.max(), abs=2e-5)
    assert np.ptp(scores) > 1e-3 and len(scores) > 10


def test_seisbench_picks_with_the_exported_thresholds(trained, easy_dataset):
    folder, _ = trained(LEARNED)
    adapter, dataset = load_adapter(settings(LEARNED)), PreparedDataset(easy_dataset)
    network = loaded(folder, adapter, "lr0.01")
    assert set(network.default_args) == {"P_threshold", "S_threshold"}
    met = {"P": 0, "S": 0}
    for i in range(80, 96):
        found = network.classify(stream(dataset.waveform(i))).picks
        for phase in met:
            onset_s = dataset.metadata.at[i, f"trace_{phase.lower()}_arrival_sample"] / 100
            met[phase] += any(p.phase == phase and abs(p.peak_time.timestamp - onset_s) < 0.5 for p in found)
    assert min(met.values()) > 12, met


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


MISFITS = {
    "class": (
        lambda s, m: m.update(pickbench={"architecture": "PhaseNetLight"}),
        "of architecture PhaseNetLight, expected PhaseNet",
    ),
    "missing array": (lambda s, m: s.pop("in_bn.bias"), "there is no array in_bn.bias"),
    "extra array": (lambda s, m: s.update(extra=torch.zeros(1)), "array extra is none of the model's"),
    "shape": (lambda s, m: s.update({"out.bias": torch.zeros(4)}), r"array out.bias has shape \(4,\), expected \(3,\)"),
    "not finite": (
        lambda s, m: s.update({"out.bias": torch.full((3,), torch.nan)}),
        "out.bias holds values that are no",
    ),
    "rate": (lambda s, m: m["model_args"].update(sampling_rate=50), "sampling_rate is 50, expected 100"),
    "channels": (lambda s, m: m["model_args"].update(in_channels=4), "in_channels is 4, expected 3"),
    "components": (
        lambda s, m: m["model_args"].update(component_order="Z12"),
        "component_order is 'Z12', expected .* ZNE",
    ),
    "hydrophone": (lambda s, m: m["model_args"].update(component_order="ZNEH"), "component_order is 'ZNEH'"),
    "phases": (lambda s, m: m["model_args"].update(phases="PnS"), "phases is 'PnS', expected P, S, N in any order"),
    "norm": (lambda s, m: m["model_args"].update(norm="max"), "norm is 'max', expected peak or std"),
    "filter": (
        lambda s, m: m["model_args"].update(filter_args=["highpass"]),
        r"filter_args is \['highpass'\], expected none",
    ),
    "unknown argument": (lambda s, m: m["model_args"].update(depth=3), "model_args make no PhaseNet: .*'depth'"),
    "newer SeisBench": (lambda s, m: m.update(seisbench_requirement="99.0"), "seisbench_requirement is 99.0, but"),
    "odd version": (lambda s, m: m.update(seisbench_requirement="new"), "seisbench_requirement is 'new'"),
    "no arguments": (
        lambda s, m: m.pop("model_args"),
        'model_args is missing, expected how PhaseNet was built, such as {"phases": "PSN", "norm": "peak",',
    ),
    "empty arguments": (lambda s, m: m.update(model_args={}), "model_args is empty, expected how PhaseNet"),
    "list of arguments": (lambda s, m: m.update(model_args=[1]), "model_args is list"),
    "no number": (lambda s, m: m["default_args"].update(P_threshold=float("nan")), "NaN is no number"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_misfits_are_one_line_that_names_the_file(name, pair, tmp_path):
    change, message = MISFITS[name]
    with pytest.raises(InputError, match=message) as caught:
        adopted("phasenet", pair("phasenet", change), tmp_path)
    assert str(tmp_path / "volpick.") in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "weights.npz").exists() and not (tmp_path / "selected.json").exists()


def test_weights_of_another_architecture_are_refused(pair, tmp_path):
    with pytest.raises(InputError, match=r"ethz.pt.v2: "):
        adopted("phasenet", pair("phasenetlight"), tmp_path)


class Trap:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


MORE, TORN = (
    "holds more than tensors .refused: only plain tensors are read, not io.open",
    "is truncated or not a PyTorch file",
)
FORMS = {"zip": MORE, "legacy": MORE, "pickle": MORE, "list": "holds something else than arrays by name"}
FORMS |= dict.fromkeys(("torn", "torn at its end", "empty", "text", "torn legacy", "newer pickle"), TORN)


@pytest.mark.parametrize("form", FORMS)
def test_hostile_and_damaged_files_are_refused_unread(form, tmp_path):
    path, hostile = tmp_path / "x.pt.v1", {"inc.weight": Trap(tmp_path / "sprung")}
    arrays = {"inc.weight": torch.zeros(100, 10)}
    if form in ("zip", "legacy"):
        torch.save(hostile, path, _use_new_zipfile_serialization=form == "zip")
    elif form.endswith("pickle"):
        path.write_bytes(pickle.dumps(hostile, protocol=2 if form == "pickle" else None))
    elif form == "list":
        torch.save([1, 2], path)
    elif form == "text":
        path.write_text("<html>not found</html>")
    else:
        torch.save(arrays, path, _use_new_zipfile_serialization=form != "torn legacy")
        path.write_bytes(path.read_bytes()[: {"empty": 0, "torn at its end": -10}.get(form, 1000)])
    with pytest.raises(InputError, match=f"x.pt.v1: {FORMS[form]}") as caught:
        read_state(path)
    assert not (tmp_path / "sprung").exists() and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_not_called_damaged(tmp_path):
    with pytest.raises(InputError, match="x.pt.v1: cannot be read .No such file"):
        read_state(tmp_path / "x.pt.v1")


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
