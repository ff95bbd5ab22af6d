"""Confidence intervals: closed forms, SciPy, brute force, and how often they hold the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pickbench import statistics
from pickbench.metrics import scores


def coverage(draw, interval, truth, repeats=400, seed=1):
    rng = np.random.default_rng(seed)
    bounds = np.array([interval(draw(rng)) for _ in range(repeats)])
    return np.mean((bounds[:, 0] <= truth) & (truth <= bounds[:, 1]))


@given(st.integers(0, 200), st.integers(0, 200))
def test_wilson_is_its_closed_form(successes, failures):
    n = successes + failures
    low, high = statistics.wilson_interval(successes, n)
    if n == 0:
        assert np.isnan([low, high]).all()
        return
    z, p = stats.norm.ppf(0.975), successes / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    np.testing.assert_allclose([low, high], [centre - half, centre + half], atol=1e-12)


def test_auc_variance_is_delongs():
    # DeLong's structural components written out pair by pair.
    rng = np.random.default_rng(5)
    positive, negative = rng.integers(2, 9, 31) / 8, rng.integers(0, 7, 23) / 8
    order = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    area = order.mean()
    error = np.sqrt(order.mean(1).var(ddof=1) / 31 + order.mean(0).var(ddof=1) / 23)
    half = stats.norm.ppf(0.975) * error / (area * (1 - area))
    expected = 1 / (1 + np.exp(-(np.log(area / (1 - area)) + np.array([-half, half]))))
    labels = np.repeat([True, False], [31, 23])
    points = scores.operating_points(labels, np.concatenate([positive, negative]))
    np.testing.assert_allclose(scores.auc_interval(points), expected, rtol=1e-12)


def test_auc_interval_counts_windows_without_a_score_as_ties():
    labels = np.array([True, True, True, False, False, False])
    values = np.array([3.0, 1.0, np.nan, 2.0, np.nan, np.nan])
    lowest = np.where(np.isnan(values), -9.0, values)
    expected = scores.auc_interval(scores.operating_points(labels, lowest))
    assert scores.auc_interval(scores.operating_points(labels, values)) == expected


@pytest.mark.parametrize("separation", [0.0, 1.0, 2.5])
def test_auc_interval_holds_the_truth(separation):
    labels = np.repeat([True, False], [60, 80])
    truth = stats.norm.cdf(separation / np.sqrt(2))

    def interval(values):
        return scores.auc_interval(scores.operating_points(labels, values))

    assert 0.92 <= coverage(lambda rng: rng.normal(labels * separation), interval, truth) <= 0.985


def test_perfect_separation_is_not_certainty():
    points = scores.operating_points(np.repeat([True, False], [20, 500]), np.repeat([1.0, 0.0], [20, 500]))
    low, high = scores.auc_interval(points)
    assert (low, high) == statistics.wilson_interval(20, 20)
    assert 0.8 < low < 0.9
    assert high == 1.0
    assert np.isnan(scores.auc_interval(scores.operating_points(np.array([True, False]), np.array([1.0, 0.0])))).all()


@pytest.mark.parametrize("cells", [[0.45, 0.05, 0.05, 0.45], [0.05, 0.02, 0.03, 0.9], [0.25, 0.25, 0.25, 0.25]])
def test_f1_and_mcc_intervals_hold_the_truth(cells):
    truth = scores.Confusion(*np.array(cells))
    for name in ("f1", "mcc"):
        formula = scores.AT_THRESHOLD[name]
        held = coverage(
            lambda rng: scores.Confusion(*rng.multinomial(300, cells)),
            formula.interval,
            float(formula.value(truth)),
            repeats=300,
        )
        assert 0.91 <= held <= 0.985, name


def test_f1_interval_is_that_of_a_long_bootstrap():
    counts = np.array([180, 25, 30, 400])
    draws = np.random.default_rng(0).multinomial(counts.sum(), counts / counts.sum(), 200_000)
    expected = np.quantile(scores.f1(scores.Confusion(*draws.T)), [0.025, 0.975])
    np.testing.assert_allclose(statistics.f1_interval(180, 25, 30), expected, atol=0.006)
    expected = np.quantile(scores.mcc(scores.Confusion(*draws.T)), [0.025, 0.975])
    np.testing.assert_allclose(statistics.mcc_interval(*counts), expected, atol=0.006)


def test_perfect_tables_have_an_interval_that_holds_their_value():
    low, high = statistics.mcc_interval(30, 0, 0, 30)
    assert 0.7 < low < 0.95
    assert high == 1.0
    low, high = statistics.f1_interval(30, 0, 0)
    assert 0.9 < low < 1.0
    assert high == pytest.approx(1.0)
    assert statistics.mcc_interval(0, 30, 30, 0)[0] == -1.0
    assert np.isnan(statistics.mcc_interval(3, 0, 2, 0)).all()


def test_mcc_interval_is_the_same_on_every_call():
    assert statistics.mcc_interval(50, 5, 7, 90) == statistics.mcc_interval(50, 5, 7, 90)


LAPLACE = stats.laplace(loc=0.3, scale=0.2)


@pytest.mark.parametrize(
    ("interval", "truth"),
    [
        (statistics.mean_interval, 0.3),
        (statistics.median_interval, 0.3),
        (lambda x: statistics.rms_interval(x - x.mean()), 0.2 * np.sqrt(2)),
        (statistics.rms_interval, np.sqrt(0.3**2 + 2 * 0.2**2)),
        (lambda x: statistics.absolute_mean_interval(x - np.median(x)), 0.2),
        # E|x| of a Laplace variable about 0: loc + scale exp(-loc / scale).
        (statistics.absolute_mean_interval, 0.3 + 0.2 * np.exp(-1.5)),
    ],
    ids=["mean", "median", "std", "rmse", "laplace scale", "mae"],
)
def test_intervals_of_residuals_hold_the_truth(interval, truth):
    held = coverage(lambda rng: LAPLACE.rvs(200, random_state=rng), interval, truth)
    assert 0.91 <= held <= 0.985


def test_mean_interval_is_students():
    values = np.array([0.1, 0.4, -0.2, 0.3])
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    np.testing.assert_allclose(statistics.mean_interval(values), expected)


def test_laplace_scale_interval_has_its_textbook_width():
    values = LAPLACE.rvs(100_000, random_state=0) - 0.3
    low, high = statistics.absolute_mean_interval(values)
    assert (high - low) / 2 == pytest.approx(statistics.Z * 0.2 / np.sqrt(100_000), rel=0.02)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_values_have_no_interval(n):
    values = np.full(n, 0.5)
    for interval in (
        statistics.mean_interval,
        statistics.median_interval,
        statistics.absolute_mean_interval,
        statistics.rms_interval,
    ):
        assert np.isnan(interval(values)).all()


def test_median_needs_six_values():
    assert np.isnan(statistics.median_interval(np.arange(5.0))).all()
    # Both extremes of six: they miss the median with probability 2 / 64.
    assert statistics.median_interval(np.arange(6.0)) == (0.0, 5.0)


def test_identical_values_have_no_spread():
    zeros = np.zeros(10)
    assert statistics.rms_interval(zeros) == (0.0, 0.0)
    assert statistics.absolute_mean_interval(zeros) == (0.0, 0.0)
    assert statistics.mean_interval(zeros) == (0.0, 0.0)
