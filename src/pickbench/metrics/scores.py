"""Metrics of a two-class score: areas, rates and thresholds, exact and in O(n log n).

One sort reduces a score to its operating points, the counts of true and false positives at every distinct value, and
everything else is read off them. A window is positive when score >= threshold, in choosing a threshold as in applying
it. Infinite scores rank like any other; NaN ranks below everything, minus infinity included, and is never positive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from pickbench import statistics
from pickbench.statistics import Interval

NAN = float("nan")


class Confusion(NamedTuple):
    """Counts of a 2 x 2 table, single numbers or arrays of one length."""

    tp: int | np.ndarray
    fp: int | np.ndarray
    fn: int | np.ndarray
    tn: int | np.ndarray


@dataclass(frozen=True)
class OperatingPoints:
    """What each possible threshold would give.

    Attributes
    ----------
    threshold
        (k,) the distinct scores, falling, without NaN.
    tp, fp
        (k,) int64 counts of positive and negative windows with score >= threshold.
    n_positive, n_negative
        All windows of a class, those without a score included.
    """

    threshold: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    n_positive: int
    n_negative: int

    @property
    def has_both_classes(self) -> bool:
        """Whether there is a positive and a negative window, without which nothing can be ranked."""
        return self.n_positive > 0 and self.n_negative > 0

    @property
    def confusion(self) -> Confusion:
        """(k,) counts at every threshold."""
        return Confusion(self.tp, self.fp, self.n_positive - self.tp, self.n_negative - self.fp)


def operating_points(labels: np.ndarray, scores: np.ndarray) -> OperatingPoints:
    """Count true and false positives at every distinct score.

    Parameters
    ----------
    labels
        (n,) bool, True for the positive class.
    scores
        (n,) float, higher for more positive.
    """
    labels, scores = np.asarray(labels, bool), np.asarray(scores, np.float64)
    scored = ~np.isnan(scores)
    levels, level_of = np.unique(scores[scored], return_inverse=True)
    positives = np.bincount(level_of, weights=labels[scored], minlength=len(levels)).astype(np.int64)
    negatives = np.bincount(level_of, minlength=len(levels)) - positives
    n_positive = int(labels.sum())
    return OperatingPoints(
        levels[::-1], np.cumsum(positives[::-1]), np.cumsum(negatives[::-1]), n_positive, len(labels) - n_positive
    )


def confusion(labels: np.ndarray, scores: np.ndarray, threshold: float) -> Confusion:
    """Count a 2 x 2 table at one threshold: positive when score >= threshold."""
    labels, positive = np.asarray(labels, bool), np.asarray(scores, np.float64) >= threshold
    tp = int((labels & positive).sum())
    fp, fn = int(positive.sum()) - tp, int(labels.sum()) - tp
    return Confusion(tp, fp, fn, len(labels) - tp - fp - fn)


def precision(table: Confusion) -> np.ndarray:
    """Share of true ones among those called positive; NaN where none is called so."""
    return _ratio(table.tp, table.tp + table.fp)


def recall(table: Confusion) -> np.ndarray:
    """Share of the positive class that is found; NaN where there is none."""
    return _ratio(table.tp, table.tp + table.fn)


def f1(table: Confusion) -> np.ndarray:
    """Harmonic mean of precision and recall; NaN where nothing is positive, neither in truth nor by call."""
    return _ratio(2 * table.tp, 2 * table.tp + table.fp + table.fn)


def mcc(table: Confusion) -> np.ndarray:
    """Matthews' correlation coefficient; 0 where all are called alike, NaN where a true class is missing."""
    tp, fp, fn, tn = (np.asarray(count, np.float64) for count in table)
    # One root of the whole product: for a perfect table that is the root of an exact square, hence exactly 1.
    spread = np.sqrt(((tp + fp) * (fn + tn)) * ((tp + fn) * (fp + tn)))
    both_classes = (tp + fn > 0) & (fp + tn > 0)
    return np.where(both_classes, (tp * tn - fp * fn) / np.where(spread > 0, spread, 1), NAN)


def best_threshold(points: OperatingPoints, criterion: str) -> float:
    """Find the threshold with the best F1 ("f1") or Matthews coefficient ("mcc") among all distinct scores.

    Of several equally good ones it is the highest. NaN where a class is missing or no window has a score.
    """
    if not points.has_both_classes or len(points.threshold) == 0:
        return NAN
    return float(points.threshold[np.argmax(AT_THRESHOLD[criterion].value(points.confusion))])


def auc(points: OperatingPoints) -> float:
    """Area under the ROC curve, equal to the share of well-ordered pairs with ties counted half; NaN without pairs."""
    if not points.has_both_classes:
        return NAN
    # The last corner is reached by windows without a score, a tie among themselves.
    tpr = np.concatenate([[0], points.tp, [points.n_positive]]) / points.n_positive
    fpr = np.concatenate([[0], points.fp, [points.n_negative]]) / points.n_negative
    return float(np.trapezoid(tpr, fpr))


def auc_interval(points: OperatingPoints) -> Interval:
    """DeLong interval of `auc`."""
    tp, fp = np.append(points.tp, points.n_positive), np.append(points.fp, points.n_negative)
    return statistics.auc_interval(np.diff(tp, prepend=0)[::-1], np.diff(fp, prepend=0)[::-1])


def detections_at_fpr(points: OperatingPoints, limit: float) -> int:
    """Count the true positives at the lowest threshold whose false-positive rate is at most `limit`.

    Only thresholds that exist are considered: no interpolation between operating points. 0 where none qualifies.
    """
    allowed = np.flatnonzero(points.fp / max(points.n_negative, 1) <= limit)
    return int(points.tp[allowed[-1]]) if len(allowed) else 0


def tpr_at_fpr(points: OperatingPoints, limit: float) -> float:
    """Highest true-positive rate at a false-positive rate of at most `limit`; NaN where a class is missing."""
    return detections_at_fpr(points, limit) / points.n_positive if points.has_both_classes else NAN


def tpr_at_fpr_interval(points: OperatingPoints, limit: float) -> Interval:
    """Wilson interval of `tpr_at_fpr`, given the threshold it was reached at."""
    if not points.has_both_classes:
        return statistics.UNKNOWN
    return statistics.wilson_interval(detections_at_fpr(points, limit), points.n_positive)


class Formula(NamedTuple):
    """How a metric and its confidence interval are computed."""

    value: Callable
    interval: Callable[..., Interval]


# Of a Confusion, for metrics that need a threshold.
AT_THRESHOLD: dict[str, Formula] = {
    "f1": Formula(f1, lambda table: statistics.f1_interval(table.tp, table.fp, table.fn)),
    "precision": Formula(precision, lambda table: statistics.wilson_interval(table.tp, table.tp + table.fp)),
    "recall": Formula(recall, lambda table: statistics.wilson_interval(table.tp, table.tp + table.fn)),
    "mcc": Formula(mcc, lambda table: statistics.mcc_interval(*table)),
}

# Of OperatingPoints, for metrics over all thresholds.
OVER_THRESHOLDS: dict[str, Formula] = {
    "auc": Formula(auc, auc_interval),
    "tpr_at_fpr_0.01": Formula(partial(tpr_at_fpr, limit=0.01), partial(tpr_at_fpr_interval, limit=0.01)),
    "tpr_at_fpr_0.05": Formula(partial(tpr_at_fpr, limit=0.05), partial(tpr_at_fpr_interval, limit=0.05)),
}


def _ratio(part: int | np.ndarray, whole: int | np.ndarray) -> np.ndarray:
    whole = np.asarray(whole, np.float64)
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), NAN)
