"""Training learns, goes on where it was stopped, and says when it has diverged."""

import numpy as np
import pytest
import torch

from pickbench.data.prepared import PreparedDataset
from pickbench.models import load_adapter
from pickbench.training import loop
from pickbench.training.batches import Batches
from pickbench.training.draws import TraceTable, WindowRecipe, draw_windows
from tests.contract.test_models import plan, settings, windows


class Stopped(Exception):
    """Stands for whatever ends a job."""


def stop_before(epoch: int, monkeypatch):
    original = loop.Keeper.on_train_epoch_start

    def stop(self, trainer, module):
        if trainer.current_epoch == epoch:
            raise Stopped
        original(self, trainer, module)

    monkeypatch.setattr(loop.Keeper, "on_train_epoch_start", stop)


def test_learns_an_easy_dataset(easy_dataset, tmp_path):
    adapter, dataset = load_adapter(settings("phasenetlight")), PreparedDataset(easy_dataset)
    fit = adapter.fit(dataset, plan(tmp_path, max_epochs=15, batch_size=16))
    assert fit.history["dev_loss"].iloc[-1] < fit.history["dev_loss"].iloc[0]
    rows = windows(dataset, "task23")
    picks = adapter.answer(dataset, rows, fit.weights, ["p_sample_pred"], seed=1, batch_size=32)["p_sample_pred"]
    residual_s = ((picks - rows["phase_onset"]) / 100)[rows["phase_label"] == "P"]
    assert residual_s.abs().median() < 0.2


def test_stopped_training_ends_with_the_same_weights(easy_dataset, tmp_path, monkeypatch):
    dataset = PreparedDataset(easy_dataset)
    whole = load_adapter(settings("phasenetlight")).fit(dataset, plan(tmp_path / "whole", max_epochs=4))
    for epoch in (1, 3):
        with monkeypatch.context() as patch, pytest.raises(Stopped):
            stop_before(epoch, patch)
            load_adapter(settings("phasenetlight")).fit(dataset, plan(tmp_path / "cut", max_epochs=4))
    resumed = load_adapter(settings("phasenetlight")).fit(dataset, plan(tmp_path / "cut", max_epochs=4))
    assert list(resumed.history["epoch"]) == [1, 2, 3, 4]
    np.testing.assert_array_equal(resumed.history["dev_loss"], whole.history["dev_loss"])
    for name, array in whole.weights.items():
        np.testing.assert_array_equal(resumed.weights[name], array)


def test_torn_checkpoint_starts_again(easy_dataset, tmp_path):
    dataset = PreparedDataset(easy_dataset)
    whole = load_adapter(settings("phasenetlight")).fit(dataset, plan(tmp_path / "whole", max_epochs=2))
    last = tmp_path / "whole" / "checkpoints" / "PhaseNetLight.ckpt"
    last.write_bytes(last.read_bytes()[:-1000])
    again = load_adapter(settings("phasenetlight")).fit(dataset, plan(tmp_path / "whole", max_epochs=2))
    assert len(again.history) == 2
    for name, array in whole.weights.items():
        np.testing.assert_array_equal(again.weights[name], array)


def test_divergence_is_reported(easy_dataset, tmp_path, monkeypatch):
    adapter, dataset = load_adapter(settings("phasenetlight")), PreparedDataset(easy_dataset)
    monkeypatch.setattr(adapter, "loss", lambda output, labels: output.sum() * torch.nan)
    fit = adapter.fit(dataset, plan(tmp_path, max_epochs=5))
    assert set(fit.unlearned.values()) == {"diverged"} and not fit.weights and len(fit.history) == 1


def test_best_weights_are_those_of_the_lowest_dev_loss(easy_dataset, tmp_path):
    dataset = PreparedDataset(easy_dataset)
    fit = load_adapter(settings("phasenetlight")).fit(dataset, plan(tmp_path, max_epochs=4, learning_rate=0.1))
    best = int(fit.history["dev_loss"].idxmin()) + 1
    assert fit.facts["networks"]["PhaseNetLight"]["best_epoch"] == best
    # The draws of an epoch do not depend on how many follow, so a training that ends there has the same last weights.
    short = load_adapter(settings("phasenetlight")).fit(
        dataset, plan(tmp_path / "short", max_epochs=best, learning_rate=0.1)
    )
    for name, array in short.weights.items():
        np.testing.assert_array_equal(fit.weights[name], array)


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
        np.testing.assert_allclose(whole["picks"][i], table.picks[row] - draws.start[i], atol=1e-3)
