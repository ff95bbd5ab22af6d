"""From probabilities to answers: one score or onset a window, out of what lies inside the window's borders.

The borders of an evaluation window are its first and past-the-end sample within the network's input.
"""

import torch

# How windows are read out: without the faults of the published code, or exactly as it does.
READOUTS = ("corrected", "paper")


def largest_inside(curves: torch.Tensor, borders: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Largest value of each curve between its borders, and where it is first reached.

    Parameters
    ----------
    curves
        (B, C, L).
    borders
        (B, 2).

    Returns
    -------
    values : Tensor
        (B, C).
    samples : Tensor
        (B, C) int64, counted as the borders are.
    """
    sample = torch.arange(curves.shape[-1], device=curves.device)
    inside = (sample >= borders[:, :1]) & (sample < borders[:, 1:])
    return curves.masked_fill(~inside[:, None, :], float("-inf")).max(dim=-1)


def p_or_s(largest_p: torch.Tensor, largest_s: torch.Tensor) -> torch.Tensor:
    """Score of P against S: the ratio of their largest probabilities, all (B,).

    Where both are zero neither is likelier and the ratio is 1; the published code has NaN there, which ranks nowhere.
    """
    return torch.where((largest_p == 0) & (largest_s == 0), 1.0, largest_p / largest_s)


def of_classes(output: torch.Tensor, classes: str) -> dict[str, torch.Tensor]:
    """Curves by name out of the probabilities of P, S and noise, (B, 3, L), whose order is such as PSN.

    An event is detected as far as there is no noise.
    """
    p, s, noise = (output[:, classes.index(label)] for label in "PSN")
    return {"detection": 1 - noise, "P": p, "S": s}


def from_classes(output: torch.Tensor, classes: str, borders: torch.Tensor) -> dict[str, torch.Tensor]:
    """All answers out of the probabilities of P, S and noise.

    Parameters
    ----------
    output
        (B, 3, L).
    classes
        Their order, such as PSN.
    borders
        (B, 2).

    Returns
    -------
    dict
        As `from_curves`.
    """
    return from_curves(*of_classes(output, classes).values(), borders)


def from_curves(
    detection: torch.Tensor, p: torch.Tensor, s: torch.Tensor, borders: torch.Tensor
) -> dict[str, torch.Tensor]:
    """All answers out of curves of probabilities.

    Parameters
    ----------
    detection, p, s
        Probabilities at every sample, (B, L).
    borders
        (B, 2).

    Returns
    -------
    dict
        score_detection, score_p_or_s, p_sample_pred and s_sample_pred, (B,); picks in samples of the input.
    """
    largest, where = largest_inside(torch.stack([detection, p, s], dim=1), borders)
    return {
        "score_detection": largest[:, 0],
        "score_p_or_s": p_or_s(largest[:, 1], largest[:, 2]),
        "p_sample_pred": where[:, 1],
        "s_sample_pred": where[:, 2],
    }
