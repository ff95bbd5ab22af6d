"""Training learns, goes on where it was stopped, keeps to its limits, and says when it has diverged."""

import logging
import os
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from seisbench.models import PhaseNetLight

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.models import load_adapter
from pickbench.models.base import Question
from pickbench.training import loop
from pickbench.training.batches import Batches, parts
from pickbench.training.draws import TraceTable, WindowRecipe, draw_windows
from tests.registry import plan, settings, windows

# The easy dataset has 64 train and 16 dev windows: with 16 a batch, an epoch is four batches and one.
BATCH_SIZE, BATCHES = 16, 5


class Stopped(Exception):
    """Stands for whatever ends a job."""


class Plain(torch.nn.Module):
    """A network without batch norm and dropout, which does the same to a window whatever stands beside it."""

    norm, labels, component_order = "peak", "PSN", "ZNE"
    norm_detrend = norm_amp_per_comp = False

    def __init__(self):
        super().__init__()
        self.inner, self.outer = torch.nn.Conv1d(3, 8, 7, padding=3), torch.nn.Conv1d(8, 3, 7, padding=3)

    def forward(self, inputs):
        return self.outer(torch.relu(self.inner(inputs))).softmax(dim=1)


class Forgetful(PhaseNetLight):
    """A network with batch norm that draws random numbers when it learns."""

    def forward(self, inputs):
        return super().forward(torch.nn.functional.dropout(inputs, 0.2, self.training))


def fit(dataset, folder, network=None, **changes):
    adapter = load_adapter(settings("phasenetlight"))
    adapter.network = network or (lambda: Forgetful(**adapter.model_args()))
    return adapter.fit(dataset, plan(folder, **{"batch_size": BATCH_SIZE, **changes}))


def spy_on_batches(monkeypatch, before) -> list[bool]:
    """Call `before` with the number of each batch; give whether each was learned from."""
    original, learned = loop.Training._step, []

    def step(self, inputs, labels, *, learn):
        before(len(learned))
        learned.append(learn)
        return original(self, inputs, labels, learn=learn)

    monkeypatch.setattr(loop.Training, "_step", step)
    return learned


def stop_at(number: int):
    def stop(count: int):
        if count == number:
            raise Stopped

    return stop


def assert_same(one, other):
    assert set(one.weights) == set(other.weights)
    for name, array in one.weights.items():
        np.testing.assert_array_equal(array, other.weights[name])
    for column in ("epoch", "train_loss", "dev_loss"):
        np.testing.assert_array_equal(one.history[column], other.history[column])


@pytest.fixture(scope="module")
def dataset(easy_dataset):
    return PreparedDataset(easy_dataset)


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    return fit(dataset, tmp_path_factory.mktemp("whole"), max_epochs=3)


def test_learns_an_easy_dataset(dataset, tmp_path):
    adapter = load_adapter(settings("phasenetlight"))
    learned = adapter.fit(dataset, plan(tmp_path, max_epochs=15, batch_size=16))
    assert learned.history["dev_loss"].iloc[-1] < learned.history["dev_loss"].iloc[0]
    rows = windows(dataset, "task23")
    question = Question(dataset, rows, ["p_sample_pred"], seed=1, batch_size=32)
    picks = adapter.answer(question, learned.weights)["p_sample_pred"]
    residual_s = ((picks - rows["phase_onset"]) / 100)[rows["phase_label"] == "P"]
    assert residual_s.abs().median() < 0.2


# Batches that a process lives to see: within a train pass, before a dev pass, before an epoch, and several times.
@pytest.mark.parametrize("lives", [[2], [4], [5], [1, 1, 4, 3]], ids=str)
def test_stopped_training_ends_with_the_same_weights(lives, dataset, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_EVERY_S", 0.0)
    for batches in lives:
        with monkeypatch.context() as patch:
            spy_on_batches(patch, stop_at(batches))
            with pytest.raises(Stopped):
                fit(dataset, tmp_path, max_epochs=3)
    learned = spy_on_batches(monkeypatch, lambda _: None)
    assert_same(fit(dataset, tmp_path, max_epochs=3), whole)
    assert len(learned) == 3 * BATCHES - sum(lives)
    # What has ended is not trained again.
    assert_same(fit(dataset, tmp_path, max_epochs=3), whole)
    assert len(learned) == 3 * BATCHES - sum(lives)


def test_short_epochs_are_saved_when_they_end(dataset, whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        spy_on_batches(patch, stop_at(2 * BATCHES + 3))
        with pytest.raises(Stopped):
            fit(dataset, tmp_path, max_epochs=3)
    learned = spy_on_batches(monkeypatch, lambda _: None)
    assert_same(fit(dataset, tmp_path, max_epochs=3), whole)
    assert len(learned) == BATCHES


@pytest.mark.parametrize("cut", [0, 7, 5000, -1000, -1])
def test_torn_checkpoint_starts_again(cut, dataset, whole, tmp_path, caplog):
    fit(dataset, tmp_path, max_epochs=1)
    last = tmp_path / "checkpoints" / "PhaseNetLight.ckpt"
    last.write_bytes(last.read_bytes()[:cut])
    assert_same(fit(dataset, tmp_path, max_epochs=3), whole)
    assert "PhaseNetLight.ckpt cannot be read" in caplog.text


@pytest.mark.parametrize("nan_at", [1, 4, 7])
def test_divergence_is_reported_at_once(nan_at, dataset, tmp_path, monkeypatch):
    adapter = load_adapter(settings("phasenetlight"))
    count, loss = [], adapter.loss

    def loss_until(output, labels):
        count.append(1)
        return loss(output, labels) * (torch.nan if len(count) == nan_at + 1 else 1.0)

    monkeypatch.setattr(adapter, "loss", loss_until)
    for _ in range(2):  # the second time, it is known
        diverged = adapter.fit(dataset, plan(tmp_path, max_epochs=5, batch_size=BATCH_SIZE))
        assert len(count) == nan_at + 1
        assert set(diverged.unlearned) == set(adapter.GIVES) and set(diverged.unlearned.values()) == {"diverged"}
        assert not diverged.weights and not diverged.dev_loss and diverged.facts["ended"] == "diverged"
        assert list(diverged.history["epoch"]) == list(range(1, 2 + nan_at // BATCHES))
        assert np.isnan(diverged.history["dev_loss"].iloc[-1])


def test_best_weights_are_those_of_the_lowest_dev_loss(dataset, tmp_path):
    longer = fit(dataset, tmp_path, max_epochs=4, learning_rate=0.1)
    best = int(longer.history["dev_loss"].idxmin()) + 1
    assert longer.facts["best_epoch"] == best and longer.facts["ended"] == "epochs"
    # The draws of an epoch do not depend on how many follow, so a training that ends there has the same last weights.
    short = fit(dataset, tmp_path / "short", max_epochs=best, learning_rate=0.1)
    for name, array in short.weights.items():
        np.testing.assert_array_equal(longer.weights[name], array)


@pytest.fixture
def two_seconds_a_batch(monkeypatch):
    """A clock that is read three times within a batch, and goes on by a second each time."""
    clock = SimpleNamespace(now=0.0)

    def perf_counter():
        clock.now += 1
        return clock.now

    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=perf_counter))


def test_time_limit_counts_over_interruptions(dataset, whole, tmp_path, monkeypatch, two_seconds_a_batch):
    # An epoch takes 10 s, so the limit falls into the third one.
    limits = {"max_epochs": 100, "max_time_h": 25 / 3600}
    monkeypatch.setattr(loop, "SAVE_EVERY_S", 0.0)
    with monkeypatch.context() as patch:
        spy_on_batches(patch, stop_at(8))
        with pytest.raises(Stopped):
            fit(dataset, tmp_path, **limits)
    learned = spy_on_batches(monkeypatch, lambda _: None)
    resumed = fit(dataset, tmp_path, **limits)
    assert len(learned) == 13 - 8  # 26 s are the first to reach 25
    assert resumed.facts["ended"] == "time"
    assert list(resumed.history["seconds"]) == [10, 10] and list(resumed.history["input_seconds"]) == [5, 5]
    assert list(resumed.history["samples_per_s"]) == [64 / 8] * 2
    np.testing.assert_array_equal(resumed.history["dev_loss"], whole.history["dev_loss"][:2])


def test_time_limit_within_the_first_epoch_leaves_a_result(dataset, tmp_path, monkeypatch, two_seconds_a_batch):
    learned = spy_on_batches(monkeypatch, lambda _: None)
    short = fit(dataset, tmp_path, max_epochs=100, max_time_h=3 / 3600)
    assert learned == [True, True, False]
    assert short.facts["ended"] == "time" and len(short.history) == 1 and short.weights
    assert np.isfinite(short.history["dev_loss"]).all()


@pytest.mark.parametrize("split", ["train", "dev"])
def test_split_without_traces_leaves_its_answers_unlearned(split, easy_dataset, tmp_path):
    dataset = PreparedDataset(easy_dataset)
    dataset.metadata.loc[dataset.metadata["split"] == split, "split"] = "test"
    empty = fit(dataset, tmp_path)
    assert set(empty.unlearned.values()) == {f"the {split} split has no trace"}
    assert not empty.weights and not len(empty.history)


def test_networks_that_cannot_be_trained_are_noted_one_by_one(easy_dataset, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    dataset, adapter = PreparedDataset(easy_dataset), load_adapter(settings("dpp"))
    dataset.metadata["split"] = "test"
    fit = adapter.fit(dataset, plan(tmp_path, answers=("score_detection", "p_sample_pred")))
    assert set(fit.unlearned) == {"score_detection", "score_p_or_s", "p_sample_pred"}
    noted = {name: facts["unlearned"] for name, facts in fit.facts["networks"].items()}
    assert {column: reason for of_network in noted.values() for column, reason in of_network.items()} == {
        "score_detection": "the train split has no trace",
        "score_p_or_s": "the train split has no trace",
        "p_sample_pred": "the train split has no trace with a pick of P",
        "s_sample_pred": "the source declares no S picks",
    }
    assert list(noted) == list(adapter.networks())
    begun = [record.getMessage() for record in caplog.records if "network" in record.getMessage()]
    assert begun == [
        "DPPDetector  network 1 of 2; the time left is its own",
        "DPPPickerP  network 2 of 2; the time left is its own",
    ]


def test_split_without_a_phase_leaves_its_answers_unlearned(easy_dataset, tmp_path, monkeypatch):
    dataset, adapter = PreparedDataset(easy_dataset), load_adapter(settings("phasenetlight"))
    dataset.metadata.loc[dataset.metadata["split"] == "dev", "trace_s_arrival_sample"] = np.nan
    usual = adapter.recipe(plan(tmp_path))
    for phases in ("S", "PS"):
        monkeypatch.setattr(adapter, "recipe", lambda _, p=phases: replace(usual, phases=p, only_with_pick=True))
        learned = adapter.fit(dataset, plan(tmp_path / phases))
        reason = {"the dev split has no trace with a pick of S"} if phases == "S" else set()
        assert set(learned.unlearned.values()) == reason and bool(learned.weights) == (phases == "PS")


@pytest.mark.parametrize("device_batch", [16, 12, 1])
def test_a_batch_in_parts_gives_the_same_steps(device_batch, dataset, tmp_path):
    at_once = fit(dataset, tmp_path / "a", Plain, batch_size=32, max_epochs=2)
    in_parts = fit(dataset, tmp_path / "b", Plain, batch_size=32, max_epochs=2, device_batch=device_batch)
    for name, array in at_once.weights.items():
        np.testing.assert_allclose(in_parts.weights[name], array, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(in_parts.history["dev_loss"], at_once.history["dev_loss"], rtol=1e-5)


def test_mixed_precision_is_of_the_network_alone(dataset, tmp_path, monkeypatch):
    adapter, seen = load_adapter(settings("phasenetlight")), []

    class Watched(Plain):
        def forward(self, inputs):
            hidden = self.inner(inputs)
            seen.append(hidden.dtype)
            return self.outer(hidden.relu()).softmax(dim=1)

    def loss(output, labels):
        assert output.dtype == labels.dtype == torch.float32
        # The loss of EQTransformer, which torch refuses to compute in mixed precision.
        return torch.nn.BCELoss()(output, labels)

    monkeypatch.setattr(adapter, "network", Watched)
    monkeypatch.setattr(adapter, "loss", loss)
    learned = adapter.fit(dataset, plan(tmp_path, max_epochs=3, precision="bf16-mixed"))
    assert set(seen) == {torch.bfloat16}
    assert learned.history["dev_loss"].is_monotonic_decreasing
    assert {array.dtype for array in learned.weights.values()} == {np.dtype(np.float32)}


def test_several_outputs_come_to_the_loss(dataset, tmp_path, monkeypatch):
    adapter = load_adapter(settings("phasenetlight"))

    class Twofold(Plain):
        def forward(self, inputs):
            return super().forward(inputs), inputs

    def loss(output, labels):
        assert {part.dtype for part in output} == {torch.float32}
        return (output[0] - labels).square().mean()

    monkeypatch.setattr(adapter, "network", Twofold)
    monkeypatch.setattr(adapter, "loss", loss)
    assert adapter.fit(dataset, plan(tmp_path, precision="bf16-mixed")).weights


COMPILER = os.environ.get("CXX", "g++")


@pytest.mark.skipif(
    shutil.which(COMPILER) is None, reason=f"torch.compile needs a C++ compiler, and there is no {COMPILER}"
)
def test_compiled_network_learns_the_same(dataset, tmp_path):
    plainly = fit(dataset, tmp_path / "a", Plain)
    compiled = fit(dataset, tmp_path / "b", Plain, compile=True)
    assert list(compiled.weights) == list(plainly.weights)
    for name, array in plainly.weights.items():
        np.testing.assert_allclose(compiled.weights[name], array, rtol=1e-3, atol=1e-5)


def test_compiling_without_a_compiler_is_one_line(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(InputError, match="'training.compile' is true, but there is no C[+][+] compiler"):
        fit(dataset, tmp_path, compile=True)


def test_too_large_a_batch_is_one_line(dataset, tmp_path, monkeypatch):
    def out_of_memory(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loop.Training, "_loss", out_of_memory)
    with pytest.raises(InputError, match="memory does not hold 8 windows in PhaseNetLight; make training.device_batch"):
        fit(dataset, tmp_path, device_batch=8)


def test_log_says_how_far_it_is_and_nothing_else(dataset, tmp_path, monkeypatch, caplog, capfd):
    caplog.set_level(logging.INFO)
    fit(dataset, tmp_path / "short", max_epochs=2)
    number = r"\d+\.\d{4}"
    end = r"\d+ samples/s  \d:\d\d:\d\d left at most"
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    for epoch, line in enumerate(said, 1):
        assert re.fullmatch(rf"PhaseNetLight  epoch {epoch}/2  loss {number}  dev loss {number}  {end}", line)
    assert capfd.readouterr() == ("", "")
    caplog.clear()
    monkeypatch.setattr(loop, "SAVE_EVERY_S", 0.0)
    fit(dataset, tmp_path / "long", max_epochs=1)
    said = [record.getMessage() for record in caplog.records]
    assert re.fullmatch(rf"PhaseNetLight  epoch 1, 25% of train  loss {number}  {end}", said[0])
    assert len(said) == BATCHES + 1


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [(64, 16, [16] * 4), (66, 16, [16] * 4 + [2]), (65, 16, [16] * 3 + [17]), (3, 2, [3]), (1, 16, [1]), (0, 16, [])],
)
def test_no_window_is_left_alone_in_a_part(count, size, expected):
    assert parts(count, size) == expected


@pytest.mark.parametrize("changes", [{"batch_size": 21}, {"batch_size": 64, "device_batch": 21}])
def test_batch_norm_over_windows_takes_what_is_left_over(easy_dataset, tmp_path, changes):
    """64 windows are three times 21 and one, of which the detector of DPP could take no variance."""
    dataset, adapter = PreparedDataset(easy_dataset), load_adapter(settings("dpp"))
    network = adapter.networks()["DPPDetector"]
    fit = network.fit(dataset, plan(tmp_path, max_epochs=1, **changes))
    assert np.isfinite(fit.history["train_loss"]).all() and not fit.unlearned


def test_a_single_trace_teaches_nothing(easy_dataset, tmp_path):
    dataset = PreparedDataset(easy_dataset)
    others = dataset.metadata.index[dataset.metadata["split"] == "train"][1:]
    dataset.metadata.loc[others, "split"] = "test"
    unlearned = fit(dataset, tmp_path).unlearned
    assert set(unlearned.values()) == {"the train split has a single trace"}


def test_batches_hold_the_windows(easy_dataset):
    dataset = PreparedDataset(easy_dataset)
    table = TraceTable.from_metadata(dataset.metadata, "train", None)
    recipe = WindowRecipe(3001, 0.5, 1000, 1000, (-500, None))
    draws = draw_windows(table, recipe, np.random.default_rng(0), shuffle=True)
    batches = Batches(dataset, table, draws, 3001, 10)
    assert len(batches) == 7 and len(batches[6]["waveforms"]) == 4
    whole = {key: torch.cat([batches[i][key] for i in range(7)]) for key in batches[0]}
    for i, row in enumerate(draws.row):
        trace = dataset.waveform(table.trace_idx[row])
        for sample in (0, 1500, 3000):
            at = draws.start[i] + sample
            low, high = whole["valid"][i]
            if low <= sample < high:
                np.testing.assert_array_equal(whole["waveforms"][i, :, sample], trace[:, at])
            else:
                assert not draws.low[i] <= at < draws.high[i]
                assert not whole["waveforms"][i, :, sample].any()
        np.testing.assert_allclose(whole["picks"][i], table.picks[row] - draws.start[i], atol=1e-3)
