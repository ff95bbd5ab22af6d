"""The metrics and the answers they judge, named once.

Tables, arrows, selection and the rows of metrics.csv read names, units and directions here. A new metric is one line
here and one formula in `scores` or `residuals`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Literal

Direction = Literal["higher", "lower", "zero"]


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    Attributes
    ----------
    name
        As in the column `metric` of metrics.csv; seconds end in `_s`.
    task
        1 event detection, 2 phase identification, 3 onset time.
    unit
        "" for a number between -1 and 1, "s" for seconds.
    best
        Which value is best: the higher, the lower, or the nearest to zero.
    title
        For tables and figures.
    at_threshold
        Whether it needs a decision threshold, and so is given once for each origin of one.
    least
        Smallest value that it can have.
    """

    name: str
    task: int
    unit: str
    best: Direction
    title: str
    at_threshold: bool = False
    least: float = 0

    @property
    def most(self) -> float:
        """Largest value that it can have."""
        return inf if self.unit else 1

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that it is given for, or the empty one where it is about none."""
        return ("P", "S") if self.task == 3 else ("",)


@dataclass(frozen=True)
class Answer:
    """One column of a prediction file and what it answers.

    Attributes
    ----------
    column
        Of the prediction file.
    title
        In words.
    task, phase
        What it answers; `phase` is "" where the answer is not about one phase.
    file
        Stem of the prediction file that holds it, without the split: "task1" or "task23".
    select_by
        Name of the metric by which a learning rate is chosen for this column (paper, section 2.7).
    threshold_by
        Name of the metric whose best value on dev sets the decision threshold, or "" where there is none.
    """

    column: str
    title: str
    task: int
    phase: str
    file: str
    select_by: str
    threshold_by: str = ""


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("auc", 1, "", "higher", "AUC"),
        Metric("f1", 1, "", "higher", "F1", at_threshold=True),
        Metric("precision", 1, "", "higher", "Precision", at_threshold=True),
        Metric("recall", 1, "", "higher", "Recall", at_threshold=True),
        Metric("tpr_at_fpr_0.01", 1, "", "higher", "True-positive rate at false-positive rate 0.01"),
        Metric("tpr_at_fpr_0.05", 1, "", "higher", "True-positive rate at false-positive rate 0.05"),
        Metric("mcc", 2, "", "higher", "Matthews correlation coefficient", at_threshold=True, least=-1),
        Metric("mean_s", 3, "s", "zero", "Mean residual", least=-inf),
        Metric("median_s", 3, "s", "zero", "Median residual", least=-inf),
        Metric("std_s", 3, "s", "lower", "Standard deviation"),
        Metric("rmse_s", 3, "s", "lower", "Root-mean-square error"),
        Metric("mae_s", 3, "s", "lower", "Mean absolute error"),
        Metric("outlier_share", 3, "", "lower", "Share of outliers"),
        Metric("laplace_loc_s", 3, "s", "zero", "Laplace location", least=-inf),
        Metric("laplace_scale_s", 3, "s", "lower", "Laplace scale"),
    )
}

ANSWERS: dict[str, Answer] = {
    answer.column: answer
    for answer in (
        Answer("score_detection", "event detection", 1, "", "task1", select_by="auc", threshold_by="f1"),
        Answer("score_p_or_s", "phase identification", 2, "", "task23", select_by="mcc", threshold_by="mcc"),
        Answer("p_sample_pred", "P onset", 3, "P", "task23", select_by="rmse_s"),
        Answer("s_sample_pred", "S onset", 3, "S", "task23", select_by="rmse_s"),
    )
}


def phases_to_learn(answer: Answer) -> set[str]:
    """The phases that a source must have labels of before a picker can have learned an answer."""
    return {"P", "S"} if answer.task == 2 else set(answer.phase)


def answers_of(tasks: Iterable[int], phases: Iterable[str]) -> list[Answer]:
    """Give the answers that a target with these tasks and phases asks for."""
    tasks, phases = set(tasks), {"", *phases}
    return [answer for answer in ANSWERS.values() if answer.task in tasks and answer.phase in phases]


def metrics_of(task: int) -> list[Metric]:
    """Give the metrics of a task, in the order in which they are reported."""
    return [metric for metric in METRICS.values() if metric.task == task]
