"""Which figures of matrices there are: apart from the drawing, so that a workflow names files without loading it."""

from dataclasses import dataclass

from pickbench.metrics.registry import ANSWERS, METRICS, Answer, Metric


@dataclass(frozen=True)
class MatrixKind:
    """What a figure of matrices across domains shows.

    Attributes
    ----------
    metric
        What the values are.
    answer
        What is judged by it.
    threshold_from
        As in metrics.csv.
    """

    metric: Metric
    answer: Answer
    threshold_from: str = ""


MATRICES: dict[str, MatrixKind] = {
    "auc": MatrixKind(METRICS["auc"], ANSWERS["score_detection"]),
    # What a user would have: the paper's own thresholds, from the target's dev, are in the tables.
    "mcc": MatrixKind(METRICS["mcc"], ANSWERS["score_p_or_s"], "source"),
    "mae-P": MatrixKind(METRICS["mae_s"], ANSWERS["p_sample_pred"]),
    "mae-S": MatrixKind(METRICS["mae_s"], ANSWERS["s_sample_pred"]),
}
