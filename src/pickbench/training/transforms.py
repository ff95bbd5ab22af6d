"""What is done to a batch of waveforms before a network sees it, on the device that trains.

Each function is the batch form of a `seisbench.generate` transform and is tested against it. Two things differ on
purpose. Where a window reaches beyond its trace, mean, trend and amplitude are taken over the samples that exist, and
the padding stays zero instead of becoming an offset. And a constant channel becomes zero, where SeisBench scales the
rounding error of its mean up to full amplitude.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.signal
import torch

EPSILON = 1e-10
# CRED's spectrogram: 0.8 s of a 100 Hz trace in steps of 0.4 s.
SPECTROGRAM_SAMPLES, SPECTROGRAM_STEP = 80, 40  # the folding below needs a step of half a frame


def demean(waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Take the mean off each component, over the samples that hold data.

    Parameters
    ----------
    waveforms
        Windows, (B, C, L) float.
    valid
        First and past-the-end sample with data, (B, 2).

    Returns
    -------
    Tensor
        (B, C, L), zero where there is no data.
    """
    return _in_parts(lambda part, extent: _centre(part, extent, trend=False), waveforms, valid)


def normalise(
    waveforms: torch.Tensor, valid: torch.Tensor, norm: str, *, trend: bool = False, across: bool = False
) -> torch.Tensor:
    """Demean or detrend each component of each window, then scale it, over the samples that hold data.

    Parameters
    ----------
    waveforms
        Windows, (B, C, L) float.
    valid
        First and past-the-end sample with data, (B, 2).
    norm
        `peak` (largest absolute value) or `std` (standard deviation), as `seisbench.generate.Normalize`.
    trend
        Whether to take off a straight line instead of the mean.
    across
        Whether the components of a window share one amplitude.

    Returns
    -------
    Tensor
        (B, C, L), zero where there is no data.
    """
    return _in_parts(lambda part, extent: _normalise(part, extent, norm, trend, across), waveforms, valid)


def highpass(waveforms: torch.Tensor, corner_hz: float, rate_hz: float, order: int = 1) -> torch.Tensor:
    """Filter causally with a Butterworth highpass that starts at rest, as `seisbench.generate.Filter`.

    Parameters
    ----------
    waveforms
        (..., L) float.
    corner_hz
        Corner frequency.
    rate_hz
        Sampling rate.
    order
        Order of the filter.

    Returns
    -------
    Tensor
        The shape of `waveforms`.
    """
    matrix = _highpass_matrix(
        waveforms.shape[-1], corner_hz, rate_hz, order, device=waveforms.device, dtype=waveforms.dtype
    )
    return waveforms @ matrix


def spectrogram_shape(waveforms: torch.Tensor) -> tuple[int, ...]:
    """Shape of the spectrogram of waveforms, (..., L)."""
    return (*waveforms.shape[:-1], 1 + waveforms.shape[-1] // SPECTROGRAM_STEP, 1 + SPECTROGRAM_SAMPLES // 2)


def spectrogram(waveforms: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """Amplitude spectrogram as `seisbench.models.CRED` makes it.

    Parameters
    ----------
    waveforms
        (B, C, L) at 100 Hz.
    out
        Where to put it.

    Returns
    -------
    Tensor
        (B, C, 1 + L // 40, 41): times every 0.4 s, frequencies from 0 to 50 Hz every 1.25 Hz.
    """
    half = SPECTROGRAM_STEP
    cosines, sines = _fourier_matrices(device=waveforms.device, dtype=waveforms.dtype)
    padded = torch.nn.functional.pad(waveforms, (half, half))
    # For so short frames two matrix products are faster than Fourier transforms. Cosines are even around the middle of
    # a frame and sines odd: with both halves folded onto each other there is half to multiply. The first sample of a
    # frame, where the window is zero, is left out.
    early = padded[..., 1 : 1 - half].unfold(-1, half, half)
    late = padded[..., half:].unfold(-1, half, half).flip(-1)
    power, imaginary = ((early + late) @ cosines).square_(), (early - late) @ sines
    power[..., 1:].addcmul_(imaginary, imaginary)
    return torch.sqrt(power, out=out)


class _Extent(NamedTuple):
    """Where windows hold data: first sample and count (n, 1, 1), and 1 there, 0 elsewhere (n, 1, L) if not all do."""

    first: torch.Tensor
    count: torch.Tensor
    mask: torch.Tensor | None


def _in_parts(
    function: Callable[[torch.Tensor, _Extent], torch.Tensor], waveforms: torch.Tensor, valid: torch.Tensor
) -> torch.Tensor:
    """Apply `function` to all windows as if they were full, and again to those that are not, with their extent."""
    length = waveforms.shape[-1]
    full = _Extent(waveforms.new_zeros(1, 1, 1), waveforms.new_full((1, 1, 1), length), None)
    result = function(waveforms, full)
    part = torch.nonzero((valid[:, 0] > 0) | (valid[:, 1] < length)).flatten()
    if len(part):
        first, end = valid[part, :, None, None].clamp(0, length).to(waveforms.dtype).unbind(dim=1)
        sample = torch.arange(length, dtype=waveforms.dtype, device=waveforms.device)
        # Comparing in place keeps to floats, which is several times faster than going through booleans.
        mask = (sample - first).ge_(0).mul_((sample - end).lt_(0))
        result[part] = function(waveforms[part].mul_(mask), _Extent(first, (end - first).clamp_(min=1), mask))
    return result


def _normalise(waveforms: torch.Tensor, extent: _Extent, norm: str, trend: bool, across: bool) -> torch.Tensor:
    centred = _centre(waveforms, extent, trend)
    lowest, highest = centred.amin(dim=-1, keepdim=True), centred.amax(dim=-1, keepdim=True)
    # What is left of a constant channel is the rounding error of its mean, which has one sign.
    is_dead = (lowest >= 0) | (highest <= 0)
    if norm == "peak":
        amplitude = torch.maximum(highest, -lowest).masked_fill_(is_dead, 0)
        amplitude = amplitude.amax(dim=1, keepdim=True) if across else amplitude
    else:
        power = torch.linalg.vector_norm(centred, dim=-1, keepdim=True).square_() / extent.count
        power.masked_fill_(is_dead, 0)
        amplitude = (power.mean(dim=1, keepdim=True) if across else power).sqrt()
    return centred.div_(torch.where(is_dead, torch.inf, amplitude + EPSILON))


def _centre(waveforms: torch.Tensor, extent: _Extent, trend: bool) -> torch.Tensor:
    first, count, mask = extent
    centred = waveforms - waveforms.sum(dim=-1, keepdim=True) / count
    if trend:
        time = torch.arange(waveforms.shape[-1], dtype=waveforms.dtype, device=waveforms.device)
        time = time - (first + (count - 1) / 2)
        time = time if mask is None else time.mul_(mask)
        # The squares of n equidistant times around their middle add up to n (n^2 - 1) / 12.
        slope = (centred @ time.transpose(1, 2)) / (count * (count**2 - 1) / 12).clamp_(min=1)
        centred.addcmul_(slope, time, value=-1)
    return centred if mask is None else centred.mul_(mask)


@lru_cache(maxsize=8)
def _highpass_matrix(
    length: int, corner_hz: float, rate_hz: float, order: int, *, device: torch.device, dtype: torch.dtype
) -> torch.Tensor:
    """Each row is the answer to an impulse at that sample: a filter that starts at rest is linear."""
    sos = scipy.signal.butter(order, corner_hz, "highpass", fs=rate_hz, output="sos")
    matrix = scipy.signal.sosfilt(sos, np.eye(length), axis=-1)
    return torch.from_numpy(matrix).to(device=device, dtype=dtype)


@lru_cache(maxsize=8)
def _fourier_matrices(*, device: torch.device, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Hann window, Fourier transform of samples 1 to 40 of a frame, and SciPy's scale in one, (40, 41) and (40, 40).

    The sines of frequency 0, which are zero, are left out.
    """
    half = SPECTROGRAM_SAMPLES // 2
    window = scipy.signal.get_window("hann", SPECTROGRAM_SAMPLES)
    scale = window[1 : half + 1, None] / window.sum()
    # The middle one is folded onto itself.
    scale[-1] /= 2
    phase = 2 * np.pi / SPECTROGRAM_SAMPLES * np.outer(np.arange(1, half + 1), np.arange(half + 1))
    cosines, sines = (torch.from_numpy(scale * turn) for turn in (np.cos(phase), np.sin(phase[:, 1:])))
    return cosines.to(device=device, dtype=dtype), sines.to(device=device, dtype=dtype)


def cut(waveforms: torch.Tensor, valid: torch.Tensor, samples: int, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut windows into pieces of one length.

    Parameters
    ----------
    waveforms
        (B, C, L).
    valid
        First and past-the-end sample with data, (B, 2).
    samples, step
        Length of a piece, and from one piece to the next.

    Returns
    -------
    pieces : Tensor
        (B, n, C, samples).
    valid : Tensor
        Of each piece, (B, n, 2).
    """
    pieces = waveforms.unfold(-1, samples, step).transpose(1, 2)
    begin = step * torch.arange(pieces.shape[1], device=valid.device)[:, None]
    return pieces, (valid[:, None, :] - begin).clamp(0, samples)
