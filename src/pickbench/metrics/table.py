"""The long table of results: its columns, and the files that hold it.

metrics.csv is for people and other programs, metrics.parquet for this one; both hold the same rows in the same order,
and both are byte for byte the same for the same numbers. Everything shown anywhere is read from here or from the
prediction files.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from pickbench.errors import InputError
from pickbench.files import checked, replacing
from pickbench.metrics.registry import METRICS

COLUMNS: dict[str, str] = {
    "model": "str",
    "source": "str",
    "target": "str",
    "task": "int64",
    "phase": "str",
    "split": "str",
    "lr": "str",
    "seed": "int64",
    "metric": "str",
    "value": "float64",
    "ci_low": "float64",
    "ci_high": "float64",
    "n": "int64",
    "threshold": "float64",
    "threshold_from": "str",
}

KEY = ["model", "source", "target", "seed", "task", "phase", "split", "metric", "threshold_from"]


def as_table(rows: Iterable[dict]) -> pd.DataFrame:
    """Make a table with the columns, types and order of metrics.csv."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(COLUMNS)


def write_metrics(table: pd.DataFrame, path: str | Path) -> None:
    """Write a metrics table as Parquet or CSV, by the suffix of `path`; floats in full so that they read back."""
    with replacing(path, sealed=True) as temporary:
        if temporary.suffix == ".parquet":
            table.to_parquet(temporary, index=False)
        else:
            table.to_csv(temporary, index=False, lineterminator="\n")


def read_metrics(path: str | Path, columns: Mapping[str, str] = COLUMNS) -> pd.DataFrame:
    """Read a metrics table from Parquet or CSV, by the suffix of `path`.

    Parameters
    ----------
    path
        The file.
    columns
        The columns that it has to have, with their types.

    Raises
    ------
    InputError
        If the file is not such a table, or not as it was written.
    """
    path = checked(path)
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, columns)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a metrics table: {error}") from error
    if list(table.columns) != list(columns):
        raise InputError(f"{path}: columns {', '.join(table.columns)}; a metrics table has {', '.join(columns)}")
    return table.astype(columns)


def collect(files: Iterable[str | Path], csv: str | Path, parquet: str | Path) -> pd.DataFrame:
    """Join the metrics files of all pickers into one sorted table, written as CSV and as Parquet.

    Parameters
    ----------
    files
        Metrics tables, in any order.
    csv, parquet
        The files to write.

    Raises
    ------
    InputError
        If two files hold the same result.
    """
    table = join(files)
    write_metrics(table, csv)
    write_metrics(table, parquet)
    return table


def join(
    files: Iterable[str | Path], columns: Mapping[str, str] = COLUMNS, key: Sequence[str] = tuple(KEY)
) -> pd.DataFrame:
    """Join metrics files into one sorted table.

    Parameters
    ----------
    files
        Metrics tables, in any order.
    columns
        The columns that they have, with their types.
    key
        Those of them that tell results apart, in the order to sort by.

    Raises
    ------
    InputError
        If two files hold the same result.
    """
    key = list(key)
    parts = [read_metrics(file, columns).assign(file=str(file)) for file in files]
    table = pd.concat([pd.DataFrame(columns=list(columns)).astype(columns), *parts], ignore_index=True)
    twice = table[table.duplicated(key, keep=False)].sort_values(key)
    if len(twice):
        first, second = twice.iloc[0], twice.iloc[1]
        raise InputError(
            f"{second.file}: {first.metric} ({first.split}) of {first.model}/{first.source}/seed{first.seed} on"
            f" {first.target} is in {first.file} already; each result must come from one file"
        )
    # Metrics stand in the order of the registry, which is that of the tables; all else alphabetically.
    rank = {name: place for place, name in enumerate(METRICS)}
    table = table.sort_values(
        key, key=lambda column: column.map(rank) if column.name == "metric" else column, ignore_index=True
    )
    return table[list(columns)].astype(columns)


def _read_csv(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    # An empty text is a value here (no phase, no learning rate), an empty number is NaN.
    numbers = {name: [""] for name, kind in columns.items() if kind == "float64"}
    return pd.read_csv(path, dtype=columns, keep_default_na=False, na_values=numbers, float_precision="round_trip")
