"""Random changes to a batch of training windows, those of EQTransformer's training in Münchmeyer et al. (2022).

What is changed is drawn first and applied then, so that tests can give the same draws to `seisbench.generate`. Labels
are (B, classes, L) with the detection, 1 from P to the end of the event, as class 0. All functions but `rotate` change
the tensors that they are given: for large batches a new one costs more than what is done to it.
"""

from dataclasses import dataclass

import torch

# A second event keeps at least this distance from the end of the first.
SEPARATION_SAMPLES = 20
# The second event is 1 to 10 times smaller; noise has up to this share of the largest value as standard deviation.
LARGEST_REDUCTION, LARGEST_NOISE = 10, 0.15


@dataclass(frozen=True)
class EventDraws:
    """What happens to each window of a batch.

    Attributes
    ----------
    second_start
        First sample of the second event, -1 where there is none, (B,) int64.
    second_scale
        Its amplitude relative to the first, (B,).
    noise_scale
        Standard deviation of the noise relative to the largest value of the window, 0 where there is none, (B,).
    noise
        Standard normal numbers for the n windows with noise, in their order, (n, C, L).
    shift
        Samples to rotate by, (B,) int64.
    gap_start, gap_end
        First and past-the-end sample of the gap, equal where there is none, (B,) int64.
    dropped
        Components that become zero, (B, C).
    """

    second_start: torch.Tensor
    second_scale: torch.Tensor
    noise_scale: torch.Tensor
    noise: torch.Tensor
    shift: torch.Tensor
    gap_start: torch.Tensor
    gap_end: torch.Tensor
    dropped: torch.Tensor


def draw(
    detection: torch.Tensor,
    *,
    second_event: float = 0.3,
    noise: float = 0.5,
    rotation: float = 0.0,
    gap: float = 0.2,
    dropout: float = 0.3,
    components: int = 3,
    generator: torch.Generator | None = None,
) -> EventDraws:
    """Draw what happens to each window of a batch, distributed as by the classes of `seisbench.generate`.

    Parameters
    ----------
    detection
        1 where there is an event, (B, L) float.
    second_event, noise, rotation, gap, dropout
        Probability of each change; a second event is only tried where there is one with room behind it.
    components
        Components of the waveforms.
    generator
        Source of the draws on the device of `detection`; None is torch's global one.
    """
    batch, length = detection.shape
    like = {"generator": generator, "device": detection.device, "dtype": detection.dtype}

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(batch, *shape, **like)

    def happens(probability: float) -> torch.Tensor:
        return uniform() < probability

    def below(end: torch.Tensor | int) -> torch.Tensor:
        return (uniform() * end).long()

    first, end = _event(detection)
    earliest = end + SEPARATION_SAMPLES
    has_second = happens(second_event) & (first < end) & (earliest < length)
    noise_scale = LARGEST_NOISE * uniform() * happens(noise)
    gap_start = below(length - 1)
    # Gaps may be empty, and never reach the last sample.
    gap_length = below(length - gap_start) * happens(gap)
    dropped = below(components) * happens(dropout)
    return EventDraws(
        second_start=torch.where(has_second, earliest + below(length - earliest), -1),
        second_scale=1 / (1 + (LARGEST_REDUCTION - 1) * uniform()),
        noise_scale=noise_scale,
        noise=torch.randn(int(noise_scale.count_nonzero()), components, length, **like),
        shift=below(length) * happens(rotation),
        gap_start=gap_start,
        gap_end=gap_start + gap_length,
        dropped=uniform(components).argsort(dim=1) < dropped[:, None],
    )


def apply(draws: EventDraws, waveforms: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Change a batch in place as drawn: second events, noise, rotation, gaps, dropped components, in this order.

    Parameters
    ----------
    draws
        What happens to each window.
    waveforms
        (B, C, L), float.
    labels
        (B, classes, L), float, the detection first.

    Returns
    -------
    tuple
        The changed waveforms and labels; new ones where there are rotations, else those that were given.
    """
    waveforms, labels = second_event(waveforms, labels, draws.second_start, draws.second_scale)
    waveforms = gaussian_noise(waveforms, draws.noise_scale, draws.noise)
    if draws.shift.any():
        waveforms, labels = rotate([waveforms, labels], draws.shift)
    return drop_channels(gap(waveforms, draws.gap_start, draws.gap_end), draws.dropped), labels


def second_event(
    waveforms: torch.Tensor, labels: torch.Tensor, start: torch.Tensor, scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Add in place a scaled copy of the event behind it, and its labels, which stay at most 1.

    Parameters
    ----------
    waveforms
        (B, C, L), float.
    labels
        (B, classes, L), float, the detection first.
    start
        First sample of the copy, behind the event; -1 for no copy, (B,) int64.
    scale
        Amplitude of the copy relative to the event, (B,).
    """
    part = torch.nonzero(start >= 0).flatten()
    first, end = _event(labels[part, 0])
    # One by one and in place: to gather copies of all windows that have a second event costs more than the sums.
    for i, low, high, behind in torch.stack([part, first, end, start[part]], dim=1).tolist():
        waveform, label, shift = waveforms[i], labels[i], behind - low
        event = waveform[:, low : min(high, waveform.shape[-1] - shift)]
        waveform[:, behind : behind + event.shape[-1]].add_(event * scale[i])
        # Labels begin before their picks, and so before the event.
        label[:, shift:].add_(label[:, : label.shape[-1] - shift].clone()).clamp_(max=1)
    return waveforms, labels


def gaussian_noise(waveforms: torch.Tensor, scale: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Add noise in place, in proportion to the largest value of each window, as `seisbench.generate.GaussianNoise`.

    Parameters
    ----------
    waveforms
        (B, C, L), float.
    scale
        Standard deviation of the noise relative to the largest value, 0 where there is none, (B,).
    noise
        Standard normal numbers for the n windows with noise, in their order, (n, C, L).
    """
    noisy = torch.nonzero(scale).flatten()
    # The largest value, not the largest absolute one: as in SeisBench.
    deviation = (scale * waveforms.amax(dim=(1, 2)))[noisy]
    return waveforms.index_add_(0, noisy, noise * deviation[:, None, None])


def rotate(arrays: list[torch.Tensor], shift: torch.Tensor) -> list[torch.Tensor]:
    """Rotate windows along their samples, into new arrays, as `seisbench.generate.RandomArrayRotation`.

    Parameters
    ----------
    arrays
        Arrays that belong together, each (B, *, L).
    shift
        Samples to move by, (B,) int64.
    """
    length = arrays[0].shape[-1]
    source = _source(shift, length)
    # An arithmetic shift makes all bits of a negative number ones: those samples come from the end.
    source += (source >> 63) & length
    return [_taken(array, source) for array in arrays]


def gap(waveforms: torch.Tensor, start: torch.Tensor, end: torch.Tensor) -> torch.Tensor:
    """Set [start, end) of each window to zero in place, as `seisbench.generate.AddGap`.

    Parameters
    ----------
    waveforms
        (B, C, L), float.
    start, end
        Samples, (B,) int64.
    """
    return waveforms.mul_(1 - _inside(start, end, waveforms)[:, None])


def drop_channels(waveforms: torch.Tensor, dropped: torch.Tensor) -> torch.Tensor:
    """Set components to zero in place, as `seisbench.generate.ChannelDropout`, which does not scale up the others.

    Parameters
    ----------
    waveforms
        (B, C, L), float.
    dropped
        The components, (B, C) bool.
    """
    return waveforms.mul_((~dropped).to(waveforms.dtype)[..., None])


def _event(detection: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """First and past-the-end sample above 0.5, (B,) int64; the length and 0 where there is none."""
    length = detection.shape[-1]
    sample = torch.arange(1, length + 1, dtype=detection.dtype, device=detection.device)
    above = (detection - 0.5).gt_(0)
    return length - (above * sample.flip(0)).amax(dim=-1).long(), (above * sample).amax(dim=-1).long()


def _inside(start: torch.Tensor, end: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """1 in [start, end), 0 elsewhere, (B, L)."""
    sample = torch.arange(like.shape[-1], dtype=like.dtype, device=like.device)
    start, end = start.to(like.dtype)[:, None], end.to(like.dtype)[:, None]
    return (sample - start).ge_(0).mul_((sample - end).lt_(0))


def _source(shift: torch.Tensor, length: int) -> torch.Tensor:
    """Where each sample of a window that moves to later samples comes from, (B, L) int64; before its start at first."""
    return torch.arange(length, device=shift.device) - shift[:, None]


def _taken(array: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """Take the samples `source` (B, L) of each row of `array` (B, *, L)."""
    return array.gather(-1, source[:, None].expand_as(array))
