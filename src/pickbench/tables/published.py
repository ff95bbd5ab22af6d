"""The table that sets published figures beside ours, where the same model was run on the same dataset.

A simulated twin is never compared. What is published is in resources/published.csv; resources/README.md says how far it
can be trusted.
"""

from collections.abc import Collection, Mapping
from math import inf, isfinite
from pathlib import Path

import numpy as np
import pandas as pd

from pickbench.errors import InputError
from pickbench.messages import suggestion
from pickbench.metrics.registry import METRICS
from pickbench.strictly import strictly
from pickbench.tables.formats import EN_DASH, MINUS, Matrix, Page, columns_of_text, row_of_text, write_page

NAME = "published"
# What is published, in the repository.
FIGURES_FILE = "resources/published.csv"
PUBLISHED_COLUMNS = ["dataset", "model", "metric", "phase", "value", "reading_error", "trust", "source"]
# What a figure is of.
KEY = PUBLISHED_COLUMNS[:4]
COLUMNS = [
    *KEY, "ours", "ci_low", "ci_high", "n", "published", "reading_error", "difference", "trust",
    "source",
]  # fmt: skip
TRUST = {
    "PREPUB": "a notebook of the paper's authors from before publication, on other evaluation windows",
    "SEED": "a summary of the paper that was not checked against it",
    "FIGURE": "later work on the published windows, read off a figure",
}
NOTES = [
    "In-domain, test split, with our 95 % interval, thresholds from dev. The published tables were not at hand; trust"
    f" is one of {'; '.join(f'{name}, {meaning}' for name, meaning in TRUST.items())}.",
    "Other windows, weights and splits make for differences that no interval knows of. Twins are not compared.",
]
NOTHING_NOTE = (
    "Nothing to compare: no model that ran here on its own dataset has a published figure for it in"
    " resources/published.csv. Simulated twins are never compared."
)


def read_published(
    path: str | Path, models: Collection[str] | None = None, datasets: Collection[str] | None = None
) -> pd.DataFrame:
    """Read published figures.

    Parameters
    ----------
    path
        CSV file.
    models, datasets
        The ids that there are, in a run or not: a figure of another one would never be shown. None takes all.

    Raises
    ------
    InputError
        When it is no such table, names an unknown dataset, model, metric or degree of trust, has a phase or a value
        that the metric cannot have, or two values for one figure.
    """
    try:
        table = strictly(pd.read_csv, path, dtype=str, keep_default_na=False, index_col=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a table of published figures: {error}") from None
    if list(table.columns) != PUBLISHED_COLUMNS:
        raise InputError(f"{path}: columns {', '.join(table.columns)}, expected {', '.join(PUBLISHED_COLUMNS)}")

    def refuse(wrong: pd.Series, column: str, expected: str) -> None:
        if wrong.any():
            line, value = wrong.idxmax() + 2, table.loc[wrong.idxmax(), column]
            raise InputError(f"{path}, line {line}: {column} is {value!r}{expected}")

    known = {"dataset": datasets, "model": models, "metric": METRICS, "trust": TRUST}
    for column, names in known.items():
        if names is not None:
            unknown = ~table[column].isin(list(names))
            value = table.loc[unknown.idxmax(), column] if unknown.any() else ""
            refuse(unknown, column, f", unknown{suggestion(value, names)}")
    numbers = table[["value", "reading_error"]].apply(pd.to_numeric, errors="coerce")
    refuse(~np.isfinite(numbers["value"]), "value", ", expected a number")
    missing = table["reading_error"] == ""
    possible = numbers["reading_error"].between(0, inf, inclusive="left")
    refuse(~possible & ~missing, "reading_error", ", expected a number of at least 0")
    for metric in METRICS.values():
        its, phases = table["metric"] == metric.name, " or ".join(metric.phases) or "none"
        refuse(its & ~table["phase"].isin(metric.phases), "phase", f", expected {phases} for {metric.name}")
        low, high = metric.least, metric.most
        limits = f"from {low:g} to {high:g}" if isfinite(high) else f"of at least {low:g}"
        outside = ~numbers["value"].between(low, high)
        refuse(its & outside, "value", f", expected a number {limits} for {metric.name}")
    refuse(table.duplicated([*KEY, "trust"]), "metric", ", but an earlier line has the same figure of the same trust")
    return table.assign(**numbers)


def published_table(metrics: pd.DataFrame, published: pd.DataFrame, datasets: Mapping[str, Mapping]) -> pd.DataFrame:
    """Set published figures beside ours.

    Parameters
    ----------
    metrics
        The long table of results.
    published
        What `read_published` gives.
    datasets
        Id -> {"twin_of": id or None, "simulated": bool}.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row for each published figure that has a counterpart; ours is the mean over seeds.
    """
    real = [name for name, about in datasets.items() if not about["twin_of"] and not about["simulated"]]
    in_domain = (metrics["source"] == metrics["target"]) & metrics["target"].isin(real)
    ours = metrics[in_domain & (metrics["split"] == "test") & (metrics["threshold_from"] != "target")]
    ours = ours.rename(columns={"target": "dataset", "value": "ours"}).dropna(subset="ours")
    ours = ours.groupby(KEY, as_index=False)[["ours", "ci_low", "ci_high", "n"]].mean().astype({"n": int})
    table = published.rename(columns={"value": "published"}).merge(ours, on=KEY, how="inner")
    table["difference"] = table["ours"] - table["published"]
    return table[COLUMNS]


def write_published(
    metrics: pd.DataFrame,
    published: str | Path,
    models: Mapping[str, Mapping],
    datasets: Mapping[str, Mapping],
    stem: Path,
    known: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Write the table as CSV, TeX and HTML.

    Parameters
    ----------
    metrics, datasets
        As for `published_table`; datasets with their "title".
    published
        CSV file of published figures.
    models
        Id -> {"title": ...}.
    stem
        Path of the files without their suffix.
    known
        The `models` and `datasets` that published figures may name (`read_published`).
    """
    table = published_table(metrics, read_published(published, **(known or {})), datasets)
    columns = columns_of_text("Ours", "95 % interval", "Windows", "Published", "Difference", "Trust")
    matrices = []
    for (name, phase), part in table.groupby(["metric", "phase"], sort=False):
        metric, of_phase = METRICS[name], f" of {phase}" if phase else ""
        caption = f"{metric.title}{of_phase}{f' ({metric.unit})' if metric.unit else ''}"
        rows = []
        for row in part.to_dict("records"):
            error = "" if pd.isna(row["reading_error"]) else f" \N{PLUS-MINUS SIGN} {row['reading_error']:g}"
            interval = f"{_number(row['ci_low'])} to {_number(row['ci_high'])}"
            difference = f"{'+' if row['difference'] > 0 else ''}{_number(row['difference'])}"
            texts = (_number(row["ours"]), interval, str(row["n"]), f"{row['published']:g}{error}", difference)
            title = f"{datasets[row['dataset']]['title']}: {models[row['model']]['title']}"
            rows.append(row_of_text(title, [*(text.replace("-", MINUS) for text in texts), row["trust"]]))
        matrices.append(Matrix(caption, "", "Dataset: model", columns, rows))
    page = Page("Published figures and ours", matrices, NOTES if matrices else [NOTHING_NOTE])
    write_page(table, page, stem)


def _number(value: float) -> str:
    return EN_DASH if pd.isna(value) else f"{round(value, 3) + 0.0:.3f}"
