"""The metrics of pickers at every rate, and the rate that suits best: chosen on the target's dev split, never on test.

A rate is chosen for each answer by itself, by the metric that also chooses its learning rate.
"""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from pickbench.metrics.cells import evaluate_picker
from pickbench.metrics.registry import ANSWERS, METRICS, Answer
from pickbench.metrics.table import COLUMNS, KEY, collect, read_collected

RATE_COLUMNS = {**COLUMNS, "rate_hz": "float64", "selected": "bool"}
RATE_KEY = [*KEY, "rate_hz"]


def evaluate_rates(
    folders: Mapping[float, Mapping[str, Path]], datasets: Mapping[str, Mapping], **picker: object
) -> pd.DataFrame:
    """Evaluate one picker on all its targets at all rates, and choose among the rates.

    Parameters
    ----------
    folders
        Rate (Hz) -> target id -> folder of its prediction files.
    datasets, picker
        As for `pickbench.metrics.cells.evaluate_picker`. The source's dev answers are those at its own rate, since
        that is where a user's threshold comes from.

    Returns
    -------
    DataFrame
        The rows of metrics.csv, with `rate_hz` and `selected`.
    """
    tables = [
        evaluate_picker(of_rate, datasets, **picker).assign(rate_hz=float(rate_hz))
        for rate_hz, of_rate in folders.items()
    ]
    return choose(pd.concat(tables, ignore_index=True))


def choose(table: pd.DataFrame) -> pd.DataFrame:
    """Mark the rows of the rate that is best on dev, for each target and answer of a picker.

    Parameters
    ----------
    table
        Rows of metrics.csv of one picker with `rate_hz`.

    Returns
    -------
    DataFrame
        The same with `selected`, in the types of `RATE_COLUMNS`. Where there is nothing on dev to choose by, no row is.
    """
    selected = pd.Series(False, index=table.index)
    for answer in ANSWERS.values():
        of_answer = table[(table["task"] == answer.task) & (table["phase"] == answer.phase)]
        for _, rows in of_answer.groupby("target"):
            selected[rows.index] = rows["rate_hz"] == _best_rate(rows, answer)
    return table.assign(selected=selected)[list(RATE_COLUMNS)].astype(RATE_COLUMNS)


def _best_rate(rows: pd.DataFrame, answer: Answer) -> float:
    """The best rate (Hz) on dev, of equally good ones the nearest to the data's own; NaN without a value."""
    on_dev = rows[(rows["split"] == "dev") & (rows["metric"] == answer.select_by)]
    # The learning rate is chosen by the best MCC over all thresholds, which is the one at dev's own.
    on_dev = on_dev[on_dev["threshold_from"] != "source"]
    values = on_dev.set_index("rate_hz")["value"].dropna().sort_index(ascending=False)
    if values.empty:
        return math.nan
    return float(values.idxmax() if METRICS[answer.select_by].best == "higher" else values.idxmin())


def read_rates(csv: str | Path, parquet: str | Path) -> pd.DataFrame:
    """Read what `collect_rates` wrote.

    Raises
    ------
    InputError
        If a file is not a metrics table with `rate_hz` and `selected`, or both are not the same any more.
    """
    return read_collected(csv, parquet, RATE_COLUMNS, RATE_KEY)


def collect_rates(files: Iterable[str | Path], csv: str | Path, parquet: str | Path) -> None:
    """Join the metrics of all pickers at all rates into one sorted table, written as CSV and as Parquet.

    Raises
    ------
    InputError
        If two files hold the same result.
    """
    collect(files, csv, parquet, RATE_COLUMNS, RATE_KEY)
