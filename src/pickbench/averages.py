"""Averages over models of matrices across domains, as tables and figures show them.

Not every model has every cell, so that two cells of an average may be about other models; and a cell of few windows
says who was lucky. An average therefore knows of each cell how many models it stands on, and leaves out columns of few
windows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pickbench.protocol import FEWEST_WINDOWS


@dataclass(frozen=True)
class Average:
    """The average of the matrices of several models.

    Attributes
    ----------
    values
        Sources by targets; NaN where no model has the cell, or the target has too few windows.
    models
        Likewise, the number of models that have the cell.
    most
        Number of models that have any cell at all.
    """

    values: pd.DataFrame
    models: pd.DataFrame
    most: int

    @property
    def mixed(self) -> pd.DataFrame:
        """Which cells lack a model that others have."""
        return (self.models > 0) & (self.models < self.most)


def average(matrices: Sequence[pd.DataFrame], windows: Mapping[str, int] | pd.Series) -> Average:
    """Average matrices cell by cell, over those that have it.

    Parameters
    ----------
    matrices
        Sources by targets of every model, all with the same rows and columns.
    windows
        Number of test windows by target; of one that is left out it is not known, and taken for enough.
    """
    few = few_windows(windows)
    counted = [matrix.mask(matrix.columns.isin(few)[None, :].repeat(len(matrix), axis=0)) for matrix in matrices]
    together = pd.concat(counted, keys=range(len(counted))).groupby(level=1, sort=False)
    most = sum(bool(matrix.notna().any(axis=None)) for matrix in counted)
    return Average(together.mean(), together.count(), most)


def few_windows(windows: Mapping[str, int] | pd.Series) -> set[str]:
    """The targets of fewer than `FEWEST_WINDOWS` windows, of those whose number is known."""
    return {target for target, number in windows.items() if number < FEWEST_WINDOWS}
