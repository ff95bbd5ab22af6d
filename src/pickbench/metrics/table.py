"""The long table of results: its columns, and the files that hold it.

metrics.csv is what is read, metrics.parquet a copy that says whether it is still whole; both hold the same rows in the
same order, and both are byte for byte the same for the same numbers. Everything shown anywhere is read from here or
from the prediction files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.errors import InputError, InputErrors
from pickbench.files import checked, remedy, replacing
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

EXPECTED = {"float64": "a number", "int64": "a whole number", "bool": "True or False"}
# Of rows at fault, so many are named.
SHOWN = 5
KEY = ["model", "source", "target", "seed", "task", "phase", "split", "metric", "threshold_from"]


def as_table(rows: Iterable[dict]) -> pd.DataFrame:
    """Make a table with the columns, types and order of metrics.csv."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(COLUMNS)


def write_metrics(table: pd.DataFrame, path: str | Path, *, sealed: bool = True) -> None:
    """Write a metrics table as Parquet or CSV, by the suffix of `path`; floats in full so that they read back."""
    with replacing(path, sealed=sealed) as temporary:
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
        raise InputError(f"{path}: not a metrics table ({error}); {remedy('it')}") from error
    if list(table.columns) != list(columns):
        raise InputError(f"{path}: columns {', '.join(table.columns)}; a metrics table has {', '.join(columns)}")
    return table.astype(columns)


def read_collected(
    csv: str | Path,
    parquet: str | Path,
    columns: Mapping[str, str] = COLUMNS,
    key: Sequence[str] = tuple(KEY),
) -> pd.DataFrame:
    """Read what `collect` wrote, after a look that no row and no value was lost or changed since.

    Parameters
    ----------
    csv, parquet
        The two files.
    columns
        The columns that they have, with their types.
    key
        Those of them that tell results apart.

    Raises
    ------
    InputErrors
        If a file is no such table, or the CSV file is not what was collected: the rows that differ, a few of them.
    """
    table, collected = read_metrics(csv, columns), read_metrics(parquet, columns)
    if table.equals(collected):
        return table
    faults = list(_differences(table, collected, list(key)))
    more = [f"{csv}: {len(faults) - SHOWN} more rows or values differ"] if len(faults) > SHOWN else []
    faults = faults or ["its rows have another order than they were collected in"]
    # A cache that was copied for figures and tables has nothing to collect from.
    whence = f", or delete {csv} to have it collected again" if Path(csv).with_name("metrics").is_dir() else ""
    says = f", as {parquet} says; copy both again{whence}"
    raise InputErrors([*(f"{csv}: {fault}{says}" for fault in faults[:SHOWN]), *more])


def collect(
    files: Iterable[str | Path],
    csv: str | Path,
    parquet: str | Path,
    columns: Mapping[str, str] = COLUMNS,
    key: Sequence[str] = tuple(KEY),
) -> pd.DataFrame:
    """Join the metrics files of all pickers into one sorted table, written as CSV and as Parquet.

    Parameters
    ----------
    files
        Metrics tables, in any order.
    csv, parquet
        The files to write.
    columns, key
        As for `join`.

    Raises
    ------
    InputError
        If two files hold the same result.
    """
    table = join(files, columns, key)
    # Each is the other's witness.
    write_metrics(table, csv, sealed=False)
    write_metrics(table, parquet, sealed=False)
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
    try:
        return pd.read_csv(path, dtype=columns, keep_default_na=False, na_values=numbers, float_precision="round_trip")
    except ValueError:
        _name_bad_value(path, columns)
        raise


def _name_bad_value(path: Path, columns: Mapping[str, str]) -> None:
    """Refuse the first value that is not of its column's type; pandas says neither where it stands nor in which."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in [name for name in columns if name in table and columns[name] != "str"]:
        values, kind = table[column], columns[column]
        if kind == "bool":
            bad = ~values.isin(["True", "False"])
        else:
            numbers = pd.to_numeric(values.replace("", "nan"), errors="coerce")
            bad = numbers.isna() & ~values.str.lower().isin(["", "nan"]) if kind == "float64" else numbers.mod(1) != 0
        if bad.any():
            place = int(bad.to_numpy().argmax())
            raise InputError(
                f"{path}: line {place + 2}, column {column} is {_shown(values[place])}, expected {EXPECTED[kind]}"
            )


def _differences(table: pd.DataFrame, collected: pd.DataFrame, key: list[str]) -> Iterator[str]:
    """In which rows and values a table that was read is not the one that was collected."""
    lines, whole = table.set_index(key).index, collected.set_index(key).index
    for place in np.flatnonzero(~whole.isin(lines)):
        yield f"{_result(collected.iloc[place])} is missing"
    for place in np.flatnonzero(lines.duplicated()):
        yield f"line {place + 2} has {_result(table.iloc[place])} again"
    for place, there in enumerate(whole.get_indexer(lines)):
        row = table.iloc[place]
        if there < 0:
            yield f"line {place + 2} has {_result(row)}, which was not collected"
            continue
        for column, wanted in collected.iloc[there].items():
            if row[column] != wanted and not (pd.isna(row[column]) and pd.isna(wanted)):
                found, was = _shown(row[column]), _shown(wanted)
                yield f"line {place + 2}, column {column} is {found}, but {was} was collected for {_result(row)}"


def _shown(value: object) -> str:
    """A value in a message."""
    if isinstance(value, str):
        return repr(value) if value else "empty"
    return "empty" if pd.isna(value) else f"{value}"


def _result(row: pd.Series) -> str:
    """A row in a message."""
    about = " ".join(filter(None, [row["metric"], row["phase"]]))
    at = f", threshold from the {row['threshold_from']}" if row["threshold_from"] else ""
    rate = f" at {row['rate_hz']:g} Hz" if "rate_hz" in row else ""
    return f"{about} ({row['split']}{at}) of {row['model']}/{row['source']}/seed{row['seed']} on {row['target']}{rate}"
