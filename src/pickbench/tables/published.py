"""The table that sets published figures beside ours, where the same model was run on the same dataset.

A simulated twin is never compared. What is published is in resources/published.csv; resources/README.md says how far it
can be trusted.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pickbench.errors import InputError
from pickbench.metrics.registry import METRICS
from pickbench.tables.formats import EN_DASH, MINUS, Matrix, Page, columns_of_text, row_of_text, write_page

NAME = "published"
PUBLISHED_COLUMNS = ["dataset", "model", "metric", "phase", "value", "reading_error", "trust", "source"]
COLUMNS = [
    *PUBLISHED_COLUMNS[:4], "ours", "ci_low", "ci_high", "n", "published", "reading_error", "difference", "trust",
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


def read_published(path: str | Path) -> pd.DataFrame:
    """Read published figures.

    Raises
    ------
    InputError
        When it is no such table, or names an unknown metric or degree of trust.
    """
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values={"value": [""], "reading_error": [""]})
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a table of published figures: {error}") from None
    if list(table.columns) != PUBLISHED_COLUMNS:
        raise InputError(f"{path}: columns {', '.join(table.columns)}, expected {', '.join(PUBLISHED_COLUMNS)}")
    for column, known in (("metric", METRICS), ("trust", TRUST)):
        unknown = table.loc[~table[column].isin(list(known)), column]
        if len(unknown):
            raise InputError(f"{path}: {column} is {unknown.iloc[0]!r}, expected one of {', '.join(known)}")
    return table


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
    key = ["dataset", "model", "metric", "phase"]
    ours = ours.rename(columns={"target": "dataset", "value": "ours"}).dropna(subset="ours")
    ours = ours.groupby(key, as_index=False)[["ours", "ci_low", "ci_high", "n"]].mean().astype({"n": int})
    table = published.rename(columns={"value": "published"}).merge(ours, on=key, how="inner")
    table["difference"] = table["ours"] - table["published"]
    return table[COLUMNS]


def write_published(
    metrics: pd.DataFrame,
    published: str | Path,
    models: Mapping[str, Mapping],
    datasets: Mapping[str, Mapping],
    stem: Path,
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
    """
    table = published_table(metrics, read_published(published), datasets)
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
