"""Averages over models: what counts, and what is said of cells that other models stand behind."""

import numpy as np
import pandas as pd

from pickbench.averages import average, few_windows


def frame(values):
    return pd.DataFrame(values, ["z", "a"], ["t", "u"], dtype=float)


def test_cells_are_averaged_over_the_models_that_have_them():
    first, second = frame([[1, 2], [np.nan, 4]]), frame([[3, np.nan], [np.nan, 6]])
    of_all = average([first, second, frame(np.full((2, 2), np.nan))], {})
    np.testing.assert_array_equal(of_all.values, [[2, 2], [np.nan, 5]])
    np.testing.assert_array_equal(of_all.models, [[2, 1], [0, 2]])
    assert of_all.most == 2
    np.testing.assert_array_equal(of_all.mixed, [[False, True], [False, False]])


def test_the_order_of_rows_outlives_the_average():
    assert list(average([frame([[1, 2], [3, 4]])] * 2, {}).values.index) == ["z", "a"]


def test_columns_of_fewer_than_ten_windows_are_in_no_average():
    windows = {"t": 9, "u": 10}
    of_all = average([frame([[1, 2], [3, 4]])], windows)
    np.testing.assert_array_equal(of_all.values, [[np.nan, 2], [np.nan, 4]])
    assert of_all.models["t"].sum() == 0 and set(few_windows(windows)) == {"t"}
    # A model that has nothing else does not count.
    assert average([frame([[1, np.nan], [3, np.nan]]), frame([[1, 2], [3, 4]])], windows).most == 1


def test_equal_numbers_of_other_models_are_mixed_too():
    of_all = average([frame([[1, np.nan], [1, 1]]), frame([[np.nan, 2], [2, 2]])], {})
    np.testing.assert_array_equal(of_all.mixed, [[True, True], [False, False]])
