"""Weights that are exported here are opened by SeisBench, and pick, detect and have the same curves there."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pickbench import export as exporting
from pickbench.candidate import CandidateFiles, train_candidate
from pickbench.data.prepared import PreparedDataset
from pickbench.files import read_json, write_json
from pickbench.models import load_adapter
from pickbench.models.base import Question, load_weights
from pickbench.selection import select
from tests.contract.seisbench_picks import picks_by_seisbench, picks_here, stream
from tests.registry import FILES, columns, plan, settings, windows

NETWORKS = [name for name in FILES if load_adapter(settings(name)).networks()]
SINGLE = [name for name in NETWORKS if len(load_adapter(settings(name)).networks()) == 1]
# The one that learns to pick; for the others, some weights of their own will do.
LEARNED, LONGER = "phasenetlight", {"max_epochs": 6, "batch_size": 8}
# In samples, where `annotate` differs by design: EQTransformer tapers the ends of its input; GPD answers every 10
# samples there and every 5 here, and filters the stream instead of each window.
TOLERANCE = {"EQTransformer": 10, "GPD": 25}


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
    write_json(paths.run, {**read_json(paths.run), "unlearned": {}}, sealed=True)
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
