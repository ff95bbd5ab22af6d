"""Batch transforms of waveforms are those of seisbench.generate, SciPy and SeisBench's CRED."""

import numpy as np
import pytest
import scipy.signal
import seisbench.models as sbm
import torch
from seisbench import generate as sbg

from pickbench.training import transforms
from pickbench.training.transforms import demean, highpass, normalise, spectrogram

B, L = 24, 500
NORMS = [(norm, trend, across) for norm in ("peak", "std") for trend in (False, True) for across in (False, True)]


def windows(seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Windows with offsets and trends; the first eight are full, and beyond the data there is a trace of other data."""
    rng = np.random.default_rng(seed)
    waveforms = rng.standard_normal((B, 3, L)) * rng.uniform(1, 100, (B, 3, 1)) + rng.uniform(-90, 90, (B, 3, 1))
    waveforms += rng.uniform(-0.2, 0.2, (B, 3, 1)) * np.arange(L)
    valid = np.stack([rng.integers(0, 200, B), rng.integers(300, L + 1, B)], axis=1)
    valid[:8], valid[8, 0], valid[9, 1] = [0, L], 0, L
    return torch.from_numpy(waveforms.astype(np.float32)), torch.from_numpy(valid)


def agrees(ours: torch.Tensor, waveforms: torch.Tensor, valid: torch.Tensor, twin, atol: float) -> None:
    """SeisBench has no notion of padding, so it sees the samples that exist; where all do, that is the whole window."""
    for own, window, (low, high) in zip(ours.numpy(), waveforms.numpy(), valid.tolist(), strict=True):
        state = {"X": (window[:, low:high].astype(np.float64), {})}
        twin(state)
        np.testing.assert_allclose(own[:, low:high], state["X"][0], atol=atol, rtol=0)
        assert not own[:, :low].any() and not own[:, high:].any(), "the padding stays zero"


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("norm,trend,across", NORMS)
def test_normalise_equals_seisbench(norm, trend, across, full):
    waveforms, valid = windows()
    waveforms, valid = (waveforms[:8], valid[:8]) if full else (waveforms, valid)
    before = waveforms.clone()
    ours = normalise(waveforms, valid, norm, trend=trend, across=across)
    twin = sbg.Normalize(
        demean_axis=None if trend else -1,
        detrend_axis=-1 if trend else None,
        amp_norm_axis=(-2, -1) if across else -1,
        amp_norm_type=norm,
    )
    agrees(ours, waveforms, valid, twin, atol=4e-6)
    assert torch.equal(waveforms, before), "the windows that came in are left as they were"


def test_demean_equals_seisbench():
    waveforms, valid = windows(2)
    twin = sbg.Normalize(demean_axis=-1)
    agrees(demean(waveforms, valid), waveforms, valid, twin, atol=2e-4)
    waveforms = waveforms.double()
    agrees(demean(waveforms, valid), waveforms, valid, twin, atol=1e-9)


def test_a_straight_line_leaves_nothing_and_a_parabola_a_known_rest():
    time = torch.arange(101, dtype=torch.float64)
    # The best line through t^2 at -50...50 is its mean, 50 * 51 / 3 = 850.
    waveforms = torch.stack([3 + 2 * time, (time - 50) ** 2, (time - 50) ** 2 + 7 * time])[None]
    rest = normalise(waveforms, torch.tensor([[0, 101]]), "peak", trend=True)[0]
    np.testing.assert_allclose(rest[0], 0, atol=1e-3)  # rounding errors, scaled like a signal
    for parabola in rest[1:]:
        np.testing.assert_allclose(parabola, ((time - 50) ** 2 - 850) / (50**2 - 850), atol=1e-10)


def test_amplitudes_by_hand():
    waveforms = torch.tensor([[[1.0, -3.0, 1.0, 1.0], [2.0, 2.0, -2.0, -2.0], [9.0, 0.0, 0.0, 0.0]]])
    valid = torch.tensor([[0, 4]])
    np.testing.assert_allclose(normalise(waveforms, valid, "peak")[0, 0], [1 / 3, -1, 1 / 3, 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(normalise(waveforms, valid, "std")[0, 1], [1, 1, -1, -1], rtol=1e-6)
    # The third component's demeaned peak, 9 - 9/4, is the largest of all.
    np.testing.assert_allclose(
        normalise(waveforms, valid, "peak", across=True)[0, 1], np.array([2, 2, -2, -2]) / 6.75, rtol=1e-6
    )
    # Mean squares are 3, 4 and (6.75^2 + 3 * 2.25^2) / 4 = 15.1875 once demeaned.
    joint = np.sqrt((3 + 4 + 15.1875) / 3)
    np.testing.assert_allclose(
        normalise(waveforms, valid, "std", across=True)[0, 0], np.array([1, -3, 1, 1]) / joint, rtol=1e-6
    )


@pytest.mark.parametrize("norm,trend,across", NORMS)
def test_no_signal_gives_zeros(norm, trend, across):
    rng = np.random.default_rng(4)
    for offset in (0.0, 0.1, 12345.678, -3e7):
        # A channel that only has an offset holds no signal either, however its mean is rounded.
        dead = torch.full((3, 3, 3001), offset)
        valid = torch.tensor([[0, 3001], [17, 2500], [0, 2999]])
        assert not normalise(dead, valid, norm, trend=trend, across=across).any()
    waveforms = torch.from_numpy(rng.standard_normal((4, 3, 50)).astype(np.float32)) + 5
    nothing = torch.tensor([[10, 10], [50, 50], [0, 0], [7, 8]])
    assert not normalise(waveforms, nothing, norm, trend=trend, across=across).any(), "no sample, or a single one"
    assert not demean(waveforms, nothing).any()
    waveforms, full = waveforms.clone(), torch.tensor([[0, 50]] * 4)
    waveforms[:, 1] = 1000.0
    given = normalise(waveforms, full, norm, trend=trend, across=across)
    alive = normalise(waveforms[:, [0, 2]], full, norm, trend=trend)
    assert not given[:, 1].any(), "one dead channel among living ones"
    if not across:
        np.testing.assert_allclose(given[:, [0, 2]], alive, rtol=1e-6)


def test_an_unfilled_window_leaves_the_others_alone():
    waveforms, valid = windows(5)
    together = normalise(waveforms, valid, "peak", trend=True)
    for i in range(B):
        alone = normalise(waveforms[i : i + 1], valid[i : i + 1], "peak", trend=True)
        np.testing.assert_allclose(together[i : i + 1], alone, atol=1e-6)


@pytest.mark.parametrize("corner_hz,rate_hz,order", [(0.5, 100.0, 1), (2.0, 40.0, 1), (1.0, 100.0, 2)])
def test_highpass_equals_seisbench(corner_hz, rate_hz, order):
    waveforms = np.random.default_rng(6).standard_normal((5, 3, 400)) + 3
    ours = highpass(torch.from_numpy(waveforms), corner_hz, rate_hz, order)
    single = highpass(torch.from_numpy(waveforms).float(), corner_hz, rate_hz, order)
    for i, window in enumerate(waveforms):
        state = {"X": (window, {"trace_sampling_rate_hz": rate_hz})}
        sbg.Filter(order, corner_hz, "highpass")(state)
        np.testing.assert_allclose(ours[i], state["X"][0], atol=1e-12)
        np.testing.assert_allclose(single[i], state["X"][0], atol=1e-5)


def test_highpass_removes_an_offset_as_its_time_constant_says():
    # A first-order highpass answers a step by (1 + a)/2 * a^t with (1 - a)/(1 + a) = tan(pi * corner / rate).
    tangent = np.tan(np.pi * 0.5 / 100)
    a = (1 - tangent) / (1 + tangent)
    ours = highpass(torch.ones(1, 1, 300, dtype=torch.float64), 0.5, 100.0)[0, 0]
    np.testing.assert_allclose(ours, (1 + a) / 2 * a ** np.arange(300), rtol=1e-9)


def test_filter_matrices_do_not_pile_up():
    for corner_hz in range(1, 30):
        highpass(torch.zeros(1, 20), float(corner_hz), 100.0)
    assert transforms._highpass_matrix.cache_info().currsize <= 8


def test_spectrogram_equals_seisbench():
    waveforms = torch.from_numpy(np.random.default_rng(7).standard_normal((6, 3, 3000)).astype(np.float32))
    ours = spectrogram(waveforms)
    assert ours.shape == (6, 3, 76, 41)
    np.testing.assert_allclose(ours, sbm.CRED.waveforms_to_spectrogram(waveforms), atol=2e-6)
    # And SciPy's, which SeisBench in turn reproduces.
    _, _, expected = scipy.signal.stft(waveforms.numpy(), fs=100, nperseg=80)
    np.testing.assert_allclose(ours, np.abs(expected).transpose(0, 1, 3, 2), atol=2e-6)


def test_spectrogram_of_a_sine():
    # 10 Hz is the eighth of the frequencies 1.25 Hz apart; a Hann window gives half the amplitude there.
    sine = torch.sin(2 * torch.pi * 10 * torch.arange(3000, dtype=torch.float64) / 100)
    amplitudes = spectrogram(sine.expand(1, 3, -1))[0, :, 1:-1]
    assert (amplitudes.argmax(dim=-1) == 8).all()
    np.testing.assert_allclose(amplitudes[..., 8], 0.5, atol=1e-9)
