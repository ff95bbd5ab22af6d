"""What figures of one metric show: named apart from the drawing, so that a workflow names files without loading it."""

from dataclasses import dataclass

from pickbench.metrics.registry import ANSWERS, METRICS, Answer, Metric


@dataclass(frozen=True)
class Shown:
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


MATRICES: dict[str, Shown] = {
    "auc": Shown(METRICS["auc"], ANSWERS["score_detection"]),
    # What a user would have: the paper's own thresholds, from the target's dev, are in the tables.
    "mcc": Shown(METRICS["mcc"], ANSWERS["score_p_or_s"], "source"),
    "mae-P": Shown(METRICS["mae_s"], ANSWERS["p_sample_pred"]),
    "mae-S": Shown(METRICS["mae_s"], ANSWERS["s_sample_pred"]),
}
