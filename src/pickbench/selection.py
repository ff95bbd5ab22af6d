"""Which of a picker's candidates answers what: chosen on the source's dev split alone, for each answer by itself.

The paper selects the learning rate for every task by its own metric, so one picker may be up to four sets of weights.
Where the source has no dev windows for a task (NEIC has no task 1), the lowest dev loss decides, so that the picker can
still be applied to other targets.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.files import checked, read_json, write_json
from pickbench.metrics import scores
from pickbench.metrics.cells import labelled_scores, rows_of
from pickbench.metrics.registry import ANSWERS, METRICS
from pickbench.metrics.residuals import residuals_s, rmse_s
from pickbench.protocol import TASK_FILES

DEV_LOSS = "dev_loss"
log = logging.getLogger(__name__)


def select(candidates: dict[str, Path], columns: Sequence[str], seed: int, output: Path) -> None:
    """Choose a candidate for every answer of a picker.

    Parameters
    ----------
    candidates
        Folders of the training runs by learning rate, as written in paths.
    columns
        The answers that the picker can have learned (`pickbench.grid.Grid.answers`).
    seed
        The picker's seed.
    output
        JSON file: for every answer the learning rate, its weights, what each candidate scored, and the parameters that
        a search has found; and which candidates have not learned an answer, and why. An answer that none has learned is
        left out, and stays empty in the cells.
    """
    runs = {lr: read_json(folder / "run.json") for lr, folder in candidates.items()}
    answers = {}
    for column in columns:
        learned = {lr: run for lr, run in runs.items() if column not in run["unlearned"]}
        for lr, run in runs.items():
            if lr not in learned:
                reason = run["unlearned"][column]
                log.warning("%s: learning rate %s stands back (%s)", ANSWERS[column].title, lr, reason)
        if not learned:
            log.warning("%s: there is no learning rate to select, and no answer", ANSWERS[column].title)
            continue
        metric, scored, higher_is_better = _scored(column, {lr: candidates[lr] for lr in learned}, learned)
        best = (max if higher_is_better else min)(scored, key=scored.get)
        answers[column] = {
            "lr": best,
            "weights": str(candidates[best] / "weights.npz"),
            "metric": metric,
            "scores": scored,
        }
        if "found" in runs[best]:
            answers[column]["found"] = runs[best]["found"]
    unlearned = {lr: run["unlearned"] for lr, run in runs.items() if run["unlearned"]}
    write_json(output, {"seed": seed, "answers": answers, "unlearned": unlearned}, sealed=True)


def _scored(column: str, folders: dict[str, Path], runs: dict[str, dict]) -> tuple[str, dict[str, float], bool]:
    """What decides about an answer, what each candidate scored in it, and whether more is better."""
    name = f"dev_{ANSWERS[column].file}.parquet"
    scored = {lr: selection_metric(column, pd.read_parquet(checked(folder / name))) for lr, folder in folders.items()}
    metric, _, higher_is_better = next(iter(scored.values()))
    values = {lr: value for lr, (_, value, _) in scored.items()}
    if np.isfinite(list(values.values())).all():
        return metric, values, higher_is_better
    # What learns nothing has no loss, and one candidate.
    return DEV_LOSS, {lr: run["dev_loss"].get(column, 0.0) for lr, run in runs.items()}, False


def selection_metric(column: str, table: pd.DataFrame) -> tuple[str, float, bool]:
    """Judge dev predictions of one candidate by the metric that selects for an answer.

    Parameters
    ----------
    column
        The answer: score_detection, score_p_or_s, p_sample_pred or s_sample_pred.
    table
        Dev predictions of the file that holds the answer.

    Returns
    -------
    name : str
        auc, mcc (the best over all thresholds) or rmse_s.
    value : float
        NaN where there are no windows, a class is missing or the model has no such answer, and for onsets where
        any pick is missing.
    higher_is_better : bool
    """
    answer = ANSWERS[column]
    rows = table if table.empty else rows_of(table, answer)
    name, higher = answer.select_by, METRICS[answer.select_by].best == "higher"
    if not rows[column].notna().any():
        return name, float("nan"), higher
    if name == "rmse_s":
        return name, rmse_s(residuals_s(rows, answer.phase)), higher
    labels, values = labelled_scores(rows, answer)
    points = scores.operating_points(labels, values)
    if name == "auc":
        return name, scores.auc(points), higher
    threshold = scores.best_threshold(points, name)
    return name, float(scores.mcc(scores.confusion(labels, values, threshold))), higher


def in_words(metric: str, value: float) -> str:
    """What a candidate scored, for people: "AUC 0.981", "Root-mean-square error 0.120 s"."""
    if metric == DEV_LOSS:
        return f"loss {value:.4f}"
    return f"{METRICS[metric].title} {value:.3f} {METRICS[metric].unit}".rstrip()


def selection_to_judge(path: Path) -> dict[str, dict]:
    """Read what `select` wrote as `pickbench.metrics.cells.evaluate_picker` takes it: `lrs` and `source_dev`."""
    selected = read_json(path)
    own_dev = {name: selected_dev_answers(selected, name) for name in TASK_FILES}
    return {
        "lrs": {column: answer["lr"] for column, answer in selected["answers"].items()},
        "source_dev": {name: table for name, table in own_dev.items() if len(table)},
    }


def selected_dev_answers(selected: dict, windows_file: str) -> pd.DataFrame:
    """The picker's answers to its source's own dev windows, each column from the candidate selected for it.

    Parameters
    ----------
    selected
        What `select` wrote.
    windows_file
        task1 or task23.

    Returns
    -------
    DataFrame
        A prediction table; without rows where the source has no such task, or is published weights.
    """
    table = pd.DataFrame()
    if "published" in selected:
        return table
    for column, answer in selected["answers"].items():
        if ANSWERS[column].file == windows_file:
            of_candidate = pd.read_parquet(checked(Path(answer["weights"]).with_name(f"dev_{windows_file}.parquet")))
            table = of_candidate if table.empty else table
            table[column] = of_candidate[column]
    return table
