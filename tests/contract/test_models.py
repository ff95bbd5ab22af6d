"""Every registered model keeps the contract of `pickbench.models.base.Adapter`; adding one adds no test here."""

import numpy as np
import pandas as pd
import pytest
import torch

from pickbench.data.prepared import PreparedDataset
from pickbench.errors import InputError
from pickbench.grid import TASK_FILES
from pickbench.models import adapters, load_adapter
from pickbench.models.base import CURVES, Question, load_weights, save_weights
from tests.registry import FILES, columns, plan, settings, windows


@pytest.mark.parametrize("name", FILES)
def test_learns_writes_and_answers(name, easy_dataset, tmp_path):
    adapter, dataset = load_adapter(settings(name)), PreparedDataset(easy_dataset)
    fit = adapter.fit(dataset, plan(tmp_path, dataset))
    assert not fit.unlearned
    save_weights(tmp_path / "weights.npz", fit.weights)
    weights = load_weights(tmp_path / "weights.npz")
    assert set(weights) == set(fit.weights)
    for task_file in TASK_FILES:
        wanted = columns(name, task_file)
        if not wanted:
            continue
        # A few are enough; sliding GPD over all of them takes minutes.
        rows = windows(dataset, task_file).iloc[::5]
        question = Question(dataset, rows, wanted, seed=1, batch_size=8)
        answers = adapter.answer(question, weights)
        assert list(answers.columns) == wanted
        assert (answers.dtypes == np.float64).all()
        assert answers.notna().all().all()
        # The same windows in another order and in other batches get the same answers.
        if not settings(name)["control"]:
            mixed = rows.sample(frac=1, random_state=0)
            again = adapter.answer(Question(dataset, mixed, wanted, seed=1, batch_size=3), weights).loc[rows.index]
            np.testing.assert_allclose(again, answers, rtol=1e-5, atol=1e-6)
        for column in wanted:
            if column.endswith("_sample_pred"):
                # Baer & Kradolfer's picker looks at 10 s at least, and these windows are shorter.
                bounded = bool(adapter.networks()) or settings(name)["control"]
                low, high = (rows["start_sample"], rows["end_sample"]) if bounded else (0, 6000)
                assert (answers[column] >= low).all()
                assert (answers[column] < high).all()
        check_curves(adapter, adapter.curves(question, weights), rows, answers)


def check_curves(adapter, curves: list[dict], rows: pd.DataFrame, answers: pd.DataFrame) -> None:
    """Networks have a curve for each answer that has one, and what they answer is read out of it; others have none."""
    names = {CURVES[column] for column in answers if column in CURVES} if adapter.networks() else set()
    assert [set(of_window) for of_window in curves] == [names] * len(rows)
    spans = zip(curves, rows["start_sample"], rows["end_sample"], answers.to_dict("records"), strict=True)
    for of_window, start, end, answer in spans:
        for column in (column for column in answer if CURVES.get(column) in names):
            curve = of_window[CURVES[column]]
            within = curve.values[start - curve.first : end - curve.first]
            assert len(within) == end - start and curve.values.dtype == np.float32
            assert within.min() >= 0 and within.max() <= 1 + 1e-6
            if column == "score_detection":
                assert within.max() == pytest.approx(answer[column], abs=1e-5)
            else:
                # The largest value, or of a curve that says that a phase has arrived the first one above one half.
                arrived = within > 0.5
                first = int(arrived.argmax()) if arrived.any() else (end - start) // 2
                assert answer[column] - start in (int(within.argmax()), first)


@pytest.mark.parametrize("name", FILES)
def test_fits_are_reproducible(name, easy_dataset, tmp_path):
    dataset = PreparedDataset(easy_dataset)
    first = load_adapter(settings(name)).fit(dataset, plan(tmp_path / "a", dataset))
    second = load_adapter(settings(name)).fit(dataset, plan(tmp_path / "b", dataset))
    for key in first.weights:
        np.testing.assert_array_equal(first.weights[key], second.weights[key])


@pytest.mark.parametrize("name", [name for name in FILES if "parameters" in settings(name)])
def test_size_is_as_documented(name):
    networks = [adapter.network() for adapter in load_adapter(settings(name)).networks().values()]
    trainable = sum(p.numel() for network in networks for p in network.parameters() if p.requires_grad)
    assert trainable == settings(name)["parameters"]


@pytest.mark.parametrize("name", FILES)
def test_bad_settings_are_one_line(name):
    good = settings(name)
    for change, said in (
        ({"adapter": "nothing"}, "unknown adapter 'nothing'"),
        ({"architecture": "Nothing"}, "key 'architecture' is 'Nothing'"),
        ({"networks": 7}, "key 'networks' is 7"),
        ({"settings": {**good["settings"], "nothing": 1}}, "unknown key 'settings.nothing'"),
    ):
        with pytest.raises(InputError, match=said) as caught:
            load_adapter({**good, **change})
        assert f"{name}.yaml" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("sigma_samples", -3), ("around_pick_share", 2.0), ("around_pick_samples", 0), ("norm", "max"), ("norm", 1)],
)
def test_senseless_settings_are_refused(key, value):
    good = settings("phasenet")
    with pytest.raises(InputError, match=f"phasenet.yaml: key 'settings.{key}' is"):
        load_adapter({**good, "settings": {**good["settings"], key: value}})


def test_every_adapter_is_used():
    assert {settings(name)["adapter"] for name in FILES} == set(adapters())


def test_weights_of_another_model_are_refused(easy_dataset):
    light = load_adapter(settings("phasenetlight")).network()
    weights = {name: tensor.numpy() for name, tensor in light.state_dict().items()}
    dataset = PreparedDataset(easy_dataset)
    question = Question(dataset, windows(dataset, "task1"), ["score_detection"], seed=1, batch_size=8)
    with pytest.raises(InputError, match="phasenet"):
        load_adapter(settings("phasenet")).answer(question, weights)
    with torch.inference_mode():
        assert light(torch.zeros(1, 3, 3001)).shape == (1, 3, 3001)
