"""Scores against scikit-learn, brute force and hand counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from pickbench.metrics import scores

# Few distinct values, so that ties are the rule; infinities as a quotient of probabilities gives them.
VALUES = st.sampled_from([-np.inf, -1.0, 0.0, 0.25, 0.5, 0.999, 1.0, 7.0, np.inf])
WITH_NAN = st.one_of(VALUES, st.just(np.nan))


def windows(values=VALUES, min_size=2):
    return st.lists(st.tuples(st.booleans(), values), min_size=min_size, max_size=60)


def unzip(pairs):
    labels = np.array([label for label, _ in pairs], bool)
    return labels, np.array([value for _, value in pairs], float)


def ranks(values):
    """The same order in finite numbers, as scikit-learn needs them: NaN below everything."""
    levels = np.unique(values[~np.isnan(values)])
    return np.where(np.isnan(values), -1, np.searchsorted(levels, values))


@given(windows(WITH_NAN))
def test_auc_and_rates_are_those_of_scikit_learn(pairs):
    labels, values = unzip(pairs)
    points = scores.operating_points(labels, values)
    if labels.all() or not labels.any():
        assert np.isnan(scores.auc(points))
        assert np.isnan(scores.tpr_at_fpr(points, 0.05))
        return
    assert scores.auc(points) == pytest.approx(reference.roc_auc_score(labels, ranks(values)), abs=1e-12)
    fpr, tpr, at = reference.roc_curve(labels, ranks(values), drop_intermediate=False)
    for limit in (0.01, 0.05, 0.5):
        # Windows without a score (rank -1) are never positive, so no threshold lies there.
        attainable = tpr[(fpr <= limit) & (at >= 0)]
        assert scores.tpr_at_fpr(points, limit) == pytest.approx(attainable.max(initial=0.0), abs=1e-15)


@given(windows(WITH_NAN), st.one_of(VALUES, st.floats(-2, 8)))
def test_metrics_at_a_threshold_are_those_of_scikit_learn(pairs, threshold):
    labels, values = unzip(pairs)
    table = scores.confusion(labels, values, threshold)
    called = values >= threshold
    assert sum(table) == len(labels)
    undefined = {"zero_division": np.nan}
    expected_f1 = reference.f1_score(labels, called, **undefined)
    assert scores.f1(table) == pytest.approx(expected_f1, abs=1e-12, nan_ok=True)
    expected_precision = reference.precision_score(labels, called, **undefined)
    assert scores.precision(table) == pytest.approx(expected_precision, abs=1e-12, nan_ok=True)
    expected_recall = reference.recall_score(labels, called, **undefined)
    assert scores.recall(table) == pytest.approx(expected_recall, abs=1e-12, nan_ok=True)
    if labels.all() or not labels.any():
        assert np.isnan(scores.mcc(table))
    else:
        expected = reference.matthews_corrcoef(labels, called)
        assert scores.mcc(table) == pytest.approx(expected, abs=1e-12)


@given(windows(WITH_NAN))
@settings(max_examples=60)
def test_best_threshold_beats_every_other(pairs):
    labels, values = unzip(pairs)
    points = scores.operating_points(labels, values)
    judges = {"f1": reference.f1_score, "mcc": reference.matthews_corrcoef}
    candidates = np.unique(values[~np.isnan(values)])
    for criterion, judge in judges.items():
        threshold = scores.best_threshold(points, criterion)
        if labels.all() or not labels.any() or len(candidates) == 0:
            assert np.isnan(threshold)
            continue
        brute = {float(c): judge(labels, values >= c) for c in candidates}
        assert threshold in brute
        assert brute[threshold] == pytest.approx(max(brute.values()), abs=1e-12)


def test_best_mcc_on_continuous_scores_matches_brute_force():
    rng = np.random.default_rng(3)
    labels = rng.random(400) < 0.3
    values = rng.normal(labels * 1.2)
    found = scores.best_threshold(scores.operating_points(labels, values), "mcc")
    brute = max(np.sort(values), key=lambda c: reference.matthews_corrcoef(labels, values >= c))
    assert found == brute


def test_equally_good_thresholds_give_the_highest():
    labels = np.array([True, False, True, False])
    values = np.array([4.0, 3.0, 2.0, 1.0])
    # MCC at 4: tp 1, fp 0, fn 1, tn 2 -> 2 / sqrt(12); at 2: tp 2, fp 1, fn 0, tn 1 -> the same.
    points = scores.operating_points(labels, values)
    np.testing.assert_allclose(scores.mcc(points.confusion), [2 / np.sqrt(12), 0, 2 / np.sqrt(12), 0])
    assert scores.best_threshold(points, "mcc") == 4.0


def test_saturated_scores_survive_their_own_threshold():
    # The published code chose with >= and applied with >: F1 fell from 1 to 0 when all positives scored exactly 1.
    labels = np.repeat([True, False], [50, 50])
    values = np.where(labels, 1.0, 0.2)
    for criterion in ("f1", "mcc"):
        threshold = scores.best_threshold(scores.operating_points(labels, values), criterion)
        assert threshold == 1.0
        table = scores.confusion(labels, values, threshold)
        assert table == (50, 0, 0, 50)
        assert scores.AT_THRESHOLD[criterion].value(table) == 1.0


def test_infinite_scores_can_be_the_threshold():
    labels = np.array([True, True, False, False])
    values = np.array([np.inf, np.inf, 3.0, 0.0])
    points = scores.operating_points(labels, values)
    assert scores.auc(points) == 1.0
    assert scores.best_threshold(points, "mcc") == np.inf
    assert scores.mcc(scores.confusion(labels, values, np.inf)) == 1.0


def test_nan_ranks_below_minus_infinity_and_is_never_positive():
    labels = np.array([True, False])
    values = np.array([-np.inf, np.nan])
    points = scores.operating_points(labels, values)
    assert scores.auc(points) == 1.0
    assert scores.confusion(labels, values, -np.inf) == (1, 0, 0, 1)
    unscored = scores.operating_points(labels, np.full(2, np.nan))
    assert scores.auc(unscored) == 0.5
    assert np.isnan(scores.best_threshold(unscored, "f1"))


def test_hand_counted_table():
    labels = np.array([True] * 5 + [False] * 5)
    values = np.array([0.9, 0.8, 0.7, 0.3, 0.1, 0.75, 0.2, 0.2, 0.1, 0.0])
    table = scores.confusion(labels, values, 0.7)
    assert table == (3, 1, 2, 4)
    assert scores.precision(table) == 0.75
    assert scores.recall(table) == 0.6
    assert scores.f1(table) == pytest.approx(2 / 3)
    assert scores.mcc(table) == pytest.approx((3 * 4 - 1 * 2) / np.sqrt(4 * 5 * 5 * 6))
    points = scores.operating_points(labels, values)
    assert scores.auc(points) == (5 + 5 + 4 + 4 + 1.5) / 25
    assert scores.tpr_at_fpr(points, 0.05) == 0.4
    assert scores.tpr_at_fpr(points, 0.2) == 0.8


def test_a_false_positive_rate_of_exactly_the_limit_is_allowed():
    labels = np.repeat([False, True], [100, 10])
    values = np.concatenate([[0.9], np.zeros(99), np.full(10, 0.5)])
    assert scores.tpr_at_fpr(scores.operating_points(labels, values), 0.01) == 1.0
    assert scores.tpr_at_fpr(scores.operating_points(labels[1:], values[1:]), 0.01) == 1.0


def test_no_windows():
    points = scores.operating_points(np.array([], bool), np.array([]))
    assert np.isnan(scores.auc(points))
    assert np.isnan(scores.best_threshold(points, "f1"))
    assert np.isnan(scores.f1(scores.confusion(np.array([], bool), np.array([]), 0.5)))


def test_large_tables_stay_exact():
    # 3e6 windows of each class: the product of the four margins is 4e25, beyond 64-bit integers.
    assert scores.mcc(scores.Confusion(3_000_000, 0, 0, 3_000_000)) == 1.0
    assert scores.mcc(scores.Confusion(0, 3_000_000, 3_000_000, 0)) == -1.0
