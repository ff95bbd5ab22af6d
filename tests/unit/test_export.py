"""Thresholds of exported weights, and which candidates are exported."""

import json

import numpy as np
import pandas as pd
import pytest

from pickbench.export import dev_thresholds, export
from pickbench.metrics.registry import ANSWERS
from pickbench.models import load_adapter
from pickbench.models.base import save_weights
from tests.registry import settings

ALL = tuple(ANSWERS)


def write_dev(folder, detection=None, quotient=None):
    """Dev answers: (score, is an event) and (quotient, is P) for each window."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem, column, kind, words, given in (
        ("task1", "score_detection", "trace_type", ("noise", "earthquake"), detection),
        ("task23", "score_p_or_s", "phase_label", ("S", "P"), quotient),
    ):
        table = pd.DataFrame(columns=list(ALL))
        if given:
            values, labels = zip(*given, strict=True)
            table = pd.DataFrame({kind: [words[label] for label in labels], column: np.array(values, float)})
        table.to_parquet(folder / f"dev_{stem}.parquet")
    return folder


EVENTS = [(0.9, 1), (0.6, 1), (0.2, 0), (0.1, 0)]


def test_detection_threshold_is_the_middle_of_the_best(tmp_path):
    dev = write_dev(tmp_path, EVENTS)
    # From 0.6 down to 0.2 every threshold has F1 = 1; without quotients P and S are on a par.
    assert dev_thresholds(dev, "PSN", ALL) == pytest.approx({"P_threshold": 0.4, "S_threshold": 0.4})
    with_detection = dev_thresholds(dev, ["Detection", "P", "S"], ALL)
    assert with_detection == pytest.approx(dict.fromkeys(("detection_threshold", "P_threshold", "S_threshold"), 0.4))
    assert dev_thresholds(dev, ["Detection"], ("score_detection",)) == pytest.approx({"detection_threshold": 0.4})
    assert dev_thresholds(dev, "P", ("p_sample_pred",)) == {}


@pytest.mark.parametrize(
    ("quotient", "p", "s"),
    [
        ([(5.0, 1), (2.0, 1), (0.5, 0)], 0.4, 0.4),  # 1 tells them apart as well as 2 does
        ([(9.0, 1), (4.0, 1), (3.0, 0)], 0.8, 0.2),  # only at 4: 0.4 * 2 and 0.4 / 2
        ([(0.3, 1), (0.25, 1), (0.1, 0)], 0.2, 0.8),
        ([(99.0, 1), (90.0, 1), (80.0, 0)], 0.4, 0.4),  # 0.4 * 9.5 is no probability
        ([(np.inf, 1), (np.inf, 0), (0.0, 0)], 0.4, 0.4),
        ([(5.0, 1), (2.0, 1)], 0.4, 0.4),  # no S
    ],
)
def test_phases_are_weighed_by_their_quotient(quotient, p, s, tmp_path):
    dev = write_dev(tmp_path, EVENTS, quotient)
    assert dev_thresholds(dev, "NPS", ALL) == pytest.approx({"P_threshold": p, "S_threshold": s})


@pytest.mark.parametrize("detection", [None, [(0.9, 1), (0.8, 1)]])
def test_without_a_threshold_there_is_none(detection, tmp_path):
    assert dev_thresholds(write_dev(tmp_path, detection), "PSN", ALL) == {}


def picker(folder, lrs: dict[str, str]):
    """What selection leaves of a PhaseNetLight whose answers come from these learning rates."""
    network, answers = load_adapter(settings("phasenetlight")).network(), {}
    run = {"model": "phasenetlight", "seed": 42, "data_checksum": "abc", "versions": {"pickbench": "0.1.0"}}
    for column, lr in lrs.items():
        candidate = write_dev(folder / f"lr{lr}", EVENTS)
        save_weights(candidate / "weights.npz", {k: v.numpy() for k, v in network.state_dict().items()})
        (candidate / "run.json").write_text(json.dumps({**run, "learning_rate": float(lr)}))
        metric, scores = ANSWERS[column].select_by, {"0.01": 0.125, "0.001": 0.25}
        answers[column] = {"lr": lr, "weights": str(candidate / "weights.npz"), "metric": metric, "scores": scores}
    (folder / "selected.json").write_text(json.dumps({"seed": 42, "answers": answers, "unlearned": {}}))
    return folder / "selected.json"


def test_every_selected_candidate_is_exported_once(tmp_path):
    lrs = {"score_detection": "0.01", "score_p_or_s": "0.01", "p_sample_pred": "0.001", "s_sample_pred": "0.01"}
    source = {"id": "ethz", "title": "ETHZ"}
    export(settings("phasenetlight"), source, picker(tmp_path, lrs), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "lr0.001.json.v1", "lr0.001.pt.v1", "lr0.01.json.v1", "lr0.01.pt.v1",
    ]  # fmt: skip
    main, other = (json.loads((tmp_path / "out" / f"lr{lr}.json.v1").read_text()) for lr in ("0.001", "0.01"))
    assert "P onset (Root-mean-square error 0.250 s)" in main["docstring"] and "\nRecommended" in main["docstring"]
    assert "event detection (AUC 0.125), phase identification" in other["docstring"]
    assert "\nOther weights of this picker are recommended" in other["docstring"]
    assert main["model_args"] == {"phases": "PSN", "norm": "peak", "component_order": "ZNE"}
    assert main["pickbench"]["data_checksum"] == "abc" and main["pickbench"]["source"] == "ethz"
    assert main["default_args"] == pytest.approx({"P_threshold": 0.4, "S_threshold": 0.4})


def test_a_picker_that_learned_nothing_is_left_out(tmp_path):
    source = {"id": "ethz", "title": "ETHZ"}
    assert export(settings("phasenetlight"), source, picker(tmp_path, {}), tmp_path / "out") == []
    assert export(settings("oracle"), source, tmp_path / "selected.json", tmp_path / "out") == []
