"""A candidate that gives all dev windows one answer has collapsed, answer by answer."""

import numpy as np
import pandas as pd
import pytest

from pickbench.collapse import collapsed_answers

ALL = ["score_detection", "score_p_or_s", "p_sample_pred", "s_sample_pred"]


def dev(**changes) -> dict[str, pd.DataFrame]:
    """Answers to four windows of each file, which tell what they are asked; other columns where changed."""
    task1 = pd.DataFrame({"trace_type": ["earthquake", "noise"] * 2, "start_sample": [0, 100, 200, 300]})
    task23 = task1.drop(columns="trace_type").assign(phase_label=["P", "P", "S", "S"])
    task23["phase_onset"] = task23["start_sample"] + np.array([10.0, 20, 30, 40])
    answers = {"score_detection": [0.9, 0.1, 0.8, 0.2], "score_p_or_s": [np.inf, 3, 0, 0.1]}
    answers |= dict.fromkeys(("p_sample_pred", "s_sample_pred"), task23["phase_onset"])
    for column, values in {**answers, **changes}.items():
        table = task1 if column == "score_detection" else task23
        table[column] = values
    return {"task1": task1, "task23": task23}


SAME_PLACE = np.array([0, 100, 200, 300]) + 50.0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"score_detection": 0.0}, ["score_detection"]),
        ({"score_detection": [1 / 3, 1 / 3 + 1e-8, 1 / 3, 1 / 3]}, ["score_detection"]),
        ({"score_detection": [1e-9, 2e-9, 1e-9, 1e-9]}, []),
        ({"score_p_or_s": np.inf}, ["score_p_or_s"]),
        # The same place in every window, which is another sample of every trace.
        ({"p_sample_pred": SAME_PLACE}, ["p_sample_pred"]),
        ({"p_sample_pred": 150.0}, []),
        # Only windows with a P judge picks of P.
        ({"p_sample_pred": [50, 150, 210, 390]}, ["p_sample_pred"]),
        # Windows that all want one answer cannot tell.
        ({"trace_type": "earthquake", "score_detection": 1.0}, []),
        ({"phase_onset": SAME_PLACE, "p_sample_pred": SAME_PLACE, "s_sample_pred": SAME_PLACE}, []),
        ({"p_sample_pred": np.nan}, []),
    ],
)
def test_what_has_collapsed(changes, expected):
    tables = dev(**changes)
    if "trace_type" in changes:
        tables["task1"]["trace_type"] = changes["trace_type"]
    assert collapsed_answers(tables, [ALL]) == expected


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([500.0] * 18 + [807.0, 40.0], ["p_sample_pred"]),  # one in ten strays
        ([500.0] * 17 + [807.0, 40.0, 41.0], []),
        (list(np.arange(20) % 4), ["p_sample_pred"]),  # the edge of the window, give or take
        (list(np.arange(20) * 10.0), []),
    ],
)
def test_picks_at_one_place_but_for_a_few(places, expected):
    table = pd.DataFrame({"phase_label": "P", "start_sample": 1000 * np.arange(20), "p_sample_pred": places})
    table["phase_onset"] = table["start_sample"] + 45 * np.arange(20)
    table["p_sample_pred"] += table["start_sample"]
    assert collapsed_answers({"task1": pd.DataFrame(), "task23": table}, [["p_sample_pred"]]) == expected


def test_picks_lie_at_one_place_where_labels_do():
    start = 1000 * np.arange(20)
    table = pd.DataFrame({"phase_label": "P", "start_sample": start, "phase_onset": start + 500 + np.arange(20) % 3})
    for places, expected in ((500.0 + np.arange(20) % 2, []), (400.0, ["p_sample_pred"])):
        dev = {"task1": pd.DataFrame(), "task23": table.assign(p_sample_pred=start + places)}
        assert collapsed_answers(dev, [["p_sample_pred"]]) == expected


def test_answers_that_nobody_can_judge_go_with_their_network():
    """NEIC has no task 1, and a picker that learned from it detects elsewhere."""
    tables = dev(score_p_or_s=1.0, p_sample_pred=SAME_PLACE, s_sample_pred=SAME_PLACE)
    tables["task1"] = pd.DataFrame()
    assert collapsed_answers(tables, [ALL]) == ALL
    assert collapsed_answers(tables, [ALL[:1], ALL[1:]]) == ALL[1:]
    assert collapsed_answers(dict.fromkeys(tables, pd.DataFrame()), [ALL]) == []
