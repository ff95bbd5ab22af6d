"""The one number by which a learning rate is chosen for one answer, from dev predictions alone.

Training calls this at the end of a candidate, so that selection needs no further predictions. The paper chose by
AUC, MCC and the root-mean-square residual of P and of S, each on its own (section 2.7).
"""

import pandas as pd

from pickbench.metrics import scores
from pickbench.metrics.cells import labelled_scores, rows_of
from pickbench.metrics.registry import ANSWERS, METRICS
from pickbench.metrics.residuals import residuals_s, rmse_s


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
        any pick is missing: a candidate that diverged is never the best, and does not stop the others.
    higher_is_better : bool
    """
    answer = ANSWERS[column]
    rows = rows_of(table, answer)
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
