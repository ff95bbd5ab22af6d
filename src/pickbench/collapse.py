"""Telling a training that has collapsed: it gives all windows one answer, however different they are.

Its losses are numbers, and so are its answers, but they carry no information. This happens at learning rates that are
too high, and to a network that has hardly been trained, such as a picker of DPP's that is nowhere sure of an arrival
and takes the middle of every window. Such a picker may stray in a window or two, or by a few samples where it takes an
edge; scores, which differ little where they carry little, have to be the same in all windows.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from pickbench.metrics.cells import has_answer, labelled_scores, rows_of
from pickbench.metrics.registry import ANSWERS

COLLAPSED = "collapsed"
# Share by which equal answers differ where a network computes them in other batches.
ROUNDING = 1e-6
# Picks are at one place of their windows where this share of them is within so many samples of the median one.
MOST, NEAR_SAMPLES = 0.9, 3


def collapsed_answers(dev: Mapping[str, pd.DataFrame], networks: Iterable[Sequence[str]]) -> list[str]:
    """Which answers of a candidate are the same for all windows of its source's dev split, picks for nearly all.

    Parameters
    ----------
    dev
        Prediction tables of the dev windows by windows file (task1, task23).
    networks
        The learned answers of each network of the model. Those that no dev windows can judge have collapsed if all
        others of their network have.

    Returns
    -------
    list of str
        Columns of a prediction file.
    """
    found = []
    for columns in networks:
        judged = {column: same for column in columns if (same := _is_same(column, dev)) is not None}
        if judged and all(judged.values()):
            found += columns
        else:
            found += [column for column, same in judged.items() if same]
    return found


def _is_same(column: str, dev: Mapping[str, pd.DataFrame]) -> bool | None:
    """Whether windows got one answer; None where nobody can tell, since there are none or they want one answer."""
    answer = ANSWERS[column]
    table = dev[answer.file]
    rows = table if table.empty else rows_of(table, answer)
    if rows.empty or not has_answer(rows, answer):
        return None
    if answer.phase:  # where in the window
        wanted, given = (
            rows[name].to_numpy(float) - rows["start_sample"].to_numpy(float) for name in ("phase_onset", column)
        )
        # Where labels lie at nearly one place, good picks do.
        nearly = _at_one_place(given) and not _at_one_place(wanted)
    else:
        (wanted, given), nearly = labelled_scores(rows, answer), False
    return None if _all_same(wanted) else _all_same(given) or nearly


def _all_same(values: np.ndarray) -> bool:
    return bool(np.isclose(values, values[0], rtol=ROUNDING, atol=0).all())


def _at_one_place(samples: np.ndarray) -> bool:
    return bool(np.mean(np.abs(samples - np.median(samples)) <= NEAR_SAMPLES) >= MOST)
