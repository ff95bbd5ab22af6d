"""Augmentations are those of seisbench.generate and of EQTransformer's published training, given the same draws."""

from unittest import mock

import numpy as np
import pytest
import torch
from seisbench import generate as sbg

from pickbench.training.augment import (
    EventDraws,
    apply,
    draw,
    drop_channels,
    gap,
    gaussian_noise,
    rotate,
    second_event,
)
from pickbench.training.labels import detection_labels, gaussian_labels

B, L = 60, 800


def windows(n: int = B) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise with events in most windows: some end too late for a second one, some windows have none."""
    rng = np.random.default_rng(1)
    p = rng.uniform(-50, 0.8 * L, n)
    picks = torch.from_numpy(np.stack([p, p + rng.uniform(5, 150, n)], axis=1))
    picks[::7] = torch.nan
    labels = gaussian_labels(picks, ("P", "S"), "NPS", L, 10)
    labels[:, 0] = detection_labels(picks, ("P", "S"), L)
    return torch.from_numpy(rng.standard_normal((n, 3, L))), labels


def draws(labels: torch.Tensor, seed: int = 0, **probabilities) -> EventDraws:
    everything = {"second_event": 1, "noise": 1, "rotation": 1, "gap": 1, "dropout": 1}
    generator = torch.Generator().manual_seed(seed)
    return draw(labels[:, 0], **(everything | probabilities), generator=generator)


def duplicate(x: np.ndarray, y: np.ndarray, start: int, scale: float) -> None:
    """The published DuplicateEvent in words: a scaled copy of the event, and all labels that much later, at most 1."""
    event = [t for t in range(L) if y[0, t] > 0.5]
    first, end = event[0], event[-1] + 1
    old_x, old_y = x.copy(), y.copy()
    for t in range(start, min(start + end - first, L)):
        x[:, t] = old_x[:, t] + scale * old_x[:, t - start + first]
    for t in range(start - first, L):
        y[:, t] = old_y[:, t] + old_y[:, t - start + first]
    np.minimum(y, 1, out=y)


def test_second_event_equals_the_published_one():
    waveforms, labels = windows()
    drawn = draws(labels)
    expected = waveforms.numpy().copy(), labels.numpy().copy()
    for i in range(B):
        if drawn.second_start[i] >= 0:
            duplicate(expected[0][i], expected[1][i], int(drawn.second_start[i]), float(drawn.second_scale[i]))
    given = second_event(waveforms, labels, drawn.second_start, drawn.second_scale)
    assert 10 < (drawn.second_start >= 0).sum() < B
    for ours, theirs in zip(given, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_second_event_by_hand():
    waveforms = torch.tensor([[[0.0, 4, 8, 0, 1, 1, 1, 1]]]).repeat(2, 1, 1)
    labels = torch.tensor([[[0.0, 1, 1, 0, 0, 0, 0, 0], [0.5, 1, 0, 0, 0, 0.8, 0, 0]]]).repeat(2, 1, 1)
    waveforms, labels = second_event(waveforms, labels, torch.tensor([5, -1]), torch.tensor([0.25, 1.0]))
    assert waveforms[0, 0].tolist() == [0, 4, 8, 0, 1, 2, 3, 1]
    assert labels[0, 0].tolist() == [0, 1, 1, 0, 0, 1, 1, 0]
    np.testing.assert_allclose(labels[0, 1], [0.5, 1, 0, 0, 0.5, 1, 0, 0])
    assert waveforms[1, 0].tolist() == [0, 4, 8, 0, 1, 1, 1, 1] and labels[1, 0].sum() == 2


def test_gaussian_noise_equals_seisbench():
    waveforms, labels = windows()
    waveforms[3] = -waveforms[3].abs()
    drawn = draws(labels)
    expected = []
    for i, window in enumerate(waveforms.numpy()):
        state = {"X": (window, {})}
        numbers = {"randn.return_value": drawn.noise[i].numpy(), "uniform.return_value": float(drawn.noise_scale[i])}
        with mock.patch("seisbench.generate.augmentation.np.random", **numbers):
            sbg.GaussianNoise()(state)
        expected.append(state["X"][0])
    np.testing.assert_allclose(gaussian_noise(waveforms, drawn.noise_scale, drawn.noise), expected, atol=1e-12)


def test_rotation_equals_seisbench():
    waveforms, labels = windows()
    shift = draws(labels).shift
    shift[0] = 0
    ours = rotate([waveforms, labels], shift)
    for i in range(B):
        state = {"X": (waveforms[i].numpy(), {}), "y": (labels[i].numpy(), {})}
        with mock.patch("numpy.random.randint", return_value=int(shift[i])):
            sbg.RandomArrayRotation(["X", "y"])(state)
        np.testing.assert_array_equal(ours[0][i], state["X"][0])
        np.testing.assert_array_equal(ours[1][i], state["y"][0])


def test_gap_and_dropout_equal_seisbench():
    waveforms, labels = windows()
    drawn = draws(labels)
    expected = []
    for i, window in enumerate(waveforms.numpy().copy()):
        state = {"X": (window, {})}
        with mock.patch("numpy.random.randint", side_effect=[int(drawn.gap_start[i]), int(drawn.gap_end[i])]):
            sbg.AddGap()(state)
        dropped = drawn.dropped[i].nonzero().flatten().tolist()

        def arrange(channels, dropped=dropped):
            channels[:] = dropped + [c for c in channels if c not in dropped]

        count = mock.Mock(return_value=len(dropped))
        with mock.patch.multiple("numpy.random", randint=count, shuffle=arrange):
            sbg.ChannelDropout()(state)
        expected.append(state["X"][0])
    ours = drop_channels(gap(waveforms, drawn.gap_start, drawn.gap_end), drawn.dropped)
    np.testing.assert_array_equal(ours, expected)


def test_apply_keeps_the_order_of_the_published_training():
    waveforms, labels = windows()
    drawn = draws(labels, noise=0.5, rotation=0.7)
    expected, expected_labels = second_event(waveforms.clone(), labels.clone(), drawn.second_start, drawn.second_scale)
    noise, number = torch.zeros(B, 3, L, dtype=torch.float64), 0
    for i in range(B):
        if drawn.noise_scale[i] > 0:
            noise[i], number = drawn.noise[number], number + 1
    assert number == len(drawn.noise)
    expected = expected + (drawn.noise_scale * expected.amax(dim=(1, 2)))[:, None, None] * noise
    expected, expected_labels = rotate([expected, expected_labels], drawn.shift)
    expected = drop_channels(gap(expected, drawn.gap_start, drawn.gap_end), drawn.dropped)
    given, given_labels = apply(drawn, waveforms, labels)
    np.testing.assert_allclose(given, expected, atol=1e-12)
    np.testing.assert_array_equal(given_labels, expected_labels)


def test_nothing_drawn_changes_nothing():
    waveforms, labels = windows()
    drawn = draws(labels, second_event=0, noise=0, rotation=0, gap=0, dropout=0)
    given = apply(drawn, waveforms.clone(), labels.clone())
    assert torch.equal(given[0], waveforms) and torch.equal(given[1], labels)
    assert len(drawn.noise) == 0


def test_one_generator_gives_one_answer():
    _, labels = windows()
    first, again, other = draws(labels, 1), draws(labels, 1), draws(labels, 2)
    assert all(torch.equal(value, getattr(again, name)) for name, value in vars(first).items())
    assert not torch.equal(first.noise_scale, other.noise_scale)
    torch.manual_seed(5)
    first = draw(labels[:, 0])
    torch.manual_seed(5)
    assert torch.equal(first.second_scale, draw(labels[:, 0]).second_scale)


N = 20_000


@pytest.fixture(scope="module")
def many() -> tuple[torch.Tensor, EventDraws]:
    """Windows of 60 samples with an event at 10 to 24, where a second one may start at 45 to 59; no event in a tenth,
    and none with room behind it in another tenth."""
    detection = torch.zeros(N, 60)
    detection[:, 10:25] = 1
    detection[::10] = 0
    detection[1::10, 10:40] = 1
    return detection, draw(detection, rotation=0.99, generator=torch.Generator().manual_seed(3))


def is_share(mask: torch.Tensor, probability: float) -> None:
    """Whether a frequency is within five standard deviations of its probability."""
    deviation = np.sqrt(probability * (1 - probability) / len(mask))
    assert abs(mask.double().mean().item() - probability) < 5 * deviation


def is_uniform(values: torch.Tensor, low: int, high: int) -> None:
    """Whether whole numbers are spread evenly over [low, high)."""
    assert values.min() == low and values.max() == high - 1
    for value in range(low, high):
        is_share(values == value, 1 / (high - low))


def test_second_events_are_distributed_as_published(many):
    detection, drawn = many
    possible = torch.arange(N) % 10 > 1
    assert (drawn.second_start[~possible] == -1).all()
    has_second = drawn.second_start[possible] >= 0
    is_share(has_second, 0.3)
    is_uniform(drawn.second_start[possible][has_second], 45, 60)
    # scale = 1/U(1, 10): 0.1 to 1, below 1/5.5 in half of the cases.
    assert 0.1 <= drawn.second_scale.min() < 0.101 and 0.99 < drawn.second_scale.max() <= 1
    is_share(drawn.second_scale < 1 / 5.5, 0.5)


def test_noise_and_rotation_are_distributed_as_in_seisbench(many):
    _, drawn = many
    noisy = drawn.noise_scale > 0
    is_share(noisy, 0.5)
    assert drawn.noise.shape == (int(noisy.sum()), 3, 60) and drawn.noise_scale.max() <= 0.15
    for share in (0.2, 0.7):
        is_share(drawn.noise_scale[noisy] < 0.15 * share, share)
    assert abs(drawn.noise.mean()) < 5 / np.sqrt(drawn.noise.numel())
    assert abs(drawn.noise.var() - 1) < 5 * np.sqrt(2 / drawn.noise.numel())
    # Not rotated, or rotated by none of 60 samples.
    is_share(drawn.shift == 0, 0.01 + 0.99 / 60)
    is_uniform(drawn.shift[drawn.shift > 0] - 1, 0, 59)


def test_gaps_and_dropout_are_distributed_as_in_seisbench(many):
    _, drawn = many
    start, end = drawn.gap_start, drawn.gap_end
    is_uniform(start, 0, 59)
    assert (end >= start).all() and end.max() == 59, "SeisBench's gaps never reach the last sample"
    # Of the gaps from s on, one in 60 - s is empty.
    empty = np.mean([1 / (60 - s) for s in range(59)])
    is_share(end > start, 0.2 * (1 - empty))
    late = (start == 55) & (end > start)
    is_uniform(end[late], 56, 60)
    count = drawn.dropped.sum(dim=1)
    is_share(count == 0, 0.7 + 0.3 / 3)
    is_share(count == 1, 0.1)
    is_share(count == 2, 0.1)
    assert (count < 3).all()
    for component in range(3):
        is_share(drawn.dropped[count == 1, component], 1 / 3)
        is_share(drawn.dropped[count == 2, component], 2 / 3)
