"""The rows of metrics.csv for the cells of one picker: its predictions on each target, judged.

A cell is one picker on one target, dev and test. Metrics that need a threshold come twice, with the one chosen on the
source's dev (what a user has) and with the one chosen on the target's dev (what the paper used); in-domain both are
the same numbers by the same path. Nothing is ever chosen on test.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench import statistics
from pickbench.errors import InputError
from pickbench.files import checked, remedy
from pickbench.metrics import scores
from pickbench.metrics.registry import Answer, answers_of, metrics_of
from pickbench.metrics.residuals import residual_limit_s, residual_metrics, residuals_s
from pickbench.metrics.table import as_table
from pickbench.protocol import EVALUATED_SPLITS

# What a task's windows are told apart by: (column, positive class, negative class).
CLASSES = {1: ("trace_type", "earthquake", "noise"), 2: ("phase_label", "P", "S")}

# (split, file) -> prediction table, for example ("dev", "task23").
Predictions = Mapping[tuple[str, str], pd.DataFrame]


@dataclass(frozen=True)
class Cell:
    """One picker on one target.

    Attributes
    ----------
    model, source, target, seed
        Ids.
    limit_s
        Residual (s) beyond which a pick is an outlier.
    lrs
        Answer column -> learning rate of the weights that gave it; left out where nothing was trained.
    tasks, phases
        What the target can be asked.
    """

    model: str
    source: str
    target: str
    seed: int
    limit_s: float
    lrs: Mapping[str, str] = field(default_factory=dict)
    tasks: tuple[int, ...] = (1, 2, 3)
    phases: tuple[str, ...] = ("P", "S")

    def file(self, split: str, stem: str) -> str:
        """Name a prediction file for messages, as it is found below results/predictions."""
        return f"{self.model}/{self.source}/seed{self.seed}/{self.target}/{split}_{stem}.parquet"


def read_predictions(
    folder: str | Path, tasks: Iterable[int], splits: Iterable[str] = EVALUATED_SPLITS
) -> dict[tuple[str, str], pd.DataFrame]:
    """Read what metrics need from the prediction files of one picker on one target.

    Parameters
    ----------
    folder
        Holds {split}_task1.parquet and {split}_task23.parquet.
    tasks
        The target's tasks; files of other tasks are not looked for.
    splits
        Which to read.

    Raises
    ------
    InputError
        If a file is missing, unreadable or without one of its columns.
    """
    stems = dict.fromkeys(answer.file for answer in answers_of(tasks, ("P", "S")))
    return {(split, stem): _read(Path(folder) / f"{split}_{stem}.parquet", stem) for stem in stems for split in splits}


def evaluate_picker(
    folders: Mapping[str, str | Path],
    datasets: Mapping[str, Mapping],
    *,
    model: str,
    source: str,
    seed: int,
    lrs: Mapping[str, str],
    source_dev: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """Evaluate one picker on all its targets.

    Parameters
    ----------
    folders
        Target id -> folder of its prediction files.
    datasets
        Id -> region, phases, and those of a dataset's tasks that the model answers: all targets, and the source unless
        it is published weights.
    model, source, seed
        The picker.
    lrs
        Answer column -> learning rate of the weights selected for it.
    source_dev
        File (task1, task23) -> the picker's answers to the dev split of its own source, from which a user's
        thresholds come; empty for published weights.

    Returns
    -------
    pd.DataFrame
        The rows of metrics.csv of all cells; of published weights none at a threshold from the source.
    """
    source_region = datasets[source]["region"] if source in datasets else None
    cells = []
    for target, folder in folders.items():
        about = datasets[target]
        limit_s = residual_limit_s(about["region"], source_region)
        cell = Cell(model, source, target, seed, limit_s, lrs, tuple(about["tasks"]), tuple(about["phases"]))
        cells.append(evaluate_cell(cell, read_predictions(folder, cell.tasks), source_dev))
    table = pd.concat([as_table([]), *cells], ignore_index=True)
    return table if source in datasets else table[table["threshold_from"] != "source"].reset_index(drop=True)


def evaluate_cell(cell: Cell, predictions: Predictions, source_dev: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Compute all metrics of one picker on one target.

    Parameters
    ----------
    cell
        Which picker and target, and what can be asked.
    predictions
        (split, file) -> the cell's prediction tables, for the splits dev and test.
    source_dev
        File -> the picker's predictions for the dev split of its own source, from which a user's threshold comes.
        A file that the source does not have is left out: its metrics at that threshold are NaN.

    Returns
    -------
    pd.DataFrame
        Rows of metrics.csv. A column without a single answer gives no rows, a cell without windows gives rows with
        n = 0 and NaN.

    Raises
    ------
    InputError
        If a prediction file is missing, or an answer is missing in some of its rows only.
    """
    rows = []
    for answer in answers_of(cell.tasks, cell.phases):
        tables = {}
        for split in EVALUATED_SPLITS:
            if (split, answer.file) not in predictions:
                raise InputError(f"{cell.file(split, answer.file)} is missing; task {answer.task} needs it")
            tables[split] = rows_of(predictions[split, answer.file], answer)
        if not any(has_answer(table, answer) for table in tables.values()) and any(map(len, tables.values())):
            continue
        for split, table in tables.items():
            check_whole(table, answer, cell.file(split, answer.file))
        own = source_dev.get(answer.file)
        own = None if own is None else rows_of(own, answer)
        measured = _onset_metrics(tables, answer, cell) if answer.task == 3 else _score_metrics(tables, own, answer)
        rows += [_row(cell, answer, result) for result in measured]
    return as_table(rows)


def rows_of(table: pd.DataFrame, answer: Answer) -> pd.DataFrame:
    """Give the rows of a prediction table that an answer is judged by: for an onset, those of its phase."""
    return table[table["phase_label"] == answer.phase] if answer.phase else table


def has_answer(table: pd.DataFrame, answer: Answer) -> bool:
    """Whether a prediction table holds an answer at all."""
    return bool(table[answer.column].notna().any())


def check_whole(table: pd.DataFrame, answer: Answer, file: str) -> None:
    """Refuse a prediction table in which some rows lack an answer, or a pick is infinite.

    Scores may be infinite (a quotient of two probabilities), so only NaN counts as missing there.
    """
    values = table[answer.column].to_numpy(np.float64)
    missing = ~np.isfinite(values) if answer.task == 3 else np.isnan(values)
    if missing.any():
        trace = table["trace_name"].iloc[int(missing.argmax())]
        raise InputError(
            f"{file}: {answer.column} has no number in {missing.sum()} of {len(values)} rows (first: trace {trace});"
            " a picker answers every window or none"
        )


def labels_of(table: pd.DataFrame, task: int) -> np.ndarray:
    """Give (n,) bool labels of task 1 (True for earthquake) or task 2 (True for P).

    Raises
    ------
    InputError
        If a label is neither of the task's two.
    """
    column, positive, negative = CLASSES[task]
    labels = (table[column] == positive).to_numpy(bool)
    unknown = ~labels & (table[column] != negative).to_numpy(bool)
    if unknown.any():
        row = table.iloc[int(unknown.argmax())]
        raise InputError(f"trace {row['trace_name']}: {column} is {row[column]!r}, not {positive} or {negative}")
    return labels


def _score_metrics(tables: Mapping[str, pd.DataFrame], own: pd.DataFrame | None, answer: Answer) -> Iterator[dict]:
    """Give the results of task 1 or 2 for each split."""
    labelled = {split: labelled_scores(table, answer) for split, table in tables.items()}
    points = {split: scores.operating_points(*pair) for split, pair in labelled.items()}
    thresholds = {"target": scores.best_threshold(points["dev"], answer.threshold_by), "source": float("nan")}
    if own is not None:
        own_points = scores.operating_points(*labelled_scores(own, answer))
        thresholds["source"] = scores.best_threshold(own_points, answer.threshold_by)
    for split, (labels, values) in labelled.items():
        for metric in metrics_of(answer.task):
            result = {"split": split, "metric": metric.name, "n": len(labels)}
            if not metric.at_threshold:
                formula = scores.OVER_THRESHOLDS[metric.name]
                yield result | _measured(formula.value(points[split]), formula.interval(points[split]))
                continue
            formula = scores.AT_THRESHOLD[metric.name]
            for origin, threshold in thresholds.items():
                result |= {"threshold": threshold, "threshold_from": origin}
                if np.isnan(threshold):
                    yield result | _measured(float("nan"), statistics.UNKNOWN)
                else:
                    table = scores.confusion(labels, values, threshold)
                    yield result | _measured(float(formula.value(table)), formula.interval(table))


def labelled_scores(table: pd.DataFrame, answer: Answer) -> tuple[np.ndarray, np.ndarray]:
    """Give the (n,) bool labels and (n,) float scores of a task 1 or 2 answer."""
    return labels_of(table, answer.task), table[answer.column].to_numpy(np.float64)


def _onset_metrics(tables: Mapping[str, pd.DataFrame], answer: Answer, cell: Cell) -> Iterator[dict]:
    """Give the results of task 3 for one phase and each split."""
    for split, table in tables.items():
        for name, (value, interval) in residual_metrics(residuals_s(table, answer.phase), cell.limit_s).items():
            yield {"split": split, "metric": name, "n": len(table)} | _measured(value, interval)


def _measured(value: float, interval: statistics.Interval) -> dict:
    return {"value": value, "ci_low": interval[0], "ci_high": interval[1]}


def _row(cell: Cell, answer: Answer, result: dict) -> dict:
    picker = {"model": cell.model, "source": cell.source, "target": cell.target, "seed": cell.seed}
    asked = {"task": answer.task, "phase": answer.phase, "lr": cell.lrs.get(answer.column, "")}
    return {"threshold": float("nan"), "threshold_from": ""} | picker | asked | result


def _read(path: Path, stem: str) -> pd.DataFrame:
    """Read the columns of one prediction file that metrics need."""
    answers = [answer for answer in answers_of((1, 2, 3), ("P", "S")) if answer.file == stem]
    labels = ["trace_type"] if stem == "task1" else ["phase_label", "phase_onset", "sampling_rate"]
    columns = ["trace_name", *labels, *(answer.column for answer in answers)]
    return read_columns(path, columns)


def read_columns(path: str | Path, columns: list[str]) -> pd.DataFrame:
    """Read these columns of a prediction file, one row a window.

    Raises
    ------
    InputError
        When it is missing, cannot be read, lacks one of them, or is not as it was written.
    """
    path = Path(path)
    # The job that predicts all targets of a picker goes by this file, and makes again what it has no note of.
    noted = path.parent.parent / "cells.json"
    if not path.exists():
        raise InputError(f"{path}: missing; {remedy(noted)}")
    checked(path, made_with=noted)
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a whole prediction file ({error}); {remedy(noted)}") from error
