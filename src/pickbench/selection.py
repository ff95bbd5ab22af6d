"""Which of a picker's candidates answers what: chosen on the source's dev split alone, for each answer by itself.

The paper selects the learning rate for every task by its own metric, so one picker may be up to four sets of weights.
Where the source has no dev windows for a task (NEIC has no task 1), the lowest dev loss decides, so that the picker can
still be applied to other targets.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.errors import InputError
from pickbench.files import read_json, write_json
from pickbench.metrics.registry import ANSWERS
from pickbench.metrics.selection import selection_metric

DEV_LOSS = "dev_loss"


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
        JSON file: for every answer the learning rate, its weights, and what each candidate scored.

    Raises
    ------
    InputError
        When every candidate has diverged.
    """
    runs = {lr: read_json(folder / "run.json") for lr, folder in candidates.items()}
    finished = {lr: run for lr, run in runs.items() if run["status"] == "finished"}
    if not finished:
        folder = next(iter(candidates.values())).parent
        raise InputError(f"{folder}: every training diverged (learning rates {', '.join(runs)}); add a smaller one")
    answers = {}
    for column in columns:
        metric, scores, higher_is_better = _scores(column, {lr: candidates[lr] for lr in finished}, finished)
        best = (max if higher_is_better else min)(scores, key=scores.get)
        answers[column] = {
            "lr": best,
            "weights": str(candidates[best] / "weights.npz"),
            "metric": metric,
            "scores": scores,
        }
    diverged = [lr for lr in runs if lr not in finished]
    write_json(output, {"seed": seed, "answers": answers, "diverged": diverged})


def _scores(column: str, folders: dict[str, Path], runs: dict[str, dict]) -> tuple[str, dict[str, float], bool]:
    """What decides about an answer, what each candidate scored in it, and whether more is better."""
    name = f"dev_{ANSWERS[column].file}.parquet"
    scored = {lr: selection_metric(column, pd.read_parquet(folder / name)) for lr, folder in folders.items()}
    metric, _, higher_is_better = next(iter(scored.values()))
    values = {lr: value for lr, (_, value, _) in scored.items()}
    if np.isfinite(list(values.values())).all():
        return metric, values, higher_is_better
    # A model that learns nothing has no loss, and one candidate.
    return DEV_LOSS, {lr: run["best_dev_loss"] or 0.0 for lr, run in runs.items()}, False


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
        A prediction table; without rows where the source has no such task.
    """
    table = pd.DataFrame()
    for column, answer in selected["answers"].items():
        if ANSWERS[column].file == windows_file:
            of_candidate = pd.read_parquet(Path(answer["weights"]).with_name(f"dev_{windows_file}.parquet"))
            table = of_candidate if table.empty else table
            table[column] = of_candidate[column]
    return table
