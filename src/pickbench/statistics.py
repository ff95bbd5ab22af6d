"""95 % confidence intervals for every metric, from counts or residuals.

Windows are taken as independent draws, so where many windows come from few events the intervals are too narrow; they
say how far a number can be trusted for the number of windows it rests on, no more. Each function gives (low, high),
or (nan, nan) where there are too few data for an interval.
"""

import numpy as np
from scipy import stats

LEVEL = 0.95
Z = float(stats.norm.ppf(0.5 + LEVEL / 2))
RESAMPLES = 2000
SEED = 42

Interval = tuple[float, float]
UNKNOWN: Interval = (float("nan"), float("nan"))


def wilson_interval(successes: int, trials: int) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927, doi 10.1080/01621459.1927.10502953)."""
    if trials == 0:
        return UNKNOWN
    interval = stats.binomtest(int(successes), int(trials)).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def f1_interval(tp: int, fp: int, fn: int) -> Interval:
    """Interval of F1 from the Wilson interval of tp / (tp + fp + fn), of which F1 is a rising function.

    Parameters
    ----------
    tp, fp, fn
        True positives, false positives and false negatives.

    Notes
    -----
    F1 = 2J / (1 + J) with the Jaccard index J = tp / (tp + fp + fn), a plain proportion. Unlike a bootstrap this
    needs no random numbers and does not shrink to a point at F1 = 1.
    """
    low, high = wilson_interval(tp, tp + fp + fn)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def mcc_interval(tp: int, fp: int, fn: int, tn: int) -> Interval:
    """Interval of Matthews' correlation coefficient by a seeded bootstrap of the 2 x 2 table.

    The cell probabilities are drawn from their Dirichlet posterior with Jeffreys' prior (0.5 each): the smooth
    form of resampling the counts, which keeps an empty cell possible, so that a perfect sample gets an interval too.
    NaN where one of the two true classes is missing.
    """
    if tp + fn == 0 or fp + tn == 0:
        return UNKNOWN
    draws = np.random.default_rng(SEED).dirichlet(np.array([tp, fp, fn, tn]) + 0.5, size=RESAMPLES)
    p, q, r, s = draws.T
    coefficients = (p * s - q * r) / np.sqrt((p + q) * (p + r) * (q + s) * (r + s))
    low, high = np.quantile(coefficients, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    # With the prior's pull towards 0 a perfect table would lie outside its own interval.
    value = (tp * tn - fp * fn) / np.sqrt(max(float(tp + fp) * (tp + fn) * (fp + tn) * (fn + tn), 1.0))
    return float(min(low, value)), float(max(high, value))


def auc_interval(positives: np.ndarray, negatives: np.ndarray) -> Interval:
    """Interval of the area under the ROC curve by DeLong's variance, on the logit scale.

    Parameters
    ----------
    positives, negatives
        (k,) counts of positive and negative windows at each distinct score, scores rising.

    Notes
    -----
    DeLong et al. (1988), doi 10.2307/2531595; from counts per distinct score it costs no more than the sort. The
    logit keeps the interval inside (0, 1) (Pepe 2003). At an area of exactly 0 or 1 the variance is 0; then
    min(m, n) disjoint pairs of one positive and one negative, all in the same order, are that many equal outcomes
    of independent trials, and their Wilson interval is a conservative answer. NaN with fewer than two of a class.
    """
    m, n = int(positives.sum()), int(negatives.sum())
    if min(m, n) < 2:
        return UNKNOWN
    below = (np.cumsum(negatives) - negatives / 2) / n
    above = 1 - (np.cumsum(positives) - positives / 2) / m
    area = float(positives @ below) / m
    variance = positives @ (below - area) ** 2 / (m - 1) / m + negatives @ (above - area) ** 2 / (n - 1) / n
    if variance <= 0 or not 0 < area < 1:
        return wilson_interval(round(area * min(m, n)), min(m, n))
    logit = np.log(area / (1 - area))
    half_width = Z * np.sqrt(variance) / (area * (1 - area))
    low, high = 1 / (1 + np.exp(-(logit + np.array([-half_width, half_width]))))
    return float(low), float(high)


def mean_interval(values: np.ndarray) -> Interval:
    """Student's interval of the mean of (n,) values."""
    if len(values) < 2:
        return UNKNOWN
    centre = float(np.mean(values))
    half_width = stats.t.ppf(0.5 + LEVEL / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return centre - float(half_width), centre + float(half_width)


def median_interval(values: np.ndarray) -> Interval:
    """Interval of the median of (n,) values between two order statistics, whatever the distribution.

    NaN for fewer than six values, for which even the extremes do not hold the median with 95 % certainty.
    """
    if len(values) < 6:
        return UNKNOWN
    interval = stats.quantile_test(values, q=0.0, p=0.5).confidence_interval(LEVEL)
    return float(interval.low), float(interval.high)


def absolute_mean_interval(values: np.ndarray) -> Interval:
    """Interval of the mean absolute value of (n,) values (the MAE, or the scale of a Laplace fit)."""
    magnitudes = np.abs(values)
    return _scale_interval(float(np.mean(magnitudes)), magnitudes) if len(values) > 1 else UNKNOWN


def rms_interval(values: np.ndarray) -> Interval:
    """Interval of the root mean square of (n,) values.

    The variance of the mean square comes from the values' own fourth moment, so no normal residuals are assumed.
    Of deviations from the mean it is the interval of the standard deviation.
    """
    if len(values) < 2:
        return UNKNOWN
    squares = np.square(values)
    low, high = _scale_interval(float(np.mean(squares)), squares)
    return float(np.sqrt(low)), float(np.sqrt(high))


def _scale_interval(value: float, terms: np.ndarray) -> Interval:
    """Interval of a mean of positive terms, normal on the logarithmic scale (delta method), hence positive."""
    if value == 0:
        return 0.0, 0.0
    factor = float(np.exp(Z * np.std(terms, ddof=1) / np.sqrt(len(terms)) / value))
    return value / factor, value * factor
