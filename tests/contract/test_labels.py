"""Labels of batches are those of seisbench.generate's labellers; losses are those of the papers."""

import numpy as np
import pytest
import torch
from seisbench import generate as sbg

from pickbench.training.labels import (
    cell_labels,
    class_labels,
    detection_labels,
    gaussian_labels,
    negative_log_likelihood,
    point_labels,
    soft_cross_entropy,
    step_labels,
)

PHASES = ("P", "S", "P", "S")
COLUMNS = {f"trace_{i}_arrival_sample": phase for i, phase in enumerate(PHASES)}
P_COLUMNS, S_COLUMNS = ([name for name, phase in COLUMNS.items() if phase == own] for own in "PS")
NAN = float("nan")


def draw_picks(length: int, n: int = 200) -> np.ndarray:
    """Picks inside the window and around it, close ones and equal ones, and windows with few or none."""
    rng = np.random.default_rng(2)
    picks = rng.uniform(-0.3 * length, 1.3 * length, (n, len(PHASES)))
    picks[:40, 1] = picks[:40, 0] + rng.uniform(-15, 15, 40)
    picks[40:50, 1] = picks[40:50, 0]
    picks[50:60] = np.round(picks[50:60])
    picks[60:70] = rng.uniform(-1.5, 0.5, (10, len(PHASES)))
    picks[rng.random(picks.shape) < 0.4] = np.nan
    picks[:3] = np.nan
    return picks


def twin(labeller, picks: np.ndarray, length: int, key: str = "y") -> np.ndarray:
    """What SeisBench's labeller gives, window by window."""
    answers = []
    for row in picks:
        state = {"X": (np.zeros((3, length)), dict(zip(COLUMNS, row.tolist(), strict=True)))}
        labeller(state)
        answers.append(state[key][0])
    return np.stack(answers)


@pytest.mark.parametrize("classes", ["PSN", "NPS"])
@pytest.mark.parametrize("length,sigma", [(1001, 10), (1001, 20), (400, 50), (30, 20)])
def test_gaussian_and_point_labels_equal_seisbench(length, sigma, classes):
    picks = draw_picks(length).astype(np.float32).astype(np.float64)
    arguments = {"label_columns": COLUMNS, "sigma": sigma, "model_labels": classes}
    expected = twin(sbg.ProbabilisticLabeller(dim=0, **arguments), picks, length)
    ours = gaussian_labels(torch.from_numpy(picks), PHASES, classes, length, sigma)
    np.testing.assert_allclose(ours, expected, atol=1e-12)
    single = gaussian_labels(torch.from_numpy(picks).float(), PHASES, classes, length, sigma)
    np.testing.assert_allclose(single, expected, atol=1e-6)
    for position in (0.5, 0.0, 1.0, 0.3):
        expected = twin(sbg.ProbabilisticPointLabeller(position=position, **arguments), picks, length)
        ours = point_labels(torch.from_numpy(picks), PHASES, classes, length, sigma, position)
        np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_labels_add_up_to_one_and_peak_at_the_pick():
    labels = gaussian_labels(torch.tensor([[300.0, 600.0]]), ("P", "S"), "PSN", 1001, 20)[0]
    np.testing.assert_allclose(labels.sum(dim=0), 1, atol=1e-6)
    assert labels[0].argmax() == 300 and labels[1].argmax() == 600
    # One sigma from the pick a Gaussian has fallen to exp(-1/2).
    assert labels[0, 320].item() == pytest.approx(np.exp(-0.5), abs=1e-6)
    # P and S at once share the sample.
    both = gaussian_labels(torch.tensor([[300.0, 300.0]]), ("P", "S"), "PSN", 1001, 20)[0]
    np.testing.assert_allclose(both[:, 300], [0.5, 0.5, 0], atol=1e-6)


@pytest.mark.parametrize("phase", ["P", "S"])
def test_step_labels_equal_seisbench(phase):
    picks = draw_picks(1000)
    expected = twin(sbg.StepLabeller(label_columns=COLUMNS), picks, 1000)[:, "PS".index(phase)]
    np.testing.assert_array_equal(step_labels(torch.from_numpy(picks), PHASES, phase, 1000), expected)


def test_steps_by_hand():
    picks = torch.tensor([[2.9, NAN], [NAN, 1.0], [-7.0, 3.0], [5.0, 4.2], [6.0, 9.0]])
    expected = [[0, 0, 1, 1, 1], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(step_labels(picks, ("P", "P"), "P", 5), expected)
    assert not step_labels(picks, ("P", "P"), "S", 5).any()


@pytest.mark.parametrize("classes", ["PSN", "NPS"])
@pytest.mark.parametrize("low,high", [(0, None), (100, -100), (-350, 300), (20, 380)])
def test_class_labels_equal_seisbench(low, high, classes):
    picks = draw_picks(400)
    # SeisBench takes a low of 0 for one that counts from the end; None is its beginning of the window.
    labeller = sbg.StandardLabeller(
        label_columns=COLUMNS, on_overlap="fixed-relevance", low=low or None, high=high, model_labels=classes
    )
    ours = class_labels(torch.from_numpy(picks), PHASES, classes, 400, low, high)
    assert ours.dtype == torch.int64
    np.testing.assert_array_equal(ours, twin(labeller, picks, 400)[:, 0])
    assert set(ours.tolist()) == {0, 1, 2}


def test_classes_by_hand():
    picks = torch.tensor([[190.0, 215.0], [185.0, 210.0], [100.0, NAN], [99.9, NAN], [NAN, 300.0], [210.0, 190.0]])
    # The last two are as far from the middle as each other: the first column counts.
    assert class_labels(picks, ("P", "S"), "PSN", 400, 100, -100).tolist() == [0, 1, 0, 2, 2, 0]


@pytest.mark.parametrize("fixed_samples,factor", [(None, 1.4), (None, 0.5), (300, 1.4)])
def test_detection_labels_equal_seisbench(fixed_samples, factor):
    picks = draw_picks(1000, 400)
    s_columns = S_COLUMNS if fixed_samples is None else None
    labeller = sbg.DetectionLabeller(P_COLUMNS, s_columns, factor=factor, fixed_window=fixed_samples)
    ours = detection_labels(torch.from_numpy(picks), PHASES, 1000, fixed_samples, factor)
    np.testing.assert_array_equal(ours, twin(labeller, picks, 1000)[:, 0])
    assert 0.1 < ours.any(dim=1).float().mean() < 0.9


def test_detections_by_hand():
    picks = torch.tensor([[10.0, 20.0], [20.0, 10.0], [15.0, 15.0], [10.0, NAN], [NAN, 10.0], [-30.0, -20.0]])
    detection = detection_labels(picks, ("P", "S"), 50)
    # From P to S + 1.4 (S - P): samples 10 to 33. An S before P, with P, or alone makes no event.
    assert detection[0].nonzero().flatten().tolist() == list(range(10, 34))
    assert not detection[1:].any()
    fixed = detection_labels(picks, ("P", "S"), 50, fixed_samples=35)
    assert fixed.sum(dim=1).tolist() == [35, 30, 35, 35, 0, 5]


def test_dataset_without_any_pick_column():
    picks = torch.empty(2, 0)
    assert not step_labels(picks, (), "P", 50).any() and not detection_labels(picks, (), 50).any()
    assert class_labels(picks, (), "PSN", 50).tolist() == [2, 2]
    assert gaussian_labels(picks, (), "PSN", 50, 20)[:, 2].all() and point_labels(picks, (), "PSN", 50, 20)[:, 2].all()


def test_cells_as_published():
    """19 means of 158 samples, over a window of 3000 that two zeros make 3002 long."""
    detection = torch.from_numpy(np.random.default_rng(3).uniform(size=(5, 3000)))
    expected = np.pad(detection.numpy(), [(0, 0), (0, 2)]).reshape(5, 19, 158).mean(axis=-1)
    np.testing.assert_allclose(cell_labels(detection, range(0, 3003, 158), padded=True), expected, rtol=1e-9)


def test_cells_by_hand():
    detection = torch.tensor([[0.0, 1, 1, 1, 0, 0, 1]])
    edges = [-2, 2, 3, 6, 9, 12]
    # The first cell has samples 0 and 1, the fourth only sample 6, the last none.
    np.testing.assert_allclose(cell_labels(detection, edges)[0], [1 / 2, 1, 1 / 3, 1, 0], rtol=1e-6)
    np.testing.assert_allclose(cell_labels(detection, edges, padded=True)[0], [1 / 4, 1, 1 / 3, 1 / 3, 0], rtol=1e-6)
    np.testing.assert_allclose(
        cell_labels(detection, torch.tensor(edges))[0], cell_labels(detection, edges)[0], rtol=1e-6
    )


def test_soft_cross_entropy_by_hand():
    labels = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]])
    probabilities = torch.tensor([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    # ln 2 for the first; for the second (0.5 * ln 4 + 0.25 * ln 2 + 0.25 * ln 4) = 1.75 ln 2.
    expected = pytest.approx((1 + 1.75) / 2 * np.log(2), abs=1e-4)
    assert soft_cross_entropy(probabilities, labels).item() == expected
    # With samples behind: as many of the first as of the second give the same mean.
    assert soft_cross_entropy(probabilities.T[None], labels.T[None]).item() == expected
    assert soft_cross_entropy(torch.zeros(1, 1), torch.ones(1, 1)).item() == pytest.approx(-np.log(1e-5), rel=1e-5)


def test_negative_log_likelihood_is_that_of_torch():
    probabilities = torch.softmax(torch.from_numpy(np.random.default_rng(4).standard_normal((20, 3))), dim=1)
    index = torch.from_numpy(np.random.default_rng(5).integers(0, 3, 20))
    for epsilon in (0.0, 1e-5):
        expected = torch.nn.functional.nll_loss(torch.log(probabilities + epsilon), index)
        assert negative_log_likelihood(probabilities, index, epsilon).item() == pytest.approx(
            expected.item(), rel=1e-12
        )
    assert negative_log_likelihood(torch.tensor([[0.0, 1.0]]), torch.tensor([0]), 1e-5).isfinite()
