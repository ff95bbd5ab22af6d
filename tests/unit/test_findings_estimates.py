"""Averages and differences of cells: their values by hand, their errors as the worst that correlations allow."""

import numpy as np
import pandas as pd
import pytest

from pickbench.findings.estimates import average, contrast, difference

COLUMNS = ["model", "source", "target", "value", "error"]


def cells(*rows):
    return pd.DataFrame(rows, columns=COLUMNS).assign(failed="").astype({"value": float, "error": float})


def error_at(weights, errors, correlation):
    """Standard error of a weighted sum whose terms all have one correlation."""
    matrix = np.full((len(errors), len(errors)), correlation) + (1 - correlation) * np.eye(len(errors))
    terms = np.asarray(weights) * np.asarray(errors)
    return float(np.sqrt(terms @ matrix @ terms))


def test_errors_on_one_target_go_together_and_on_several_do_not():
    estimate = average(cells(("a", "x", "x", 1.0, 0.3), ("b", "x", "x", 3.0, 0.5), ("a", "y", "y", 4.0, 0.3)))
    assert estimate.value == 3.0 and estimate.cells == 3
    assert estimate.error == pytest.approx(np.hypot(0.4, 0.3) / 2)


def test_a_difference_is_over_the_pairs_that_both_have():
    first = cells(("a", "x", "x", 1.0, 0.3), ("b", "x", "x", 3.0, 0.5), ("a", "y", "y", 4.0, 0.3))
    pairs = difference(first, first.iloc[1:].assign(value=0.0), ["model", "target"])
    assert pairs.value == 3.5 and pairs.cells == 2
    # Each target's windows weigh half, and are the same for both sides: without correlation 2 x (w e)^2.
    assert pairs.error == pytest.approx(np.sqrt(2 * (0.25 * 0.25) + 2 * (0.25 * 0.09)))


def test_of_nothing_there_is_no_number():
    nothing = cells()
    some = cells(("a", "x", "x", 1.0, 0.3))
    for estimate in (average(nothing), difference(some, nothing, ["target"]), contrast(some, nothing)):
        assert estimate.cells == 0 or np.isnan(estimate.value)
    assert np.isnan(average(nothing).error) and average(some.assign(value=np.nan)).cells == 0


@pytest.mark.parametrize("seed", range(20))
def test_the_error_is_the_worst_of_all_common_correlations(seed):
    """Several models across domains, against the same models in-domain, on one target."""
    rng = np.random.default_rng(seed)
    errors, models, sources = rng.uniform(0.01, 1, 12), ["a", "b", "c"], ["u", "v", "w"]
    across = cells(*[(m, s, "x", 0.0, errors[3 * i + j]) for i, m in enumerate(models) for j, s in enumerate(sources)])
    at_home = cells(*[(m, "x", "x", 0.0, errors[9 + i]) for i, m in enumerate(models)])
    found = difference(across, at_home, ["model", "target"]).error
    weights = [1 / 9] * 9 + [-1 / 3] * 3
    possible = [error_at(weights, errors, correlation) for correlation in np.linspace(0, 1, 101)]
    assert found == pytest.approx(max(possible))


def test_many_cells_of_one_target_are_compared_more_surely_than_two():
    """Of equal errors, with k cells on either side, e sqrt(2 / k)."""
    sides = [cells(*[(f"m{i}", source, "x", 1.0, 0.3) for i in range(8)]) for source in "uv"]
    assert difference(*sides, ["model", "target"]).error == pytest.approx(0.3 / 2)
    # On other windows of the target, models still share those of their side.
    assert difference(*sides, ["model", "target"], same_windows=False).error == pytest.approx(0.3 * np.sqrt(2))


def test_failed_trainings_are_named_and_not_counted():
    table = cells(("a", "x", "x", 1.0, 0.3), ("b", "x", "x", np.nan, np.nan))
    table.loc[1, "failed"] = "b on x"
    for estimate in (average(table), difference(table, table, ["target"]), contrast(table, table)):
        assert estimate.without == ("b on x",)
    assert average(table).value == 1.0 and average(table.iloc[1:]).cells == 0
