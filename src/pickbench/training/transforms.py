"""What is done to a batch of windows before a network sees it, on the device that trains.

Each function is the batch form of a `seisbench.generate` transform and is tested against it. One thing differs on
purpose: where a window reaches beyond its trace, mean and amplitude are taken over the samples that exist, and the
padding stays zero instead of becoming an offset.
"""

import torch

EPSILON = 1e-10


def valid_mask(valid: torch.Tensor, length: int) -> torch.Tensor:
    """Mark the samples that hold data.

    Parameters
    ----------
    valid
        First and past-the-end sample with data, (B, 2).
    length
        Samples of a window.

    Returns
    -------
    Tensor
        Boolean, (B, 1, length).
    """
    sample = torch.arange(length, device=valid.device)
    return ((sample >= valid[:, :1]) & (sample < valid[:, 1:]))[:, None, :]


def detrend(waveforms: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Take a straight line off each component, as `scipy.signal.detrend` on the samples that hold data.

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
    mask = valid_mask(valid, waveforms.shape[-1])
    count = mask.sum(dim=-1, keepdim=True).clamp(min=1)
    time = torch.arange(waveforms.shape[-1], device=waveforms.device, dtype=waveforms.dtype)
    time = (time - (time * mask).sum(dim=-1, keepdim=True) / count) * mask
    centred = (waveforms - (waveforms * mask).sum(dim=-1, keepdim=True) / count) * mask
    slope = (centred * time).sum(dim=-1, keepdim=True) / time.square().sum(dim=-1, keepdim=True).clamp(min=1)
    return centred - slope * time


def normalise(waveforms: torch.Tensor, valid: torch.Tensor, norm: str) -> torch.Tensor:
    """Demean and scale each component of each window by itself, over the samples that hold data.

    Parameters
    ----------
    waveforms
        Windows, (B, C, L) float.
    valid
        First and past-the-end sample with data, (B, 2).
    norm
        `peak` (largest absolute value) or `std` (standard deviation), as `seisbench.generate.Normalize`.

    Returns
    -------
    Tensor
        (B, C, L), zero where there is no data.
    """
    mask = valid_mask(valid, waveforms.shape[-1])
    count = mask.sum(dim=-1, keepdim=True).clamp(min=1)
    waveforms = waveforms * mask
    centred = (waveforms - waveforms.sum(dim=-1, keepdim=True) / count) * mask
    if norm == "peak":
        amplitude = centred.abs().amax(dim=-1, keepdim=True)
    else:
        amplitude = (centred.square().sum(dim=-1, keepdim=True) / count).sqrt()
    return centred / (amplitude + EPSILON)


def gaussian_labels(
    picks: torch.Tensor, phases: tuple[str, ...], classes: str, length: int, sigma: float
) -> torch.Tensor:
    """Soft labels as `seisbench.generate.ProbabilisticLabeller` makes them.

    Parameters
    ----------
    picks
        Arrivals in samples of the window, (B, k), NaN where there is none.
    phases
        P or S for each of the k columns.
    classes
        The order of the classes, such as `PSN`; N is the rest.
    length
        Samples of a window.
    sigma
        Standard deviation of the Gaussian, samples.

    Returns
    -------
    Tensor
        (B, len(classes), length), float; the classes add up to 1 at every sample.
    """
    sample = torch.arange(length, device=picks.device, dtype=picks.dtype)
    labels = picks.new_zeros(len(picks), len(classes), length)
    for column, phase in enumerate(phases):
        bell = torch.exp(-((sample - picks[:, column, None]) ** 2) / (2 * sigma**2)).nan_to_num(0.0)
        row = classes.index(phase)
        labels[:, row] = torch.maximum(labels[:, row], bell)
    labels /= labels.sum(dim=1, keepdim=True).clamp(min=1)
    labels[:, classes.index("N")] = 1 - labels.sum(dim=1)
    return labels


def soft_cross_entropy(probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross entropy against soft labels: summed over classes, averaged over samples and windows.

    Parameters
    ----------
    probabilities, labels
        (B, classes, L).
    """
    return -(labels * torch.log(probabilities + 1e-5)).mean(dim=-1).sum(dim=-1).mean()
