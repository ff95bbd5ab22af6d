"""The controls score what theory says, through the metrics that judge every picker."""

import numpy as np
import pandas as pd
import pytest

from pickbench.metrics.cells import Cell, evaluate_cell
from pickbench.models import load_adapter
from pickbench.models.base import Question

N = 4000
CLAIMS = {"tasks": [1, 2, 3], "phases": ["P", "S"], "learns_from": "nothing"}


@pytest.fixture(scope="module")
def windows() -> dict[str, pd.DataFrame]:
    """Windows as the protocol draws them: 30 s, and 10 s with the onset anywhere at least 0.5 s from the edges."""
    rng = np.random.default_rng(0)
    start = rng.integers(0, 3000, N)
    fixed = {"trace_name": [f"t{i}" for i in range(N)], "trace_idx": np.arange(N), "sampling_rate": 100.0}
    task1 = pd.DataFrame({**fixed, "start_sample": start, "end_sample": start + 3000})
    task1["trace_type"] = np.where(rng.random(N) < 0.6, "earthquake", "noise")
    task23 = pd.DataFrame({**fixed, "start_sample": start, "end_sample": start + 1000})
    task23["phase_label"] = np.where(rng.random(N) < 0.5, "P", "S")
    task23["phase_onset"] = start + rng.uniform(50, 950, N)
    return {"task1": task1, "task23": task23}


def metrics(name: str, windows: dict[str, pd.DataFrame]) -> pd.Series:
    adapter = load_adapter({"id": name, "adapter": "control", "architecture": name, "settings": {}, **CLAIMS})
    wanted = {"task1": ["score_detection"], "task23": ["score_p_or_s", "p_sample_pred", "s_sample_pred"]}
    predictions = {}
    for file, rows in windows.items():
        for seed, split in enumerate(("dev", "test")):
            answers = adapter.answer(Question(None, rows, wanted[file], seed=seed, batch_size=1), {})
            predictions[split, file] = pd.concat([rows, answers], axis=1)
    own = {file: predictions["dev", file] for file in windows}
    table = evaluate_cell(Cell(name, "a", "a", 42, 0.45), predictions, own)
    table = table[(table["split"] == "test") & (table["threshold_from"] != "source")]
    return table.set_index(["phase", "metric"])["value"]


def test_oracle_is_perfect(windows):
    scored = metrics("Oracle", windows)
    assert scored["", "auc"] == scored["", "f1"] == scored["", "mcc"] == 1
    for phase in "PS":
        for metric in ("mean_s", "median_s", "std_s", "rmse_s", "mae_s", "outlier_share"):
            assert scored[phase, metric] == 0


def test_random_guesses(windows):
    scored = metrics("Random", windows)
    # Four standard errors of an AUC, of an MCC, and of a mean square.
    assert scored["", "auc"] == pytest.approx(0.5, abs=4 / np.sqrt(12 * 0.24 * N))
    assert scored["", "mcc"] == pytest.approx(0, abs=4 / np.sqrt(N))
    rows = windows["task23"]
    for phase in "PS":
        of_phase = rows[rows["phase_label"] == phase]
        centre = (of_phase["start_sample"] + of_phase["end_sample"]) / 2
        # A uniform guess in a window of length L: the mean square residual is L²/12 plus the onset's own offset².
        expected = np.sqrt(np.mean(10.0**2 / 12 + ((of_phase["phase_onset"] - centre) / 100) ** 2))
        assert scored[phase, "rmse_s"] == pytest.approx(expected, rel=0.05)
        assert scored[phase, "mean_s"] == pytest.approx(0, abs=4 * expected / np.sqrt(len(of_phase)))
