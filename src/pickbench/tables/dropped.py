"""The table of what became of each dataset's traces: how many were read, left out by reason, mended, used and split.

It is read from what prepare, split and windows have left: dropped.json, split_report.json, and the reports of published
windows that were taken over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pickbench.data.reasons import in_words
from pickbench.data.split import SPLITS
from pickbench.files import read_json
from pickbench.tables.formats import EN_DASH, Column, Matrix, Page, columns_of_text, row_of_text, write_page

NAME = "dropped"
COLUMNS = ["dataset", "part", "name", "count", "share", "examples"]
EXAMPLES = 3
TRACES, LEFT_OUT, MENDED, SPLIT, SHARED, WINDOWS = "traces", "left out", "mended", "split", "shared", "windows left out"
MODES = {"own": "its own", "by-event": "made here, by event"}
SHARED_BY = ("event", "station")
NOTES = [
    "A trace is left out for the first reason that holds. Left out and mended are shares of the traces read; names of"
    " all traces that were left out are in results/data/DATASET/dropped.json, numbers of this page in dropped.csv.",
    "A trace that is left out is in no split and no window; a mended one is used, and can be mended in several ways.",
    "What splits share: traces of test whose event or station is in train as well. A dataset's own split is kept, if it"
    " has one; a split made here tears no event apart.",
    f"{EN_DASH} not known.",
]


@dataclass(frozen=True)
class DatasetFiles:
    """What a prepared dataset says of itself.

    Attributes
    ----------
    dataset
        Id.
    dropped, split_report
        Files that split writes.
    windows
        Windows files; published ones have a report beside them.
    """

    dataset: str
    dropped: Path
    split_report: Path
    windows: Sequence[Path] = field(default_factory=tuple)


def dropped_table(datasets: Sequence[DatasetFiles]) -> pd.DataFrame:
    """Give one row a number, `COLUMNS`; shares are of the traces read, those of `shared` of the traces in test."""
    rows = []
    for files in datasets:
        account, report = read_json(files.dropped), read_json(files.split_report)
        for part, *numbers in (*_of_traces(account), *_of_splits(report), *_of_windows(files.windows)):
            rows.append(dict(zip(COLUMNS, (files.dataset, part, *numbers), strict=True)))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"count": "Int64"})


def write_dropped(datasets: Sequence[DatasetFiles], titles: Mapping[str, str], stem: Path) -> None:
    """Write the table as CSV, TeX and HTML.

    Parameters
    ----------
    datasets
        The files of each dataset, in the order of the rows.
    titles
        Title of each dataset.
    stem
        Path of the files without their suffix.
    """
    table = dropped_table(datasets)
    write_page(table, _page(table, {files.dataset: titles[files.dataset] for files in datasets}), stem)


def _of_traces(account: Mapping) -> Iterator[tuple]:
    read = account["traces_in"]
    numbers = {"expected": account.get("traces_expected"), "read": read, "used": account["traces_out"]}
    for name, count in numbers.items():
        yield TRACES, name, count, None, ""
    for part, key in ((LEFT_OUT, "dropped"), (MENDED, "mended")):
        for reason, count in account[key].items():
            examples = "; ".join(account["examples"].get(reason, [])[:EXAMPLES])
            yield part, reason, count, count / read if read else None, examples


def _of_splits(report: Mapping) -> Iterator[tuple]:
    for split in SPLITS:
        yield SPLIT, split, report["splits"].get(split, {}).get("traces", 0), None, report["mode"]
    for what in SHARED_BY:
        shared = report["shared"].get("train/test", {})
        count = shared.get(f"test_traces_with_train_{what}")
        yield SHARED, what, count, shared.get(f"test_share_with_train_{what}"), ""


def _of_windows(windows: Sequence[Path]) -> Iterator[tuple]:
    """Published windows that were not taken over; ours are drawn from what is there."""
    for path in map(Path, windows):
        report = path.with_name(f"{path.stem}_report.json")
        if report.exists():
            for reason, count in read_json(report)["left_out"].items():
                yield WINDOWS, f"{path.stem}: {reason}", count, None, ""


def _page(table: pd.DataFrame, titles: Mapping[str, str]) -> Page:
    matrices = [
        _traces(table, titles),
        _reasons(table, titles, LEFT_OUT, "Traces left out, by reason"),
        _reasons(table, titles, MENDED, "Traces mended, by reason"),
        _windows(table, titles),
        _splits(table, titles),
    ]
    out_of = set(table.loc[table["part"] == LEFT_OUT, "dataset"])
    whole = [title for dataset, title in titles.items() if dataset not in out_of]
    notes = [f"Nothing was left out of {', '.join(whole)}.", *NOTES] if whole else NOTES
    return Page("What was left out of each dataset", [matrix for matrix in matrices if matrix.rows], notes)


def _traces(table: pd.DataFrame, titles: Mapping[str, str]) -> Matrix:
    counts = table[table["part"] == TRACES].set_index(["dataset", "name"])["count"]
    left_out = table[table["part"] == LEFT_OUT].groupby("dataset")["count"].sum()
    rows = []
    for dataset, title in titles.items():
        expected, read, used = (counts[dataset, name] for name in ("expected", "read", "used"))
        rows.append(row_of_text(title, [_count(count) for count in (expected, read, left_out.get(dataset, 0), used)]))
    return Matrix("Traces", "", "Dataset", columns_of_text("Expected", "Read", "Left out", "Used"), rows)


def _reasons(table: pd.DataFrame, titles: Mapping[str, str], part: str, caption: str) -> Matrix:
    rows = [
        row_of_text(titles[row["dataset"]], [in_words(row["name"]), _counted(row), row["examples"]])
        for row in table[table["part"] == part].to_dict("records")
    ]
    columns = [Column("Reason", sentences=True), *columns_of_text("Traces"), Column("Such as", sentences=True)]
    return Matrix(caption, "", "Dataset", columns, rows)


def _windows(table: pd.DataFrame, titles: Mapping[str, str]) -> Matrix:
    rows = [
        row_of_text(titles[row["dataset"]], [row["name"], _count(row["count"])])
        for row in table[table["part"] == WINDOWS].to_dict("records")
    ]
    columns = [Column("Reason", sentences=True), *columns_of_text("Windows")]
    return Matrix("Published windows left out, by reason", "", "Dataset", columns, rows)


def _splits(table: pd.DataFrame, titles: Mapping[str, str]) -> Matrix:
    parts = table[table["part"].isin([SPLIT, SHARED])]
    numbers = {(row["dataset"], row["name"]): row for row in parts.to_dict("records")}
    rows = []
    for dataset, title in titles.items():
        mode = numbers[dataset, SPLITS[0]]["examples"]
        counts = [_counted(numbers[dataset, name]) for name in (*SPLITS, *SHARED_BY)]
        rows.append(row_of_text(title, [MODES.get(mode, mode), *counts]))
    columns = columns_of_text("Split", *SPLITS, *(f"Test with {what} of train" for what in SHARED_BY))
    return Matrix("Splits", "", "Dataset", columns, rows)


def _count(count: int | None) -> str:
    return EN_DASH if pd.isna(count) else f"{count:,}"


def _counted(row: Mapping) -> str:
    """A count, with its share where there is one."""
    share = "" if pd.isna(row["share"]) else f" ({row['share']:.1%})"
    return f"{_count(row['count'])}{share}"
