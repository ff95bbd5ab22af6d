"""What a network should answer for a batch of windows, and how far its answer is from that.

Labels are those of `seisbench.generate`'s labellers, for whole batches: picks come in samples of the window, (B, k),
NaN where there is none, with P or S for each of the k columns.
"""

import math
from collections.abc import Sequence

import torch

# A Gaussian is 1e-14 at this many standard deviations from its pick, and zero beyond.
REACH_SIGMAS = 8


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
    labels = picks.new_zeros(len(picks), len(classes), length)
    reach = math.ceil(REACH_SIGMAS * sigma)
    # Only the surroundings of picks are computed; a NaN is in no range.
    window, column = torch.nonzero((picks > -reach) & (picks < length + reach), as_tuple=True)
    pick = picks[window, column, None]
    width = min(2 * reach + 2, length)
    first = (pick.floor().long() - reach).clamp(0, length - width)
    sample = first + torch.arange(width, device=picks.device)
    bell = torch.exp((sample - pick).square_().mul_(-1 / (2 * sigma**2)))
    curve = window * len(classes) + _class_of_column(phases, classes, picks.device)[column]
    where = (sample + curve[:, None] * length).flatten()
    labels.view(-1).scatter_reduce_(0, where, bell.flatten(), "amax")
    noise = labels[:, classes.index("N")]
    for other in set(phases):
        noise += labels[:, classes.index(other)]
    close = noise.amax(dim=-1) > 1
    labels[close] /= noise[close].clamp(min=1)[:, None]
    noise.clamp_(max=1).neg_().add_(1)
    return labels


def point_labels(
    picks: torch.Tensor, phases: tuple[str, ...], classes: str, length: int, sigma: float, position: float = 0.5
) -> torch.Tensor:
    """Soft labels of one sample, as `seisbench.generate.ProbabilisticPointLabeller` makes them.

    Parameters
    ----------
    picks, phases, classes, length, sigma
        As in `gaussian_labels`.
    position
        Where the sample lies: 0 is the window's first and 1 its last.

    Returns
    -------
    Tensor
        (B, len(classes)), float; the classes add up to 1.
    """
    distance = int(position * (length - 1)) - picks
    bell = torch.exp(-(distance**2) / (2 * sigma**2)).nan_to_num(0.0)
    index = _class_of_column(phases, classes, picks.device).expand(len(picks), -1)
    labels = picks.new_zeros(len(picks), len(classes)).scatter_reduce_(1, index, bell, "amax")
    labels /= labels.sum(dim=1, keepdim=True).clamp(min=1)
    labels[:, classes.index("N")] = 1 - labels.sum(dim=1)
    return labels


def step_labels(picks: torch.Tensor, phases: tuple[str, ...], phase: str, length: int) -> torch.Tensor:
    """1 from the earliest pick of a phase on, 0 before it, as `seisbench.generate.StepLabeller`.

    Parameters
    ----------
    picks, phases
        As in `gaussian_labels`.
    phase
        P or S.
    length
        Samples of a window.

    Returns
    -------
    Tensor
        (B, length), float.
    """
    onset = _earliest(picks, phases, phase).clamp(min=0).floor()
    return (_samples(length, picks) - onset[:, None]).ge_(0)


def class_labels(
    picks: torch.Tensor, phases: tuple[str, ...], classes: str, length: int, low: int = 0, high: int | None = None
) -> torch.Tensor:
    """One class a window, that of the pick closest to its middle, as `seisbench.generate.StandardLabeller`.

    Parameters
    ----------
    picks, phases, classes, length
        As in `gaussian_labels`.
    low, high
        Picks count in [low, high), samples of the window; negative ones count from its end, None is the end.

    Returns
    -------
    Tensor
        Index into `classes`, that of N where no pick counts; (B,) int64.
    """
    low = low if low >= 0 else length + low
    high = length if high is None else high if high >= 0 else length + high
    counts = (picks >= low) & (picks < high)
    distance = torch.where(counts, (picks - length // 2).abs(), torch.inf)
    # N joins as a column that any pick is closer than.
    distance = torch.nn.functional.pad(distance, (0, 1), value=torch.finfo(picks.dtype).max)
    return _class_of_column((*phases, "N"), classes, picks.device)[distance.argmin(dim=1)]


def detection_labels(
    picks: torch.Tensor, phases: tuple[str, ...], length: int, fixed_samples: int | None = None, factor: float = 1.4
) -> torch.Tensor:
    """1 from P to some time after S, 0 elsewhere, as `seisbench.generate.DetectionLabeller`.

    Parameters
    ----------
    picks, phases, length
        As in `gaussian_labels`.
    fixed_samples
        Samples from P to the end of the event, whatever S is; None to take the end from P and S.
    factor
        The event ends this many times the S-P time after S; without S, or with S before P, there is no event.

    Returns
    -------
    Tensor
        (B, length), float.
    """
    p = _earliest(picks, phases, "P")[:, None]
    if fixed_samples is None:
        s = _earliest(picks, phases, "S")[:, None]
        end = torch.where((s >= p) & s.isfinite(), s + factor * (s - p), -torch.inf)
    else:
        end = p + fixed_samples
    sample = _samples(length, picks)
    return (sample - p.clamp(min=0).floor()).ge_(0).mul_((sample - end.clamp(min=0).floor()).lt_(0))


def cell_labels(detection: torch.Tensor, edges: Sequence[int] | torch.Tensor, padded: bool = False) -> torch.Tensor:
    """Average a detection over cells of the window.

    Parameters
    ----------
    detection
        (B, L), float.
    edges
        The n + 1 borders of n cells in samples of the window, ascending: cell i is [edges[i], edges[i + 1]).
    padded
        Whether samples outside the window count as zeros; otherwise a cell ends with the window.

    Returns
    -------
    Tensor
        (B, n); 0 for a cell wholly outside the window.
    """
    edges = torch.as_tensor(edges, device=detection.device)
    low, high = edges[:-1], edges[1:]
    sample = torch.arange(detection.shape[-1], device=detection.device)[:, None]
    inside = ((sample >= low) & (sample < high)).to(detection.dtype)
    count = high - low if padded else inside.sum(dim=0).clamp(min=1)
    return (detection @ inside) / count


def soft_cross_entropy(probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross entropy against soft labels: summed over classes, averaged over samples and windows.

    Parameters
    ----------
    probabilities, labels
        (B, classes, L), or (B, classes) where a window has one answer.
    """
    return -(labels * torch.log(probabilities + 1e-5)).sum(dim=1).mean()


def negative_log_likelihood(probabilities: torch.Tensor, classes_index: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Mean of -log of the right class's probability.

    Parameters
    ----------
    probabilities
        (B, classes).
    classes_index
        The right class, (B,) int64.
    epsilon
        Added to the probability, so that a zero gives a finite loss.
    """
    return -torch.log(probabilities.gather(1, classes_index[:, None]) + epsilon).mean()


def _class_of_column(phases: Sequence[str], classes: str, device: torch.device) -> torch.Tensor:
    return torch.tensor([classes.index(phase) for phase in phases], dtype=torch.int64, device=device)


def _earliest(picks: torch.Tensor, phases: tuple[str, ...], phase: str) -> torch.Tensor:
    """The first pick of a phase, infinity where there is none, (B,)."""
    is_phase = torch.tensor([own == phase for own in phases], dtype=torch.bool, device=picks.device)
    present = torch.where(is_phase & ~picks.isnan(), picks, torch.inf)
    return torch.nn.functional.pad(present, (0, 1), value=torch.inf).amin(dim=1)


def _samples(length: int, picks: torch.Tensor) -> torch.Tensor:
    """0, 1, 2, ... as picks are: comparing in floats is several times faster than going through booleans."""
    return torch.arange(length, dtype=picks.dtype, device=picks.device)
