"""The table of examples: which windows figures show, which rule chose them, and how far each model was off."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from pickbench.examples.choice import missing
from pickbench.examples.files import COLUMNS, read_example_table
from pickbench.tables.content import format_number
from pickbench.tables.formats import Matrix, Page, columns_of_text, row_of_text, write_page

NAME = "examples"
HEADINGS = ["Trace", "Station", "Window (samples)", "Label (sample)", "Median absolute residual (s)"]
NOTES = [
    "Windows of the test split, chosen by rule from the residuals of the models that are shown. Median: the one whose "
    "median over models of absolute residuals is the median of that over all windows. Worst: the one where it is "
    "largest. Label outlier: of the windows where most models agree with each other and not with the label (three "
    "quarters of the picks, and at least two, are no outliers by each other and all are outliers by the label), the "
    "one where the median of these picks is furthest from the label; it has to be half a second from the edges.",
    "Columns of models hold their residuals (pick minus label) in seconds; an en dash where a model has not picked.",
]


def write_example_table(
    csvs: Iterable[str | Path],
    names: Mapping[str, Mapping[tuple[str, str], str]],
    datasets: Mapping[str, Mapping],
    stem: Path,
) -> None:
    """Write the table as CSV with ids and numbers in full, as TeX and as HTML.

    Parameters
    ----------
    csvs
        What `pickbench.examples.files.write_examples` wrote of each dataset.
    names
        Dataset id -> (model, source) -> what to call it.
    datasets
        Dataset id -> {"title": ..., "region": ...}, in the order of `csvs`.
    stem
        Path of the files without their suffix.

    Raises
    ------
    InputError
        When a file cannot be read.
    """
    tables = [read_example_table(csv) for csv in csvs]
    matrices, notes = [], list(NOTES)
    for (dataset, titles), table in zip(names.items(), tables, strict=True):
        about = datasets[dataset]
        notes += [f"{about['title']}: {line}" for line in missing(table)]
        if len(table):
            matrices.append(_matrix(table, titles, f"{about['title']} ({about['region']})"))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    write_page(table, Page("Example windows", matrices, notes), stem)


def _matrix(table: pd.DataFrame, titles: Mapping[tuple[str, str], str], caption: str) -> Matrix:
    """The examples of one dataset, a row each."""
    rows = []
    for _, part in table.groupby("example", sort=False):
        first = part.iloc[0]
        residuals = part.set_index(["model", "source"])["residual_s"]
        texts = [
            f"{first['trace_name']} {first['trace_chunk']}".strip(),
            first["station"],
            f"{first['start_sample']} to {first['end_sample']}",
            f"{first['label_sample']:.1f}",
            format_number(first["median_error_s"]),
            *(format_number(residuals.get(picker, float("nan"))) for picker in titles),
        ]
        rows.append(row_of_text(f"{first['phase']}: {first['rule']}", texts))
    return Matrix(caption, "", "Phase: rule", columns_of_text(*HEADINGS, *titles.values()), rows)
