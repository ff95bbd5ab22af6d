"""Reading tables that others wrote, without pandas' tolerance for rows with a field too many."""

import warnings
from collections.abc import Callable

import pandas as pd


def strictly(read: Callable, *args: object, **options: object) -> object:
    """Call pandas' reader of tables, or go on reading, without its tolerance for a field too many.

    It would read such rows with their values in the wrong columns.

    Parameters
    ----------
    read
        `pandas.read_csv`, to be given `index_col=False`, or `next`.
    args, options
        What to give it.

    Raises
    ------
    ValueError
        For rows with more fields than the table has columns, besides what the reader raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return read(*args, **options)
        except pd.errors.ParserWarning:
            why = "rows have more fields than there are columns; a text with a comma in it has to stand in quotes"
            raise ValueError(why) from None
